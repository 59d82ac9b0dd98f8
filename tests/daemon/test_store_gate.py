"""The gate before the store: closed while it fails, one question at a time, and nothing in the chain."""

from __future__ import annotations

import json

import pytest

from line import Line
from mcsyncd.daemon.store_gate import StoreFailure, StoreGate
from mcsyncd.daemon.worker_pool import classify_failure
from mcsyncd.errors import StorageError, StoreOffline, StoreRefused
from mcsyncd.model.facts import JobFailed
from mcsyncd.model.jobs import Upload
from mcsyncd.model.publishing import PlannedObject

AWAY = StoreFailure("a", "the store cannot be reached", "check the network", passing=True)
REFUSED = StoreFailure("a", "no such bucket", "check storage.bucket", passing=False)


class Stopwatch:
    now = 5000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def gate(tmp_path, clock) -> StoreGate:
    return StoreGate(tmp_path / "gate.json", is_folder=False, clock=clock)


def wait_for(gate: StoreGate, clock: Stopwatch) -> float:
    """Let time pass until the gate is open, and return how much of it."""
    began = clock.now
    while not gate.is_open:
        clock.now += 0.5
    return clock.now - began


def test_it_waits_longer_each_time_up_to_a_bound(gate, clock):
    waits = []
    for _ in range(10):
        gate.note_failure(AWAY)
        assert not gate.is_open
        waits.append(wait_for(gate, clock))
    assert 8 <= waits[0] <= 12.5
    assert waits[4] > 4 * waits[0]
    assert all(240 <= wait_s <= 300.5 for wait_s in waits[5:])


def test_a_folder_is_tried_again_within_a_minute(tmp_path, clock):
    gate = StoreGate(tmp_path / "gate.json", is_folder=True, clock=clock)
    for _ in range(8):
        gate.note_failure(AWAY)
        assert wait_for(gate, clock) <= 46


def test_what_failed_beside_it_counts_once(gate, clock):
    gate.note_failure(AWAY)
    clock.now += 1
    gate.note_failure(AWAY)
    assert gate.trouble.failures == 1
    wait_for(gate, clock)
    gate.note_failure(REFUSED)
    assert gate.trouble.failures == 2
    assert gate.state == "refused"
    gate.note_success()
    assert (gate.state, gate.trouble, gate.next_try_at) == ("open", None, None)


def test_after_trouble_one_asks_first(gate, clock):
    assert not gate.allows_one
    gate.note_failure(AWAY)
    wait_for(gate, clock)
    assert gate.allows_one
    gate.note_success()
    assert not gate.allows_one


def test_a_restart_keeps_a_pause_and_since_when_and_asks_at_once(gate, clock, tmp_path):
    gate.note_failure(AWAY)
    since = gate.trouble.since
    again = StoreGate(tmp_path / "gate.json", is_folder=False, clock=clock)
    assert again.is_open
    assert again.trouble.since == since
    again.pause("okafor")
    third = StoreGate(tmp_path / "gate.json", is_folder=False, clock=clock)
    assert third.state == "paused"
    assert third.paused[0] == "okafor"
    assert not third.is_open
    third.resume("ruiz")
    assert third.is_open
    assert third.state == "unreachable", "resumed, and still not known to work"


@pytest.mark.parametrize("content", [b"", b"{", b'{"trouble": 7}', b"\xff"])
def test_a_damaged_file_is_no_reason_to_stop(tmp_path, clock, content):
    (tmp_path / "gate.json").write_bytes(content)
    assert StoreGate(tmp_path / "gate.json", is_folder=False, clock=clock).is_open


def test_what_is_about_one_object_is_no_matter_of_the_store():
    job = Upload("s", PlannedObject("v1/orig/s/a/x.mov", "original", "x", 1, "0" * 64, "a/x.mov"))
    about_object = classify_failure(job, StorageError("holds another object", "compare"))
    assert isinstance(about_object, JobFailed)
    assert about_object.failure_kind == "final"
    away, refused = (classify_failure(job, kind("m", "h")) for kind in (StoreOffline, StoreRefused))
    assert (away.passing, refused.passing) == (True, False)


def test_a_store_that_is_away_is_said_once_and_costs_the_chain_nothing(line: Line, shoot):
    line.start()
    line.drop_in(shoot.files)
    reviewed = line.wait_for("in_review")
    bucket = line.home / "var" / "bucket"
    away = bucket.rename(bucket.with_name("away"))
    bucket.write_text("not a folder")
    line.ask("approve", reviewed["id"], "--revision", str(reviewed["revision"]))
    held = line.wait(lambda: line.session()["error"] and line.session(), "the trouble is shown")
    assert held["state"] == "publishing"
    assert held["approved_by"]
    assert str(bucket) in held["error"]["message"]
    assert held["error"]["retry_at"]
    status = line.json("status")
    (alert,) = [one for one in status["alerts"] if one["code"].startswith("store_")]
    assert alert["since"]
    assert alert["retry_at"]
    assert status["storage"]["uploads"] in ("unreachable", "refused")
    assert "next try" in line.ask("status").stdout
    kinds = [json.loads(one)["kind"] for one in line.ask("log", "--json").stdout.splitlines()]
    assert "job_postponed" not in kinds
    bucket.unlink()
    away.rename(bucket)
    line.ask("retry", reviewed["id"], check=False)  # nothing to do, if the daemon was earlier
    line.wait_for("published")
    assert line.json("status")["storage"]["uploads"] == "open"


def test_uploads_are_paused_over_a_restart_until_somebody_resumes(line: Line, shoot):
    line.start()
    assert "paused" in line.ask("storage", "pause").stdout
    line.drop_in(shoot.files)
    reviewed = line.wait_for("in_review")
    line.ask("approve", reviewed["id"], "--revision", str(reviewed["revision"]))
    line.wait(lambda: line.session()["error"], "it waits")
    line.stop()
    line.start()
    held = line.session()
    assert held["state"] == "publishing"
    assert "paused" in held["error"]["message"]
    stored = [path.name for path in (line.home / "var/bucket").rglob("*") if path.is_file()]
    assert stored == ["store.json"], "nothing but the store's identity"
    line.ask("storage", "resume")
    line.wait_for("published")
