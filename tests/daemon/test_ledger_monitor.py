"""What the daemon says and does while its ledger cannot be written, is being checked, or is damaged."""

from __future__ import annotations

import gzip
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from api_server import serve_api
from daemon.test_api import IN_REVIEW, SESSION
from store.test_ledger import edit

from mcsyncd import api
from mcsyncd.checks.store_identity import prepare_store
from mcsyncd.cli.reports import format_status
from mcsyncd.daemon import snapshot_publisher
from mcsyncd.daemon.store_gate import StoreFailure
from mcsyncd.errors import LedgerDamaged, McsyncError
from mcsyncd.model.session import State
from mcsyncd.store.audit import audit_ledger
from mcsyncd.store.backup import list_daily_backups
from shoots import DROPPED


async def fill_disk(served) -> None:
    """As a full disk does: SQLite gets no page more."""
    ledger = served.loop.ledger
    await ledger.call(ledger.ledger._db.execute, "PRAGMA max_page_count = 1")


def copies(served) -> Path:
    return served.loop.config.settings.backup_folder


async def make_room(served) -> None:
    ledger = served.loop.ledger
    await ledger.call(ledger.ledger._db.execute, "PRAGMA max_page_count = 1000000")


async def test_a_ledger_that_cannot_be_written_is_an_alert_until_it_can(tmp_path):
    async with serve_api(tmp_path / "home", IN_REVIEW) as served:
        assert (await served.client.fetch_status()).alerts == []
        await fill_disk(served)
        with pytest.raises(McsyncError, match="cannot be written"):
            await served.client.send_decision(SESSION, api.RejectRequest(reason="x" * 2000), 1)
        for _ in range(2):
            await served.loop.ledger.try_to_write()  # still full: the alert stays
            status = await served.client.fetch_status()
            (alert,) = status.alerts
            assert (alert.code, alert.level) == ("ledger_unwritable", "error")
            assert "the ledger can't be written" in alert.message
            assert not status.ledger.can_be_written
        assert "ERROR: the ledger can't be written" in "\n".join(format_status(status))
        assert served.loop.find_session(SESSION).state is State.IN_REVIEW
        await make_room(served)
        await served.loop.ledger.try_to_write()  # the daemon does so every few seconds
        status = await served.client.fetch_status()
        assert (status.alerts, status.ledger.can_be_written) == ([], True)
        await served.client.send_decision(SESSION, api.RejectRequest(reason="no"), 1)
    assert audit_ledger(tmp_path / "home/var/state/ledger.db").faults == ()


async def test_a_fault_found_while_the_daemon_works_stops_decisions_and_publishing(tmp_path):
    home = tmp_path / "home"
    async with serve_api(home, IN_REVIEW):
        pass
    edit(home / "var" / "state", "UPDATE event SET body = replace(body, '2026-', '2025-') WHERE seq = 2")
    async with serve_api(home, check_s=0.0) as served:
        running = await served.client.fetch_status()
        assert running.ledger.check == "running"
        assert any(line.startswith("ledger: being checked") for line in format_status(running))
        await served.monitor.make_backup()
        assert list_daily_backups(copies(served)) == (), "nothing unchecked is copied"
        await served.monitor.run_check()
        status = await served.client.fetch_status()
        assert status.ledger.check == "faulty"
        assert "event 2" in status.ledger.faults[0]
        (alert,) = status.alerts
        assert (alert.code, alert.level) == ("ledger_damaged", "error")
        assert "mcsyncd ledger restore" in alert.hint
        before = await served.loop.read_head()
        with pytest.raises(McsyncError, match="decisions and publishing have stopped"):
            await served.client.send_decision(SESSION, api.ApproveRequest(), 1)
        assert await served.loop.read_head() == before
        served.loop.start_due_jobs()
        assert not served.loop.workers.running
        scanner = served.handler._drop_scanner
        scanner._settled_files = DROPPED
        await scanner.scan_once()  # takes nothing in, and does not fail with each scan
        assert await served.loop.read_head() == before
        await served.monitor.make_backup()
        assert list_daily_backups(copies(served)) == ()


