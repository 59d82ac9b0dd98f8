"""A daemon without a store of its own: the publisher asks it, and may be away."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from line import Line
from mcsyncd.settings.load import load_settings


def start_publisher(line: Line) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "mcsyncd", "--config", str(line.config), "publisher"]
    with (line.home / "publisher.log").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, env=os.environ)


def test_a_session_waits_for_the_publisher_and_goes_on_by_itself(line, shoot):
    line.configure(storage="{kind: local, path: var/bucket}\nuploads: {publisher: var/publish.sock}")
    line.start()
    line.drop_in(shoot.files)
    reviewed = line.wait_for("in_review")
    line.ask("approve", reviewed["id"], "--revision", str(reviewed["revision"]))
    held = line.wait(lambda: line.session()["error"] and line.session(), "the trouble is shown")
    assert held["state"] == "publishing"
    assert held["error"]["retryable"] is True
    assert "mcsyncd-publish does not answer" in held["error"]["message"]
    status = line.status()
    assert [alert["code"] for alert in status["alerts"]] == ["publisher_silent"], "said once"
    assert "systemctl status mcsyncd-publish" in status["alerts"][0]["hint"]
    assert status["publisher"] == status["alerts"][0]["message"]
    publisher = start_publisher(line)
    try:
        line.wait_for("published")
        line.wait(lambda: line.status()["publisher"] == "ok", "the status says so")
        line.wait(lambda: line.session()["copies"][0]["state"] == "safe", "all of it was read back")
        assert line.status()["alerts"] == []
        told = json.loads(line.ask("doctor", "--json", check=False).stdout)
        checks = {one["name"]: one for one in (told if isinstance(told, list) else told["checks"])}
        assert checks["publisher"]["status"] == "ok"
    finally:
        publisher.kill()
        publisher.wait(20)
    manifests = list((load_settings(line.config).storage.path / "v1" / "manifest").rglob("*.json"))
    assert len(manifests) == 1, "nothing was published twice"
    assert line.json("verify", "store")["faults"] == []
