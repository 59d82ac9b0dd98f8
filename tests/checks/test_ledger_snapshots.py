"""Snapshots of the ledger in the store: equal to the copy, counted, and the way back from one."""

from __future__ import annotations

import gzip
import hashlib
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from checks.stored_session import SESSION, store_session
from hypothesis import given
from hypothesis import strategies as st
from store.test_ledger import record_session

from line import CONFIG, ROOT
from mcsyncd.checks.ledger_snapshots import publish_snapshot, restore_newest_snapshot
from mcsyncd.errors import McsyncError, StoreOffline, UsageError
from mcsyncd.publish.comparison import compare_store
from mcsyncd.publish.keys import build_snapshot_key, is_valid_key, parse_snapshot_key, slugify_host
from mcsyncd.publish.local import LocalStore
from mcsyncd.publish.snapshots import list_snapshots
from mcsyncd.settings.load import load_settings
from mcsyncd.settings.schema import Settings
from mcsyncd.store.audit import audit_ledger
from mcsyncd.store.backup import back_up_daily
from mcsyncd.store.ledger import Ledger

MONDAY = 1_700_000_000


@pytest.fixture
def store(tmp_path) -> LocalStore:
    return LocalStore(tmp_path / "bucket")


@pytest.fixture
def copy(tmp_path) -> Path:
    """A daily copy of the ledger of a machine that is gone."""
    with Ledger(tmp_path / "gone", "1.0") as ledger:
        record_session(ledger, SESSION)
        return back_up_daily(ledger.path, tmp_path / "copies", 3, "20261201")


@pytest.fixture
def settings(tmp_path) -> Settings:
    """The settings of a machine without anything else."""
    options = {"work": "w", "socket": "s", "quiet": "1s", "conform": "confident", "users": "kim"}
    text = CONFIG.format(**options, profiles=ROOT / "profiles", storage="{kind: local, path: bucket}")
    (tmp_path / "config.yaml").write_text(text)
    return load_settings(tmp_path / "config.yaml")


def publish_at(copy: Path, store: LocalStore, host: str, day: int, keep: int = 9) -> str:
    os.utime(copy, (MONDAY + day * 86400,) * 2)
    return publish_snapshot(copy, store, host, keep)


def read_rows(ledger: Path) -> dict[str, list]:
    with closing(sqlite3.connect(ledger)) as db:
        tables = [
            name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
        ]
        return {name: db.execute(f"SELECT * FROM {name}").fetchall() for name in tables}


def test_a_snapshot_is_the_copy_as_any_machine_can_unpack_it(copy, store, tmp_path):
    key = publish_at(copy, store, "ingest-1", 0)
    assert key.startswith("v1/db/ingest-1/20231114-221320-")
    assert gzip.decompress((tmp_path / "bucket" / key).read_bytes()) == copy.read_bytes()
    assert sorted(path.name for path in copy.parent.iterdir()) == [copy.name]


def test_the_same_copy_is_sent_once(copy, store):
    first = publish_at(copy, store, "ingest-1", 0)
    assert publish_at(copy, store, "ingest-1", 0) == first
    assert [one.key for one in list_snapshots(store)] == [first]


def test_the_newest_of_each_machine_are_kept(copy, store):
    other = publish_at(copy, store, "ingest-2", 0)
    made = [publish_at(copy, store, "ingest-1", day, keep=2) for day in range(4)]
    assert [one.key for one in list_snapshots(store, "ingest-1")] == made[2:]
    ahead = publish_at(copy, store, "ingest-1", 9999, keep=2)
    late = publish_at(copy, store, "ingest-1", 4, keep=1)
    assert {one.key for one in list_snapshots(store)} == {other, ahead, late}, (
        "a wrong clock pushes nothing out"
    )


def test_a_store_that_fails_leaves_nothing_beside_the_copy(copy, tmp_path):
    class LostStore(LocalStore):
        def put_file(self, *_: object, **__: object) -> None:
            raise StoreOffline("no answer", "")

    with pytest.raises(StoreOffline):
        publish_snapshot(copy, LostStore(tmp_path), "a", 1)
    assert list(copy.parent.iterdir()) == [copy]


def test_a_snapshot_is_not_foreign_in_the_store_but_rubbish_beside_it_is(copy, store):
    key = publish_at(copy, store, "ingest-1", 0)
    store.put_document("v1/db/ingest-1/notes.txt", b"x")
    found = compare_store({}, store.list_objects(), heads=frozenset(), whole=True)
    assert [(one.kind, one.key) for one in found] == [("foreign", "v1/db/ingest-1/notes.txt")]
    assert parse_snapshot_key(key) is not None


