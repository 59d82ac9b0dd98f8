"""Restoring from a bucket: ranges over a line that breaks, and the ledger's snapshots."""

from __future__ import annotations

import os

import pytest
from checks.stored_session import SESSION, store_session
from store.test_ledger import record_session

from mcsyncd.checks import session_restore
from mcsyncd.checks.ledger_snapshots import publish_snapshot
from mcsyncd.checks.restore_plan import plan_restore
from mcsyncd.checks.session_restore import restore_files
from mcsyncd.publish.keys import build_head_key
from mcsyncd.publish.published_manifest import read_published_manifest
from mcsyncd.publish.r2 import R2Store
from mcsyncd.publish.snapshots import list_snapshots
from mcsyncd.store.backup import back_up_daily
from mcsyncd.store.ledger import Ledger
from r2strict.bucket import ACCESS
from r2strict.faults import LoseAnswer, RefuseCall

MIB = 1 << 20
CONTENT = os.urandom(3 * MIB + 5)


@pytest.fixture
def store(bucket, tmp_path) -> R2Store:
    made = R2Store(bucket, ACCESS)
    for left in (build_head_key(SESSION), *(one.key for one in list_snapshots(made))):
        made.remove_object(left)
    store_session(made, tmp_path, {"A1.MOV": CONTENT, "A2.MOV": b"2"})
    return made


@pytest.mark.parametrize("strict", ["plain", "secure"], indirect=True)
def test_a_session_is_read_in_ranges_over_a_line_that_breaks(store, faults, tmp_path, monkeypatch):
    monkeypatch.setattr(session_restore, "_RANGE_BYTES", MIB)
    monkeypatch.setattr(session_restore, "_WAITS_S", (0.01, 0.01, 0.01))
    files = plan_restore(read_published_manifest(store, SESSION, None).document).files
    faults.inject(RefuseCall(503, "SlowDown"), operations=["GetObject"], calls=6)
    faults.inject(LoseAnswer(), operations=["HeadObject"], calls=1)
    outcomes = list(restore_files(store, files, tmp_path / "into", lambda *_: None))
    assert [one.state for one in outcomes] == ["restored", "restored"], outcomes
    assert (tmp_path / "into/original/cam_a/A1.MOV").read_bytes() == CONTENT


def test_a_bucket_that_stays_away_stops_the_run_and_the_next_goes_on(store, strict, tmp_path, monkeypatch):
    monkeypatch.setattr(session_restore, "_RANGE_BYTES", MIB)
    monkeypatch.setattr(session_restore, "_WAITS_S", (0.01,))
    files = plan_restore(read_published_manifest(store, SESSION, None).document).files

    def lose(_path: str, done: int, _size: int) -> None:
        if done == MIB:
            strict.store.go_away()

    into = tmp_path / "into"
    try:
        outcomes = list(restore_files(store, files, into, lose))
    finally:
        strict.store.come_back()
    assert [one.state for one in outcomes] == ["failed", "skipped"]
    (part,) = into.rglob("*.part")
    assert part.stat().st_size >= MIB
    assert all(one.is_right for one in restore_files(store, files, into, lambda *_: None))
    assert (into / "original/cam_a/A1.MOV").read_bytes() == CONTENT


def test_the_ledgers_snapshots_are_sent_once_and_counted(store, strict, tmp_path):
    with Ledger(tmp_path / "state", "1.0") as ledger:
        record_session(ledger, SESSION)
        copy = back_up_daily(ledger.path, tmp_path / "copies", 3, "20261201")
    made = []
    for day in range(3):
        os.utime(copy, (1_700_000_000 + day * 86400,) * 2)
        made.append(publish_snapshot(copy, store, "ingest-1", 2))
    assert [one.key for one in list_snapshots(store)] == made[1:]
    before = strict.store.tally.read()
    assert publish_snapshot(copy, store, "ingest-1", 2) == made[2]
    after = strict.store.tally.read()
    assert after.body_bytes == before.body_bytes
    assert after.by_class.total() - before.by_class.total() == 2, "a look at the object, and the list"
