"""Two stores, a real daemon: copies are made, read back, found damaged, and each store fails by itself."""

from __future__ import annotations

import json
import os
from contextlib import closing
from pathlib import Path

import pytest

from line import Line
from mcsyncd.model.evolve import apply_event
from mcsyncd.model.store_events import ReadBackWanted
from mcsyncd.model.store_jobs import list_published_keys
from mcsyncd.store.audit import read_recorded_sessions
from mcsyncd.store.ledger import Ledger

TWO = "[{kind: local, path: var/bucket}, {kind: local, name: nas, path: var/nas}]\nmin_copies: 2"


def copies(line: Line) -> dict[str, dict]:
    return {one["store"]: one for one in line.session()["copies"]}


def list_files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "store.json" and "db" not in path.parts
    }


def want_read_back(line: Line, store: str) -> None:
    """As if all that the newest session has in a store was read back long ago."""
    session = read_recorded_sessions(line.home / "var" / "state" / "ledger.db")[-1]
    event = ReadBackWanted(session.opened_at, list_published_keys(session), store)
    with closing(Ledger(line.home / "var" / "state", "test")) as ledger:
        ledger.record(apply_event(session, event), [event])


@pytest.fixture(scope="module")
def published_line(tmp_path_factory, shoot):
    """A session that was published while the second store was not there."""
    line = Line(tmp_path_factory.mktemp("stores"), {"storage": TWO}, forked=True).start()
    (line.home / "var" / "nas").rename(line.home / "unmounted")
    line.drop_in(shoot.files)
    reviewed = line.wait_for("in_review")
    line.ask("approve", reviewed["id"], "--revision", str(reviewed["revision"]))
    line.wait_for("published", patience_s=120)
    yield line
    line.stop()


def test_a_store_that_is_not_there_keeps_nothing_from_being_published(published_line):
    line = published_line
    assert line.session()["progress"] is None, "it is ready, whatever its stores still lack"
    line.wait(lambda: copies(line)["local"]["state"] == "safe", "the main store was read back")
    assert not line.session()["is_safe"], "one copy of two"
    assert copies(line)["nas"]["state"] == "behind"
    (store,) = line.status()["further_stores"]
    assert (store["name"], store["uploads"]) == ("nas", "refused")
    assert "no identity" in store["health"]
    (alert,) = line.status()["alerts"]
    assert alert["message"].startswith("copies to nas wait: ")

    (line.home / "unmounted").rename(line.home / "var" / "nas")
    line.ask("storage", "resume")
    line.wait(lambda: line.session()["is_safe"], "both stores were read back")
    assert list_files(line.home / "var" / "nas") == list_files(line.home / "var" / "bucket")
    assert "all as recorded" in line.ask("verify", "store").stdout
    assert "Safe: read back from local, nas" in line.ask("show", line.session()["id"]).stdout


def test_damage_in_one_store_is_found_said_and_mended(published_line):
    line = published_line
    line.wait(lambda: line.session()["is_safe"], "both stores were read back")
    line.stop()
    proxy = next((line.home / "var/nas/v1/proxy").rglob("*.mp4"))
    proxy.chmod(0o600)
    proxy.write_bytes(os.urandom(proxy.stat().st_size))
    want_read_back(line, "nas")
    line.start()
    line.wait(lambda: copies(line)["nas"]["state"] == "damaged", "the damage is found")
    assert not line.session()["is_safe"]
    (alert,) = [one for one in line.status()["alerts"] if one["code"] == "object_damaged"]
    label = {"cam_a": "Cam A", "cam_b": "Cam B", "cam_c": "Cam C"}[proxy.parents[2].name]
    assert f"({label}), proxy: " in alert["message"]
    assert alert["hint"] == "mcsyncd storage repair --store nas"
    assert "sent again" in line.ask(*alert["hint"].split()[1:], "--deep").stdout
    line.stop()
    want_read_back(line, "nas")
    line.start()
    line.wait(lambda: line.session()["is_safe"], "it is right again")
    assert not [one for one in line.status()["alerts"] if one["code"] == "object_damaged"]


def test_a_store_that_is_named_again_learns_what_was_rejected_meanwhile(published_line):
    line = published_line
    session = line.session()["id"]

    def read_state(store: str) -> str:
        return json.loads((line.home / "var" / store / "head" / f"{session}.json").read_text())["state"]

    line.stop()
    line.configure(storage="{kind: local, path: var/bucket}")
    line.start()
    line.wait(lambda: len(line.session()["copies"]) == 1, "nas is not its store any more")
    line.ask("reopen", session, "--reason", "cam_b is late")
    line.ask("reject", session, "--reason", "the wrong shoot")
    line.wait(lambda: read_state("bucket") == "withdrawn", "readers of the main store are told")
    assert read_state("nas") == "current"
    line.stop()
    line.configure(storage=TWO)
    line.start()
    line.wait(lambda: read_state("nas") == "withdrawn", "readers of the other are told, too")