async def test_an_intact_ledger_is_checked_to_its_end_and_then_copied(tmp_path):
    home = tmp_path / "home"
    async with serve_api(home, IN_REVIEW):
        pass
    async with serve_api(home, check_s=0.0) as served:
        await served.monitor.run_check()
        status = await served.client.fetch_status()
        assert (status.ledger.check, status.ledger.checked_events) == ("ok", len(IN_REVIEW))
        await served.monitor.make_backup()
        (copy,) = list_daily_backups(copies(served))
        assert f"ledger: intact; newest copy {copy}" in format_status(await served.client.fetch_status())
        assert (await served.client.fetch_status()).ledger.last_backup == str(copy)
        assert audit_ledger(copy).events == len(IN_REVIEW)


async def test_a_copy_that_cannot_be_made_is_an_alert_until_it_can(tmp_path):
    home = tmp_path / "home"
    async with serve_api(home, IN_REVIEW) as served:
        prepare_store(served.loop.config.settings, served.loop.config.settings.storage)
        copies(served).parent.mkdir(parents=True, exist_ok=True)
        copies(served).write_text("in the way")
        await served.monitor.make_backup()
        (alert,) = (await served.client.fetch_status()).alerts
        assert (alert.code, alert.level) == ("backup_failed", "warning")
        copies(served).unlink()
        await served.monitor.make_backup()
        assert (await served.client.fetch_status()).alerts == []


async def test_a_ledger_that_is_damaged_while_it_is_read_is_reported_and_not_a_bug(tmp_path):
    async with serve_api(tmp_path / "home", IN_REVIEW) as served:
        path = served.loop.ledger.ledger.path
        with closing(sqlite3.connect(path)) as db:
            db.execute("DROP TRIGGER event_is_never_changed")
            db.execute("UPDATE session SET body = '{'")
            db.commit()
        served.loop._shelf.unfinished.clear()
        status, problem = await served.request("GET", f"/v1/sessions/{SESSION}")
        assert (status, problem["code"]) == (500, "failed")
        assert "the ledger is damaged" in problem["message"]


async def test_what_looks_like_damage_for_a_moment_is_none(tmp_path):
    """SQLite answers so while a disk cannot be read; it stopped all work until a restart."""
    answers = [sqlite3.DatabaseError("database disk image is malformed"), None]

    def read():
        if (answer := answers.pop(0)) is not None:
            raise answer
        return "read"

    async with serve_api(tmp_path / "home", IN_REVIEW) as served:
        assert await served.loop.ledger.call(read) == "read"
        assert served.loop.ledger.fault is None
        answers += [sqlite3.DatabaseError("database disk image is malformed")] * 2
        with pytest.raises(LedgerDamaged):
            await served.loop.ledger.call(read)
        assert served.loop.ledger.fault is not None


def list_stored(home: Path) -> list[Path]:
    return [path for path in (home / "var/bucket/v1/db").rglob("*") if path.is_file()]


async def make_snapshot(served) -> None:
    if not (served.loop.config.settings.storage.path).is_file():
        prepare_store(served.loop.config.settings, served.loop.config.settings.storage)
    await served.monitor.make_backup()
    if served.monitor._snapshots.task is not None:
        await served.monitor._snapshots.task


async def test_the_copy_of_the_day_is_published_once(tmp_path):
    home = tmp_path / "home"
    async with serve_api(home, IN_REVIEW) as served:
        for _ in range(2):
            await make_snapshot(served)
        (stored,) = list_stored(home)
        (copy,) = list_daily_backups(copies(served))
        assert gzip.decompress(stored.read_bytes()) == copy.read_bytes()
        assert (await served.client.fetch_status()).alerts == []


