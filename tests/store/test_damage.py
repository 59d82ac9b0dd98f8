"""A damaged ledger: found at the start, set aside byte for byte, and said with the way out."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing

import pytest
from disk_faults import can_fail_disks, mount_disk
from store.test_ledger import edit, record_session

from mcsyncd.errors import LedgerDamaged, LedgerUnavailable
from mcsyncd.model.session import State
from mcsyncd.store.audit import LedgerCheck, audit_ledger
from mcsyncd.store.backup import back_up_daily
from mcsyncd.store.damage import find_set_aside_ledgers
from mcsyncd.store.ledger import Ledger


@pytest.fixture
def state(tmp_path):
    """A state folder whose ledger has a few hundred events in many pages."""
    folder = tmp_path / "state"
    with Ledger(folder, "1.0") as ledger:
        for number in range(20):
            record_session(ledger, f"20261123-0915{number:02}-k7q", State.IN_REVIEW)
    return folder


def flip_page(path, number=10):
    data = bytearray(path.read_bytes())
    page = number * 4096
    data[page : page + 4096] = bytes(byte ^ 0xFF for byte in data[page : page + 4096])
    path.write_bytes(data)


def truncate(path):
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2 // 4096 * 4096)


def overwrite(path):
    path.write_bytes(b"not a database, but a text of some length" * 100)


def cut_header(path):
    path.write_bytes(path.read_bytes()[:50])


def forge_event(path):
    edit(path.parent, "UPDATE event SET body = replace(body, '2026-', '2025-') WHERE seq = 3")


def spoil_event(path):
    edit(path.parent, "UPDATE event SET body = '{' WHERE seq = 3")


def spoil_session(path):
    edit(path.parent, "UPDATE session SET body = '{\"id\": 1}' WHERE id = '20261123-091505-k7q'")


def change_session(path):
    edit(path.parent, "UPDATE session SET body = replace(body, '90000', '90001')")


def drop_table(path):
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP VIEW forensics")
        db.execute("DROP TABLE event")


@pytest.mark.parametrize(
    "damage",
    [
        flip_page,
        truncate,
        overwrite,
        cut_header,
        forge_event,
        spoil_event,
        spoil_session,
        change_session,
        drop_table,
    ],
)
def test_a_damaged_ledger_is_set_aside_byte_for_byte_and_the_way_out_is_said(state, damage):
    path = state / "ledger.db"
    damage(path)
    before = path.read_bytes()
    with pytest.raises(LedgerDamaged, match=r"is damaged: .*nothing was deleted") as stopped:
        Ledger(state, "1.0")
    assert "mcsyncd ledger restore" in stopped.value.hint
    assert "mcsyncd ledger rebuild" in stopped.value.hint
    assert not path.exists()
    (kept,) = find_set_aside_ledgers(path)
    assert str(kept) in stopped.value.message
    assert kept.read_bytes() == before


def test_what_lies_in_the_wal_alone_is_set_aside_with_the_ledger(state, tmp_path):
    """As after a power cut: the newest rows are not in the ledger's own file yet."""
    crashed = tmp_path / "crashed"
    with Ledger(state, "1.0") as ledger:
        record_session(ledger, "20261124-091502-aaa")
        shutil.copytree(state, crashed)
    wal = (crashed / "ledger.db-wal").read_bytes()
    assert wal
    for number in range(5, 20):  # some of them are not in the WAL
        flip_page(crashed / "ledger.db", number)
    with pytest.raises(LedgerDamaged):
        Ledger(crashed, "1.0")
    (kept,) = find_set_aside_ledgers(crashed / "ledger.db")
    assert kept.with_name(kept.name + "-wal").read_bytes() == wal
    assert not (crashed / "ledger.db-wal").exists()


def test_a_second_damaged_ledger_does_not_take_the_place_of_the_first(state):
    path = state / "ledger.db"
    for text in (b"one" * 50, b"two" * 50):
        path.write_bytes(text)
        with pytest.raises(LedgerDamaged):
            Ledger(state, "1.0")
    assert [kept.read_bytes()[:3] for kept in find_set_aside_ledgers(path)] == [b"one", b"two"]


def test_a_ledger_that_cannot_be_read_now_is_not_damaged(state, monkeypatch):
    def fail(*_):
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(LedgerCheck, "run", fail)
    with pytest.raises(LedgerUnavailable, match="disk I/O error"):
        Ledger(state, "1.0")
    assert (state / "ledger.db").exists()


def test_a_check_that_is_cut_off_goes_on_where_it_was_and_finds_the_fault(state):
    forge_event(state / "ledger.db")
    with closing(LedgerCheck(state / "ledger.db")) as check:
        check.run(0.0)
        assert not check.is_complete
        assert check.faults == ()
        check.run()
        assert check.is_complete
        assert any("event 3" in fault for fault in check.faults)
        assert check.event_count == audit_ledger(state / "ledger.db").events


def test_a_start_waits_no_longer_for_the_check_than_it_is_told(state):
    with Ledger(state, "1.0", check_s=0.0) as ledger:
        check = ledger.take_check()
        assert not check.is_complete
        check.run()
        assert (check.is_complete, check.faults) == (True, ())
        check.close()


def test_rows_that_older_rules_made_are_made_again_and_not_called_damaged(state):
    """The model's rules change with the versions; what is recorded does not."""
    with Ledger(state, "1.0") as ledger:
        right = ledger.read_session("20261123-091505-k7q")
    edit(
        state,
        "UPDATE session SET body = replace(body, '90000', '90001'), fold = 'older' WHERE id = ?",
        "20261123-091505-k7q",
    )
    with Ledger(state, "1.0") as ledger:
        assert ledger.read_session("20261123-091505-k7q") == right
        assert right in ledger.read_unfinished_sessions()


@pytest.mark.skipif(not can_fail_disks(), reason="a disk that fails needs root and FUSE")
def test_a_disk_that_cannot_be_read_is_no_damage(tmp_path):
    """SQLite calls it malformed: the ledger was set aside at a start, and all work stopped until one."""
    with mount_disk(tmp_path, "sectors") as disk:
        folder = disk.path / "state"
        with Ledger(folder, "1.0") as ledger:
            record_session(ledger, "20261123-091500-k7q", State.IN_REVIEW)
        with closing(LedgerCheck(folder / "ledger.db")) as check:
            disk.fail()
            with pytest.raises(sqlite3.OperationalError):
                check.run()
            assert check.faults == ()
        with pytest.raises(LedgerUnavailable):
            Ledger(folder, "1.0")
        disk.mend()
        assert not find_set_aside_ledgers(folder / "ledger.db")
        with Ledger(folder, "1.0") as ledger:
            assert ledger.read_session("20261123-091500-k7q")


@pytest.mark.skipif(not can_fail_disks(), reason="a disk that fails needs root and FUSE")
@pytest.mark.parametrize("fault", ["sectors", "i/o"])
def test_a_ledger_that_cannot_be_read_is_not_copied_and_the_reason_said(tmp_path, fault):
    """It was an error of SQLite's that nobody expected: a traceback every 30 s, and no alert."""
    with mount_disk(tmp_path, fault) as disk:
        folder = disk.path / "state"
        with Ledger(folder, "1.0") as ledger:
            record_session(ledger, "20261123-091500-k7q", State.IN_REVIEW)
        disk.fail()
        with pytest.raises(LedgerUnavailable, match="cannot be copied"):
            back_up_daily(folder / "ledger.db", tmp_path / "backups", 7, "20261126")
        disk.mend()
        assert back_up_daily(folder / "ledger.db", tmp_path / "backups", 7, "20261126")
