"""Copies of the ledger, made with SQLite's own backup, and the way back from one.

A copy is made from a connection that only reads, checked, and only then gets its name. So each file
with the name of a copy is a whole ledger.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

from mcsyncd.errors import LedgerUnavailable, McsyncError
from mcsyncd.integrity.derived_file import make_folders, publish_file
from mcsyncd.store.audit import LedgerCheck
from mcsyncd.store.damage import make_room
from mcsyncd.store.rows import open_read_only

_DAILY_NAME = re.compile(r"ledger-\d{8}\.db")
"""The copy of a day. A copy before a change of the schema has another name, and is not counted."""

_LEFTOVERS = "ledger*.db.part*"
"""What copies that were killed have left, under any name: the next copy has another date."""


def back_up_daily(ledger: Path, folder: Path, keep: int, today: str) -> Path | None:
    """Make today's copy of the ledger unless there is one; keep the newest `keep`. `today` is YYYYMMDD.

    Returns the new copy, or None. Raises LedgerUnavailable if it cannot be made; older ones are then kept.
    """
    target = locate_daily_backup(folder, today)
    if target.exists():
        return None
    try:
        with closing(open_read_only(ledger)) as source:
            _copy_database(source, target)
    except sqlite3.DatabaseError as error:
        raise LedgerUnavailable(
            f"the ledger cannot be copied to {target}: {error}", f"check the disk of {ledger.parent}"
        ) from error
    for old in list_daily_backups(folder)[:-keep]:
        if old != target:  # copies that a wrong clock dated ahead must not push out those of today
            old.unlink(missing_ok=True)
    return target


def locate_daily_backup(folder: Path, today: str) -> Path:
    """Return where the copy of a day (YYYYMMDD) lies."""
    return folder / f"ledger-{today}.db"


def list_daily_backups(folder: Path) -> tuple[Path, ...]:
    """Return the daily copies in a folder, oldest first."""
    if not folder.is_dir():
        return ()
    return tuple(sorted(path for path in folder.iterdir() if _DAILY_NAME.fullmatch(path.name)))


def back_up_before_migration(source: sqlite3.Connection, ledger: Path, pending: Sequence[str]) -> None:
    """Copy a ledger whose schema is about to change, to `backups` beside it; such a copy is kept.

    A new ledger has nothing to lose and is not copied. Raises LedgerUnavailable.
    """
    is_new = source.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    if pending and not is_new:
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        target = ledger.parent / "backups" / f"ledger-before-{pending[0]}-{stamp}.db"
        _copy_database(source, target)


def restore_backup(backup: Path, ledger: Path) -> Path | None:
    """Put a copy in the place of the ledger; return where the present one was set aside, if there is one.

    The copy itself stays where it is. The daemon must not be running. Raises McsyncError if the copy is
    damaged, and LedgerUnavailable if it cannot be written.
    """
    with closing(LedgerCheck(backup)) as check:
        try:
            check.run()
        except sqlite3.OperationalError as error:
            raise McsyncError(f"{backup}: {error}", "choose another copy") from error
    if check.faults or not check.event_count:
        raise McsyncError(f"{backup}: {(*check.faults, 'it has no events')[0]}", "choose another copy")
    set_aside = make_room(ledger)
    with closing(open_read_only(backup)) as source:
        _copy_database(source, ledger)
    return set_aside


def _copy_database(source: sqlite3.Connection, target: Path) -> None:
    """Copy a database to a file that is not there yet: whole, checked and on the disk, or not at all."""
    part = target.with_name(f"{target.name}.part")
    try:
        make_folders(target.parent, mode=0o700)
        for leftover in target.parent.glob(_LEFTOVERS):
            leftover.unlink(missing_ok=True)
        with closing(sqlite3.connect(part)) as copy:
            part.chmod(0o600)
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file alone, with nothing beside it
            _require_whole_pages(copy)
        publish_file(part, target)
    except (sqlite3.DatabaseError, OSError) as error:
        with suppress(OSError):
            part.unlink()
        raise LedgerUnavailable(
            f"the ledger cannot be copied to {target}: {error}", "check the disk and the folder's permissions"
        ) from error


def _require_whole_pages(copy: sqlite3.Connection) -> None:
    (found,) = copy.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise sqlite3.DatabaseError(f"the copy is damaged: {found}")
