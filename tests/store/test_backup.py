"""Copies of the ledger: whole, counted, made before a migration, and proven by the way back."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from sqlite_utils import Database
from store.test_ledger import record_session

from mcsyncd.errors import LedgerUnavailable, McsyncError
from mcsyncd.store.audit import audit_ledger
from mcsyncd.store.backup import back_up_daily, list_daily_backups, restore_backup
from mcsyncd.store.damage import find_set_aside_ledgers
from mcsyncd.store.ledger import Ledger
from mcsyncd.store.migrations import ledger_migrations

SESSION = "20261123-091502-k7q"


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state"


def test_a_copy_of_each_day_is_kept_and_the_oldest_go(state, tmp_path):
    folder = tmp_path / "copies"
    with Ledger(state, "1.0") as ledger:
        record_session(ledger, SESSION)
        for day in range(1, 6):
            assert back_up_daily(ledger.path, folder, 3, f"2026120{day}") is not None
        assert back_up_daily(ledger.path, folder, 3, "20261205") is None, "one a day"
    found = list_daily_backups(folder)
    assert [copy.name for copy in found] == [f"ledger-2026120{day}.db" for day in (3, 4, 5)]
    assert sorted(folder.iterdir()) == sorted(found)
    for copy in found:
        assert copy.stat().st_mode & 0o777 == 0o600
        assert audit_ledger(copy).faults == ()
        assert audit_ledger(copy).head == audit_ledger(state / "ledger.db").head


def test_a_copy_has_what_is_only_in_the_wal_yet_and_is_one_file(state, tmp_path):
    with Ledger(state, "1.0") as ledger:
        record_session(ledger, SESSION)
        assert (state / "ledger.db-wal").stat().st_size
        copy = back_up_daily(ledger.path, tmp_path, 3, "20261201")
        expected = len(ledger.read_entries())
    assert audit_ledger(copy).events == expected
    assert not list(tmp_path.glob("*-wal"))


def test_a_copy_that_was_killed_leaves_nothing_behind_once_the_next_is_made(state, tmp_path):
    folder = tmp_path / "copies"
    folder.mkdir()
    for name in ("ledger-20261130.db.part", "ledger-20261130.db.part-journal"):
        (folder / name).write_bytes(b"half")
    with Ledger(state, "1.0") as ledger:
        record_session(ledger, SESSION)
        copy = back_up_daily(ledger.path, folder, 3, "20261201")
    assert list(folder.iterdir()) == [copy]


def test_copies_that_a_wrong_clock_dated_ahead_do_not_push_out_those_of_today(state, tmp_path):
    with Ledger(state, "1.0") as ledger:
        record_session(ledger, SESSION)
        for day in ("20991230", "20991231", "20261201"):
            back_up_daily(ledger.path, tmp_path, 2, day)
        assert back_up_daily(ledger.path, tmp_path, 2, "20261201") is None, "it is there"


def test_a_copy_that_cannot_be_made_leaves_the_older_ones(state, tmp_path):
    folder = tmp_path / "copies"
    with Ledger(state, "1.0") as ledger:
        record_session(ledger, SESSION)
        back_up_daily(ledger.path, folder, 1, "20261201")
        (folder / "ledger-20261202.db.part").mkdir()  # nothing can be written there
        with pytest.raises(LedgerUnavailable, match="cannot be copied"):
            back_up_daily(ledger.path, folder, 1, "20261202")
    assert [copy.name for copy in list_daily_backups(folder)] == ["ledger-20261201.db"]


@pytest.mark.parametrize("way", ["restored", "new"])
def test_a_wal_that_stayed_alone_is_never_taken_for_a_part_of_another_ledger(state, tmp_path, way):
    with Ledger(state, "1.0") as ledger:
        first = record_session(ledger, SESSION)
        copy = back_up_daily(ledger.path, tmp_path, 3, "20261201")
        expected = audit_ledger(copy)
        record_session(ledger, "20261124-091502-aaa")
        wal = (state / "ledger.db-wal").read_bytes()
    (state / "ledger.db").unlink()
    (state / "ledger.db-wal").write_bytes(wal)
    if way == "restored":
        assert restore_backup(copy, state / "ledger.db") is None
    with Ledger(state, "1.0") as ledger:
        assert ledger.read_unfinished_sessions() == ((first,) if way == "restored" else ())
    if way == "restored":
        assert audit_ledger(state / "ledger.db") == expected
    (kept,) = state.glob("ledger.db.damaged-*")
    assert kept.read_bytes() == wal


def test_a_restored_copy_is_the_ledger_of_that_day_and_the_present_one_is_set_aside(state, tmp_path):
    with Ledger(state, "1.0") as ledger:
        first = record_session(ledger, SESSION)
        copy = back_up_daily(ledger.path, tmp_path, 3, "20261201")
        record_session(ledger, "20261124-091502-aaa")
    present = (state / "ledger.db").read_bytes()
    kept = restore_backup(copy, state / "ledger.db")
    assert kept == find_set_aside_ledgers(state / "ledger.db")[0]
    assert kept.read_bytes() == present
    assert copy.exists()
    with Ledger(state, "1.0") as ledger:
        assert ledger.read_unfinished_sessions() == (first,)
        record_session(ledger, "20261125-091502-bbb")
    assert audit_ledger(state / "ledger.db").faults == ()


def test_a_damaged_copy_takes_no_ledgers_place(state, tmp_path):
    with Ledger(state, "1.0") as ledger:
        record_session(ledger, SESSION)
    before = (state / "ledger.db").read_bytes()
    bad = tmp_path / "bad.db"
    bad.write_bytes(before[:5000] + bytes(4000) + before[9000:])
    empty = tmp_path / "empty.db"
    empty.write_bytes(b"")
    for copy in (bad, empty):
        with pytest.raises(McsyncError, match=copy.name):
            restore_backup(copy, state / "ledger.db")
    assert (state / "ledger.db").read_bytes() == before


def make_first_schema(state):
    """A ledger as version 0.1.0 left it, with one session; return that session."""
    with Ledger(state / "new", "0.1.0") as ledger:
        session = record_session(ledger, SESSION)
    old = state / "ledger.db"
    with closing(sqlite3.connect(old)) as connection:
        ledger_migrations.apply(Database(connection), stop_before="m002_fold_and_states")
        connection.execute("ATTACH ? AS new", (str(state / "new" / "ledger.db"),))
        connection.execute("INSERT INTO event SELECT * FROM new.event")
        connection.execute("INSERT INTO session SELECT id, state, revision, body FROM new.session")
        connection.commit()
    return session


def test_an_upgrade_copies_the_ledger_before_it_changes_the_schema(state):
    session = make_first_schema(state)
    old = audit_ledger(state / "ledger.db")
    assert old.faults == ()
    with Ledger(state, "1.0") as ledger:
        assert ledger.read_unfinished_sessions() == (session,)
    (copy,) = (state / "backups").glob("ledger-before-m002*.db")
    assert audit_ledger(copy) == old
    with closing(sqlite3.connect(copy)) as db, pytest.raises(sqlite3.OperationalError):
        db.execute("SELECT fold FROM session")
    with Ledger(state, "1.0"):
        pass
    assert len(list((state / "backups").iterdir())) == 1, "only where the schema changes"


def test_an_upgrade_that_cannot_be_undone_is_not_begun(state):
    make_first_schema(state)
    before = (state / "ledger.db").read_bytes()
    (state / "backups").write_text("in the way")
    with pytest.raises(LedgerUnavailable, match="cannot be copied"):
        Ledger(state, "1.0")
    assert (state / "ledger.db").read_bytes() == before
