"""What becomes of the originals of each session, by the settings in force: a dry run. Without a daemon."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mcsyncd.checks.sessions import select_sessions
from mcsyncd.model.retention import RetentionTerms
from mcsyncd.model.retention_steps import find_obstacle
from mcsyncd.model.session import Session
from mcsyncd.settings.schema import Settings


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """What becomes of a session's originals: `may_go` if nothing stands against it, and a sentence."""

    session: str
    originals: int
    bytes: int
    may_go: bool
    sentence: str


def plan_retention(settings: Settings, session: str | None = None) -> tuple[SessionPlan, ...]:
    """Return the plan of each session whose originals were taken in. Raises McsyncError."""
    terms = build_terms(settings, datetime.now(UTC))
    return tuple(_plan_session(one, terms) for one in select_sessions(settings, session) if one.offloaded)


def build_terms(settings: Settings, now: datetime) -> RetentionTerms | None:
    """Return the terms on which originals may go, at this time; None if they stay.

    A wrong wall clock brings that forward, but never before they were read back from enough stores.
    """
    retention = settings.retention
    if retention.originals_after_days is None:
        return None

    def before(days: int) -> str:
        return (now - timedelta(days=days)).isoformat(timespec="microseconds").replace("+00:00", "Z")

    return RetentionTerms(
        settings.min_copies,
        approved_before=before(retention.originals_after_days),
        proven_before=before(1),
        trashed_before=before(retention.trash_days),
        refused_before=before(1),
    )


def _plan_session(session: Session, terms: RetentionTerms | None) -> SessionPlan:
    here = [clip for clip in session.clips if clip.path and not session.are_originals_deleted]
    obstacle = find_obstacle(session, terms) if terms is not None else "retention is off"
    sentence = f"they stay: {obstacle}" if obstacle else _describe_next(session)
    return SessionPlan(session.id, len(here), sum(one.bytes for one in here), not obstacle, sentence)


def _describe_next(session: Session) -> str:
    retention = session.retention
    if retention is None:
        return "they go to the trash next"
    match retention.state:
        case "due":
            return "they go to the trash now"
        case "refused":
            return f"they stay for now: {retention.reason} ({retention.at})"
        case "trashed":
            return f"they lie in the trash since {retention.at}"
        case "expired":
            return "they are deleted from the trash now"
        case "deleted":
            return f"they were deleted {retention.at}"
