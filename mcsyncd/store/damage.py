"""A damaged ledger: set aside under another name, never deleted, and reported with the way out."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

from mcsyncd.errors import LedgerDamaged
from mcsyncd.integrity.copying import read_chunks
from mcsyncd.integrity.derived_file import sync_folder

_MARK = ".damaged-"
_SIDE_FILES = ("-wal", "-shm", "-journal")
"""SQLite's own files beside a database: the newest rows may be in the first of them alone. One that stayed
would be taken for a part of the next database of that name."""
RECOVERY_HINT = (
    "restore the newest copy (`mcsyncd ledger restore`); without a good copy, build a new ledger from the "
    "published manifests and the work folder (`mcsyncd ledger rebuild`); then start the daemon again"
)
"""The next action for a damaged or missing ledger; docs/operations.md describes it step by step."""


def set_aside_ledger(path: Path) -> Path:
    """Rename a ledger and SQLite's files beside it; return its new path, which has the time in its name.

    A ledger that is not there is left alone. Raises OSError.
    """
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    target, number = path.with_name(f"{path.name}{_MARK}{stamp}"), 1
    while target.exists() or find_side_files(target):
        number += 1
        target = path.with_name(f"{path.name}{_MARK}{stamp}-{number}")
    for old in (path, *find_side_files(path)):
        if old.exists():
            old.rename(target.with_name(target.name + old.name.removeprefix(path.name)))
    sync_folder(path.parent)
    return target


def make_room(path: Path) -> Path | None:
    """Set aside whatever is in the way of a new ledger; return where an earlier one is, if there was one.

    SQLite would take rows of a WAL that stayed alone for rows of the new ledger. Raises OSError.
    """
    had_ledger = path.exists()
    if not had_ledger and not find_side_files(path):
        return None
    target = set_aside_ledger(path)
    return target if had_ledger else None


def find_side_files(path: Path) -> tuple[Path, ...]:
    """Return SQLite's own files beside a database, which itself need not be there."""
    beside = (path.with_name(path.name + suffix) for suffix in _SIDE_FILES)
    return tuple(file for file in beside if file.exists())


def find_set_aside_ledgers(path: Path) -> tuple[Path, ...]:
    """Return the ledgers that were set aside beside `path`, oldest first."""
    found = path.parent.glob(f"{path.name}{_MARK}*")
    return tuple(sorted(one for one in found if not one.name.endswith(_SIDE_FILES)))


def require_readable(path: Path) -> None:
    """Read a ledger and SQLite's log beside it from the disk, not from the cache.

    SQLite answers "malformed" where the disk answers a read with an error (EIO), as if the ledger were
    damaged. Raises OperationalError, as for every other error of the disk.
    """
    for suffix in _SIDE_FILES[:2]:
        try:
            descriptor = os.open(path.with_name(path.name + suffix), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise sqlite3.OperationalError(str(error)) from error
        try:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            for _ in read_chunks(descriptor):
                pass
        except OSError as error:
            raise sqlite3.OperationalError(str(error)) from error
        finally:
            os.close(descriptor)


def report_damage(path: Path, faults: tuple[str, ...]) -> LedgerDamaged:
    """Set a damaged ledger aside and return the error that says so."""
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    try:
        place = f"it was set aside as {set_aside_ledger(path)}; nothing was deleted"
    except OSError as error:
        place = f"it cannot be set aside ({error.strerror}); it was left as it is"
    return LedgerDamaged(f"{path} is damaged: {faults[0]}{more}; {place}", RECOVERY_HINT)
