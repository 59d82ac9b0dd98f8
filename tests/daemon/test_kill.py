"""kill -9 anywhere: the restart goes on where it was, through the same path."""

from __future__ import annotations

import json
import random
import time

import pytest


@pytest.fixture
def line(cold_line):
    """These tests are about the processes themselves."""
    return cold_line


def test_killed_again_and_again_a_shoot_arrives_once(line, shoot):
    chance = random.Random(1)
    line.start()
    line.drop_in(shoot.files)
    for _ in range(4):
        time.sleep(chance.uniform(0.2, 2.5))
        line.kill()
        line.start()
        approve(line)
    line.wait(lambda: approve(line) or line.session()["state"] == "published", "it is published", 120)
    assert len(line.sessions()) == 1
    log = [json.loads(text) for text in line.ask("log", "--json").stdout.splitlines()]
    once = {"session_sealed", "clips_offloaded", "session_aligned", "session_approved", "session_published"}
    kinds = [entry["kind"] for entry in log]
    assert {kind: kinds.count(kind) for kind in once} == dict.fromkeys(once, 1)
    jobs = [entry["body"]["job"] for entry in log if entry["kind"] == "clip_conformed"]
    assert len(jobs) == len(set(jobs)) == 3
    for what in ("log", "media", "store"):
        assert line.json("verify", what)["faults"] == []
    bucket = line.home / "var" / "bucket"
    assert not [path for path in bucket.rglob("*") if ".part" in path.name]
    assert len(list((bucket / "v1" / "manifest").rglob("*.json"))) == 1


def approve(line) -> None:
    sessions = line.sessions()
    if sessions and sessions[0]["state"] == "in_review":
        line.ask("approve", sessions[0]["id"], "--revision", str(sessions[0]["revision"]), check=False)


def test_no_worker_outlives_a_killed_daemon(line, shoot):
    line.start()
    line.drop_in(shoot.files)
    pids = line.wait(lambda: [one["pid"] for one in line.status()["workers"] if one["pid"]], "a job runs")
    line.kill()

    def gone():
        return not any(alive(pid) for pid in pids)

    line.wait(gone, "the workers are gone", 5)


def alive(pid: int) -> bool:
    from pathlib import Path  # noqa: PLC0415  # only here

    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_sigterm_drains_and_says_so(line, shoot):
    line.start()
    line.drop_in(shoot.files)
    line.wait(lambda: line.status()["workers"], "a job runs")
    began = time.monotonic()
    assert line.stop() == 0
    assert time.monotonic() - began < 40
    assert "draining" in line.log
    assert not (line.home / "var" / "api.sock").exists()
    line.start()
    line.wait_for("in_review")