@pytest.mark.parametrize("reason", ["paused", "failing"])
async def test_no_snapshot_is_sent_while_the_store_may_not_be_asked(tmp_path, reason):
    home = tmp_path / "home"
    async with serve_api(home, IN_REVIEW) as served:
        gate = served.loop.store_gates.main
        if reason == "paused":
            gate.pause("kim")
        else:
            gate.note_failure(StoreFailure("job", "no answer", "wait", passing=True))
        await make_snapshot(served)
        assert list_daily_backups(copies(served))
        assert list_stored(home) == []
        gate.resume("kim")
        gate.note_success()
        await make_snapshot(served)
        assert len(list_stored(home)) == 1


async def test_a_snapshot_that_fails_is_an_alert_and_keeps_no_session_waiting(tmp_path):
    home = tmp_path / "home"
    async with serve_api(home, IN_REVIEW) as served:
        bucket = home / "var/bucket"
        bucket.parent.mkdir(parents=True, exist_ok=True)
        bucket.write_text("in the way")
        for _ in range(2):
            await make_snapshot(served)
        (alert,) = (await served.client.fetch_status()).alerts
        assert (alert.code, alert.level) == ("snapshot_failed", "warning")
        assert alert.hint
        assert served.loop.store_gates.main.state == "open"
        bucket.unlink()
        await make_snapshot(served)
        assert list_stored(home) == [], "not before the next copy"
        (copy,) = list_daily_backups(copies(served))
        prepare_store(served.loop.config.settings, served.loop.config.settings.storage)
        tomorrow = copy.rename(copy.with_name("ledger-20991231.db"))
        served.monitor._snapshots.publish_copy(tomorrow)
        await served.monitor._snapshots.task
        assert len(list_stored(home)) == 1
        assert (await served.client.fetch_status()).alerts == []


async def test_a_store_that_hangs_keeps_no_copy_from_being_made(tmp_path, monkeypatch):
    held, sent = threading.Event(), []

    def hang(copy: Path, _config: object, _store: str) -> str:
        sent.append(copy)
        held.wait(30)
        return "late"

    monkeypatch.setattr(snapshot_publisher, "_send_copy", hang)
    async with serve_api(tmp_path / "home", IN_REVIEW) as served:
        await served.monitor.make_backup()
        (copy,) = list_daily_backups(copies(served))
        copy.rename(copy.with_name("ledger-20261101.db"))
        await served.monitor.make_backup()
        assert len(list_daily_backups(copies(served))) == 2
        assert len(sent) <= 1, "one at a time"
        held.set()
        await served.monitor._snapshots.task


async def test_each_store_gets_the_copy_once_when_it_may_be_asked(tmp_path, monkeypatch):
    sent, closed = [], {"nas"}

    def send(copy: Path, _config: object, store: str) -> str:
        sent.append((store, copy.name))
        return "key"

    monkeypatch.setattr(snapshot_publisher, "_send_copy", send)
    config = SimpleNamespace(settings=SimpleNamespace(further_stores=("nas", "tape")))
    publisher = snapshot_publisher.SnapshotPublisher(lambda: config, lambda store: store not in closed)
    for day in (26, 27, 28):
        (tmp_path / f"ledger-202611{day}.db").write_bytes(b"ledger" if day < 28 else b"more")
    for _ in range(2):
        publisher.publish_copy(tmp_path / "ledger-20261126.db")
        await publisher.task
    assert sent == [("", "ledger-20261126.db"), ("tape", "ledger-20261126.db")]
    closed.clear()
    publisher.publish_copy(tmp_path / "ledger-20261126.db")
    await publisher.task
    assert sent[2:] == [("nas", "ledger-20261126.db")]
    for day in (27, 28):
        publisher.publish_copy(tmp_path / f"ledger-202611{day}.db")
        await publisher.task
    again = [(store, "ledger-20261128.db") for store in ("", "nas", "tape")]
    assert sent[3:] == again, "the copy of the 27th is that of the day before"


async def test_an_empty_ledger_is_not_the_copy_of_the_day(tmp_path):
    async with serve_api(tmp_path / "home") as served:
        await served.monitor.make_backup()
        assert list_daily_backups(copies(served)) == ()
        await served.loop.open_collecting_session()
        await served.monitor.make_backup()
        assert len(list_daily_backups(copies(served))) == 1
