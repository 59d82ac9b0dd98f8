"""The sessions of a ledger, for commands that work without a daemon."""

from __future__ import annotations

from pathlib import Path

from mcsyncd.errors import McsyncError
from mcsyncd.model.session import Session
from mcsyncd.settings.schema import Settings
from mcsyncd.store.audit import read_recorded_sessions


def select_sessions(settings: Settings, session: str | None) -> tuple[Session, ...]:
    """Return one session by its id, or all. Raises McsyncError for an unknown one."""
    sessions = read_recorded_sessions(locate_ledger(settings))
    if session is None:
        return sessions
    chosen = tuple(one for one in sessions if one.id == session)
    if not chosen:
        raise McsyncError(f"no session {session}", "see `mcsyncd sessions`")
    return chosen


def locate_ledger(settings: Settings) -> Path:
    """Return the path of the ledger."""
    return settings.paths.state / "ledger.db"
