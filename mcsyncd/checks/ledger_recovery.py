"""The ways back from a ledger that is damaged, lost or too old. The daemon must not be running.

Nothing is ever overwritten or deleted: a ledger that gives way to another one is set aside.
"""

from __future__ import annotations

import os
import pwd
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mcsyncd import __version__
from mcsyncd.checks.ledger_history import find_history_gaps
from mcsyncd.checks.ledger_sources import collect_histories
from mcsyncd.errors import McsyncError, UsageError
from mcsyncd.integrity.derived_file import publish_file
from mcsyncd.model.evolve import replay_events
from mcsyncd.model.ledger_events import LedgerAccepted, LedgerRebuilt
from mcsyncd.model.session import Actor
from mcsyncd.settings.active_config import ActiveConfig
from mcsyncd.settings.schema import Settings
from mcsyncd.store.audit import audit_ledger
from mcsyncd.store.backup import list_daily_backups, restore_backup
from mcsyncd.store.damage import make_room
from mcsyncd.store.ledger import Ledger
from mcsyncd.store.lock import lock_state_folder
from mcsyncd.store.rows import open_read_only

REBUILT_MARK = "rebuilt"
"""Part of `tool_version` in every row of a ledger that was built anew; the chain covers it."""


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """What a rebuild found: published sessions, those that begin again, and what could not be used."""

    published: tuple[str, ...]
    restarted: tuple[str, ...]
    skipped: tuple[str, ...]
    set_aside: Path | None


def rebuild_ledger(config: ActiveConfig, *, use_store: bool = True) -> RebuildReport:
    """Build a ledger from manifests and work folders, each row marked as rebuilt.

    A session whose manifest is in the store is published; any other begins again from its originals.
    `use_store` False trusts the copies of manifests in the work folder. An intact ledger with events is
    never replaced; one that is empty or damaged is set aside.

    Raises UsageError if there is an intact ledger, McsyncError if a daemon is running or if the store
    cannot be read.
    """
    state = config.settings.paths.state
    path = state / "ledger.db"
    with lock_state_folder(state):
        _require_no_use(path)
        set_aside = make_room(path)
        histories = collect_histories(config, use_store=use_store)
        workshop = state / f"rebuild-{os.getpid()}"
        try:
            with Ledger(workshop, f"{__version__} {REBUILT_MARK}") as ledger:
                for events in histories.published + histories.restarted:
                    ledger.record(replay_events(events), events)
                gaps, _ = find_history_gaps(config.settings, ledger.path)
                rebuilt = LedgerRebuilt(
                    _utc_now(),
                    identify_caller(),
                    len(histories.published),
                    len(histories.restarted),
                    tuple(gap.mark for gap in gaps),
                )
                ledger.append_notes([rebuilt])
            if faults := audit_ledger(workshop / path.name).faults:
                raise McsyncError(
                    f"the new ledger is not whole: {faults[0]}", "report this as a bug in mcsyncd"
                )
            publish_file(workshop / path.name, path)
        finally:
            shutil.rmtree(workshop, ignore_errors=True)
    return RebuildReport(
        tuple(events[0].id for events in histories.published),
        tuple(events[0].id for events in histories.restarted),
        histories.skipped,
        set_aside,
    )


def _require_no_use(path: Path) -> None:
    """Raise UsageError for an intact ledger with events: it must not be replaced."""
    if not path.exists():
        return
    if path.stat().st_size and not audit_ledger(path).faults and _count_events(path):
        raise UsageError(
            f"{path} is an intact ledger and is not replaced",
            "check it with `mcsyncd verify log`; to build another one all the same, move it away first",
        )


def _count_events(path: Path) -> int:
    with closing(open_read_only(path)) as db:
        try:
            (count,) = db.execute("SELECT count(*) FROM event").fetchone()
        except sqlite3.DatabaseError:
            return 0
    return int(count)


def restore_ledger(settings: Settings, backup: Path | None) -> tuple[Path, Path | None]:
    """Put a copy in the place of the ledger: `backup`, or the newest one.

    Returns the copy and where the present ledger was set aside. Raises McsyncError.
    """
    state = settings.paths.state
    found = list_daily_backups(settings.backup_folder)
    if backup is None and not found:
        raise McsyncError(
            f"there is no copy of the ledger in {settings.backup_folder}",
            "name another copy, or run `mcsyncd ledger rebuild`",
        )
    chosen = backup or found[-1]
    with lock_state_folder(state):
        return chosen, restore_backup(chosen, state / "ledger.db")


def accept_history(settings: Settings, reason: str) -> tuple[str, ...]:
    """Record that the ledger goes on as it is, although work folder or store know more; return what.

    Makes an empty ledger if there is none. Raises UsageError if there is nothing to accept.
    """
    state = settings.paths.state
    gaps, _ = find_history_gaps(settings, state / "ledger.db")
    if not gaps:
        raise UsageError(
            "the ledger fits what was made with it: there is nothing to accept", "start the daemon"
        )
    with Ledger(state, __version__) as ledger:
        marks = tuple(gap.mark for gap in gaps)
        ledger.append_notes([LedgerAccepted(_utc_now(), identify_caller(), reason, marks)])
    return tuple(gap.message for gap in gaps)


def identify_caller() -> Actor:
    """Return who runs this process, as the ledger names people."""
    uid = os.getuid()
    try:
        return Actor(pwd.getpwuid(uid).pw_name, uid)
    except KeyError:
        return Actor(f"uid {uid}", uid)


def _utc_now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