@given(name=st.text(max_size=300))
def test_any_name_of_a_machine_gives_a_key(name):
    key = build_snapshot_key(slugify_host(name), "20261201-093000", "ab" * 32)
    assert is_valid_key(key)
    found = parse_snapshot_key(key)
    assert (found.host, found.made_at, found.sha16) == (slugify_host(name), "20261201-093000", "ab" * 8)


def test_the_newest_snapshot_becomes_the_ledger(copy, store, settings, tmp_path):
    publish_at(copy, store, "ingest-1", 0)
    with Ledger(tmp_path / "gone", "1.0") as ledger:
        record_session(ledger, "20261124-091502-aaa")
        newer = back_up_daily(ledger.path, tmp_path / "copies", 3, "20261202")
    key = publish_at(newer, store, "ingest-1", 1)
    report = restore_newest_snapshot(settings, store, None)
    assert (report.key, report.sessions, report.hosts, report.newer) == (key, 2, ("ingest-1",), ())
    ledger = settings.paths.state / "ledger.db"
    assert audit_ledger(ledger) == audit_ledger(newer)
    assert read_rows(ledger) == read_rows(newer)
    assert sorted(path.name for path in ledger.parent.iterdir()) == ["daemon.lock", "ledger.db"]
    assert ledger.stat().st_mode & 0o777 == 0o600
    with pytest.raises(UsageError, match="is there and is not replaced"):
        restore_newest_snapshot(settings, store, None)


def test_of_several_machines_the_newest_is_taken_unless_one_is_named(copy, store, settings):
    wanted, newest = publish_at(copy, store, "b", 0), publish_at(copy, store, "a", 1)
    assert restore_newest_snapshot(settings, store, None).key == newest
    (settings.paths.state / "ledger.db").unlink()
    report = restore_newest_snapshot(settings, store, "b")
    assert (report.key, report.hosts) == (wanted, ("a", "b"))
    (settings.paths.state / "ledger.db").unlink()
    with pytest.raises(UsageError, match="no snapshot of c; there are some of a, b"):
        restore_newest_snapshot(settings, store, "c")


@pytest.mark.parametrize("damage", ["other bytes", "cut", "no gzip", "no ledger", "chain"])
def test_a_damaged_snapshot_is_skipped_and_said(copy, store, settings, tmp_path, damage):
    older = publish_at(copy, store, "a", 0)
    if damage in {"other bytes", "cut"}:
        path = tmp_path / "bucket" / publish_at(copy, store, "a", 1)
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.chmod(0o600)
        path.write_bytes(data if damage == "other bytes" else data[: len(data) // 2])
    elif damage == "chain":
        with closing(sqlite3.connect(copy)) as db:
            db.execute("DROP TRIGGER event_is_never_changed")
            db.execute("UPDATE event SET body = replace(body, '2026-', '2025-') WHERE seq = 1")
            db.commit()
        publish_at(copy, store, "a", 1)
    else:
        packed = b"no gzip" if damage == "no gzip" else gzip.compress(b"no ledger" * 999)
        sha256 = hashlib.sha256(packed).hexdigest()
        store.put_document(build_snapshot_key("a", "20991231-000000", sha256), packed)
    report = restore_newest_snapshot(settings, store, None)
    assert report.key == older
    assert len(report.skipped) == 1
    assert audit_ledger(settings.paths.state / "ledger.db").faults == ()


def test_without_a_whole_snapshot_nothing_is_put_in_place(store, settings):
    with pytest.raises(UsageError, match="the store has no snapshot"):
        restore_newest_snapshot(settings, store, None)
    store.put_document(build_snapshot_key("a", "20991231-000000", "ab" * 32), b"x")
    with pytest.raises(McsyncError, match="no snapshot is whole"):
        restore_newest_snapshot(settings, store, None)
    assert [path.name for path in settings.paths.state.iterdir()] == ["daemon.lock"]


def test_sessions_that_are_newer_than_the_snapshot_are_named(copy, store, settings, tmp_path):
    publish_at(copy, store, "a", 0)
    store_session(store, tmp_path, {"A1.MOV": b"1"})
    ((session, sentence),) = restore_newest_snapshot(settings, store, None).newer
    assert (session, "the store has revision 1" in sentence) == (SESSION, True)
