"""The ledger's file: made whole or not at all, and opened after whatever a killed daemon left.

A new ledger is made under another name, with its whole schema, and only then gets its own. So a file
with the ledger's name always has all tables, and uses WAL from its first moment.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from mcsyncd.errors import LedgerUnavailable
from mcsyncd.integrity.derived_file import publish_file
from mcsyncd.store.backup import back_up_before_migration
from mcsyncd.store.damage import find_side_files, make_room, report_damage, require_readable

NEWEST_STEP = "m005_clip_dispositions"
"""The last step of `store.migrations`. A ledger that has it has them all, and is opened without sqlite-utils,
which loads numpy and command line libraries: measured, a fifth of the CPU of the daemon's imports. Any other
step here, and each start looks for migrations."""


def is_new_ledger(path: Path) -> bool:
    """Tell whether there is no ledger at `path` yet."""
    return not path.exists() or path.stat().st_size == 0


def open_database(path: Path) -> sqlite3.Connection:
    """Open a ledger with the present schema; make it if there is none.

    Raises LedgerUnavailable, and LedgerDamaged, with the file set aside.
    """
    if is_new_ledger(path):
        _create_database(path)
    connection = _connect_privately(path)
    try:
        if _has_newest_schema(connection):
            _set_pragmas(connection)
        else:
            _migrate(connection, path)
    except sqlite3.OperationalError as error:
        connection.close()
        raise translate_open_error(path, error) from error
    except sqlite3.DatabaseError as error:
        connection.close()
        _require_readable_file(path)
        raise report_damage(path, (str(error),)) from error
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def begin_transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit what the block writes: all of it, or nothing if it raises."""
    connection.execute("BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _has_newest_schema(connection: sqlite3.Connection) -> bool:
    has_steps = "SELECT count(*) FROM sqlite_master WHERE name = '_sqlite_migrations'"
    has_newest = "SELECT count(*) FROM _sqlite_migrations WHERE migration_set = 'mcsyncd' AND name = ?"
    if connection.execute(has_steps).fetchone() == (0,):
        return False
    (found,) = connection.execute(has_newest, (NEWEST_STEP,)).fetchone()
    return bool(found)


def _migrate(connection: sqlite3.Connection, kept: Path | None = None) -> None:
    """Bring the schema up to date; with `kept`, the ledger of that path is backed up before."""
    from sqlite_utils import Database  # noqa: PLC0415  # loads numpy, only for a ledger that is new or old

    from mcsyncd.store.migrations import ledger_migrations  # noqa: PLC0415  # the same

    database = Database(connection)
    if kept is not None:
        names = [one.name for one in ledger_migrations.pending(database)]
        back_up_before_migration(connection, kept, names)
    _set_pragmas(connection)
    ledger_migrations.apply(database)


def undo_interrupted_transaction(path: Path) -> None:
    """Let SQLite roll back what a killed daemon had begun outside of the WAL.

    Changing to WAL, as after a copy was put back, is such a transaction. A connection that only reads
    cannot undo it, so the check would fail. Raises LedgerUnavailable.
    """
    if not path.with_name(f"{path.name}-journal").exists():
        return
    try:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        raise translate_open_error(path, error) from error
    except sqlite3.DatabaseError:
        return  # the check says what is wrong with it


def _create_database(path: Path) -> None:
    part = path.with_name(f"{path.name}.part")
    try:
        make_room(path)
        for leftover in (part, *find_side_files(part)):
            leftover.unlink(missing_ok=True)
        with closing(_connect_privately(part)) as connection:
            _migrate(connection)
        publish_file(part, path)
    except (sqlite3.DatabaseError, OSError) as error:
        raise translate_open_error(path, error) from error


def _connect_privately(path: Path) -> sqlite3.Connection:
    """Connect to a file that its owner alone may read; make it if there is none."""
    connection = sqlite3.connect(path)
    path.chmod(0o600)
    return connection


def _require_readable_file(path: Path) -> None:
    """Raise LedgerUnavailable if it is the disk that fails, not the ledger."""
    try:
        require_readable(path)
    except sqlite3.OperationalError as error:
        raise translate_open_error(path, error) from error


def translate_open_error(path: Path, error: Exception) -> LedgerUnavailable:
    """Return the error of a ledger that its disk does not let be opened."""
    return LedgerUnavailable(f"{path}: {error}", "check its permissions and the disk below it")


def _set_pragmas(connection: sqlite3.Connection) -> None:
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "trusted_schema = OFF",
        "recursive_triggers = ON",  # else REPLACE would slip past the trigger on DELETE
        "busy_timeout = 5000",
    ):
        connection.execute(f"PRAGMA {pragma}")
