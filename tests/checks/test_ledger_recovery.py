"""A ledger that is lost, too old or damaged: the daemon stops and says so, and each way out leads back."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from line import Line
from mcsyncd.store.backup import back_up_daily
from mcsyncd.store.damage import find_set_aside_ledgers


@pytest.fixture
def line(shot, tmp_path):
    """A copy of that daemon, not started."""
    home = tmp_path / "home"
    shutil.copytree(shot[0], home)
    made = Line(home, forked=True)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.stop()


def ledger(line) -> Path:
    return line.home / "var/state/ledger.db"


def fail_to_start(line) -> str:
    """Return what a daemon says that does not start."""
    told = line.ask("run", check=False)
    assert told.returncode == 1
    assert "Traceback" not in told.stderr
    for way in ("mcsyncd ledger restore", "mcsyncd ledger rebuild"):
        assert way in told.stderr
    return told.stderr


def list_bucket(line) -> dict[str, int]:
    files = (line.home / "var/bucket").rglob("*")
    return {str(path): path.stat().st_mtime_ns for path in files if path.is_file()}


@pytest.mark.parametrize("loss", ["deleted", "emptied"])
def test_a_lost_ledger_stops_the_start_while_there_are_sessions(line, shot, loss):
    if loss == "deleted":
        ledger(line).unlink()
    else:
        ledger(line).write_bytes(b"")
    said = fail_to_start(line)
    assert "is empty or missing" in said
    assert shot[1]["id"] in said
    assert "mcsyncd ledger accept" in said
    assert not ledger(line).exists() or ledger(line).read_bytes() == b""


def test_a_lost_ledger_is_noticed_by_the_store_alone(line, shot):
    ledger(line).unlink()
    shutil.rmtree(line.work / "sessions")
    assert f"the store has {shot[1]['id']}" in fail_to_start(line)


def test_an_old_copy_stops_the_start_until_a_person_accepts_it(line, shot):
    shutil.copy(line.home / "old.db", ledger(line))
    said = fail_to_start(line)
    assert "is older than what was made with it" in said
    assert shot[1]["id"] in said
    accepted = line.ask("ledger", "accept", "--reason", "the newer one burnt")
    assert "accepted:" in accepted.stdout
    for _ in range(2):  # for good, not for one start
        line.start()
        assert line.session()["state"] == "in_review"
        line.stop()
    line.start()
    log = [json.loads(text) for text in line.ask("log", "--json").stdout.splitlines()]
    (kept,) = [entry for entry in log if entry["kind"] == "ledger_accepted"]
    assert kept["body"]["reason"] == "the newer one burnt"
    assert kept["body"]["by"]["name"]
    again = line.ask("ledger", "accept", "--reason", "once more", check=False)
    assert again.returncode == 2


def test_an_old_copy_is_noticed_by_the_store_alone(line):
    """Without the work folder's copies: the manifest in the store carries a later head."""
    shutil.copy(line.home / "old.db", ledger(line))
    for folder in (line.work / "sessions").glob("*/manifest"):
        shutil.rmtree(folder)
    assert "is older than what was made with it" in fail_to_start(line)


def test_a_rebuilt_ledger_has_the_published_session_and_publishes_nothing_twice(line, shot):
    before, bucket = shot[1], list_bucket(line)
    ledger(line).unlink()
    told = line.ask("ledger", "rebuild")
    assert f"{before['id']}  published" in told.stdout
    with closing(sqlite3.connect(ledger(line))) as db:
        versions = {version for (version,) in db.execute("SELECT DISTINCT tool_version FROM event")}
        approved = db.execute("SELECT approved_by, approved_at FROM forensics").fetchall()
    assert len(versions) == 1
    assert versions.pop().endswith(" rebuilt")
    assert approved == [(before["approved_by"], before["approved_at"])]
    for what in ("log", "store", "media"):
        assert line.json("verify", what)["faults"] == []
    line.start()
    after = line.session()
    for field in ("state", "revision", "offsets_ms", "drift_ppm", "sync_confidence", "approved_by", "rate"):
        assert after[field] == before[field], field
    assert after["manifest_key"] == before["manifest_key"]
    line.stop()
    assert list_bucket(line) == bucket
    refused = line.ask("ledger", "rebuild", check=False)
    assert refused.returncode == 2
    assert "is not replaced" in refused.stderr


def test_a_session_of_a_rebuilt_ledger_can_be_reviewed_and_published_again(line, shot):
    session = shot[1]["id"]
    originals = {key for key in list_bucket(line) if "/orig/" in key}
    ledger(line).unlink()
    line.ask("ledger", "rebuild")
    line.start()
    line.ask("reopen", session, "--revision", "1", "--reason", "look again")
    line.ask("approve", session, "--revision", "2")  # before its clips are probed again
    published = line.wait_for("published")
    assert published["revision"] == 2
    manifest = json.loads(line.ask("manifest", session).stdout)
    clips = [clip for camera in manifest["cameras"] for clip in camera["clips"]]
    assert len(clips) == 3
    assert all(clip["mezzanine"] and clip["proxy"] and clip["peaks"] for clip in clips)
    assert {key for key in list_bucket(line) if "/orig/" in key} == originals
    assert line.json("verify", "store")["faults"] == []


def test_a_session_that_was_never_published_begins_again_from_its_originals(line, shot):
    """A copy of a manifest that the store does not have was kept before it was published.

    What belongs to a clip is told by its name, as at the intake: a proxy is no take.
    """
    ledger(line).unlink()
    (clip,) = shot[1]["cameras"]["cam_b"]["clips"]
    original = line.work / "sessions" / shot[1]["id"] / "original" / "cam_b" / clip["name"]
    (original.parent / "Proxy").mkdir()
    shutil.copy(original, original.parent / "Proxy" / original.name)
    for folder in ("head", "v1/manifest"):
        shutil.rmtree(line.home / "var/bucket" / folder)
    told = line.ask("ledger", "rebuild")
    assert f"{shot[1]['id']}  begins again" in told.stdout
    line.start()
    after = line.wait_for("in_review")
    assert after["id"] == shot[1]["id"]
    assert after["offsets_ms"] == shot[1]["offsets_ms"]
    assert after["approved_by"] is None
    (again,) = after["cameras"]["cam_b"]["clips"]
    assert (again["name"], again["attached"]) == (clip["name"], [f"Proxy/{original.name}"])


def test_a_damaged_ledger_is_restored_from_its_newest_copy(line, shot):
    made = back_up_daily(ledger(line), line.home / "var/state/backups", 7, "20991231")
    data = bytearray(ledger(line).read_bytes())
    data[4096 * 3 : 4096 * 4] = bytes(4096)
    ledger(line).write_bytes(data)
    assert "is damaged" in fail_to_start(line)
    assert "a damaged ledger was set aside" in fail_to_start(line)
    told = line.ask("ledger", "restore")
    assert str(made) in told.stdout
    line.start()
    assert line.session() == shot[1]
    assert line.json("verify", "log")["faults"] == []
    (kept,) = find_set_aside_ledgers(ledger(line))
    assert kept.read_bytes() == data


def test_a_running_daemon_keeps_its_ledger(line):
    line.start()
    for command in (["rebuild"], ["restore", str(line.home / "old.db")]):
        told = line.ask("ledger", *command, check=False)
        assert told.returncode == 1, command
        assert "another daemon" in told.stderr
