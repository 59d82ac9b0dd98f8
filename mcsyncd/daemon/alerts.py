"""Alerts: what is wrong with the daemon or its store as a whole, for status and terminal app. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from mcsyncd.api import AlertBody
from mcsyncd.daemon.store_gate import StoreGate
from mcsyncd.daemon.upload_limits import ExceededLimit
from mcsyncd.model.session import HALTED, Failure, Session
from mcsyncd.settings.schema import NAME_APPROVERS_HINT, Settings

_RESUME_HINT = "mcsyncd storage resume"
_SHOWN_WAITS = 5
"""Sessions that wait, in a status. Judgement: most wait for the same disk or store; more hide the rest."""


def list_alerts(settings: Settings, sessions: Iterable[Session]) -> list[AlertBody]:
    """Return the alerts that hold now, the worst first."""
    alerts = []
    if settings.review.approvers.names_nobody:
        alerts.append(
            AlertBody(
                code="nobody_may_decide",
                level="error",
                message="nobody may decide: the settings name no approver",
                hint=NAME_APPROVERS_HINT,
            )
        )
    waiting = [one for one in sessions if one.error is not None and one.state not in HALTED]
    return alerts + [_describe_wait(session) for session in waiting[:_SHOWN_WAITS]]


def build_store_failure(
    gate: StoreGate, opens_at: str | None = None, held: ExceededLimit | None = None
) -> Failure | None:
    """Return what a session that is being published waits for, if that is the store.

    `opens_at` is the time of day at which the settings allow uploads again, None where they do now; `held` is
    the limit that the next upload would exceed.
    """
    if gate.paused is not None:
        by, _ = gate.paused
        return Failure("publish", f"uploads are paused by {by}", _RESUME_HINT, retryable=True)
    if opens_at is not None:
        message = f"uploads wait until {opens_at}, by the timetable in the settings"
        return Failure("publish", message, "uploads.bandwidth has the hours", retryable=True)
    trouble = gate.trouble
    if trouble is not None:
        return Failure("publish", trouble.message, trouble.hint, retryable=True)
    if held is not None:
        return Failure("publish", f"uploads wait: {held.message}", held.hint, retryable=True)
    return None


def list_limit_alerts(held: ExceededLimit | None) -> list[AlertBody]:
    """Return the limit of the settings that holds uploads back, if one does."""
    if held is None:
        return []
    return [
        AlertBody(
            code="upload_limit", level="warning", message=f"uploads wait: {held.message}", hint=held.hint
        )
    ]


def list_store_alerts(gate: StoreGate) -> list[AlertBody]:
    """Return what keeps everything from being uploaded, if anything does."""
    if gate.paused is not None:
        by, at = gate.paused
        return [
            AlertBody(
                code="uploads_paused",
                level="warning",
                message=f"uploads are paused by {by}",
                hint=_RESUME_HINT,
                since=at,
            )
        ]
    return list_trouble(gate)


def list_trouble(gate: StoreGate, store: str = "") -> list[AlertBody]:
    """Return what is wrong with a store; `store` is the name of a further one, whose copies wait."""
    trouble = gate.trouble
    if trouble is None:
        return []
    return [
        AlertBody(
            code="store_unreachable" if trouble.passing else "store_refused",
            level="warning" if trouble.passing or store else "error",
            message=f"copies to {store} wait: {trouble.message}" if store else trouble.message,
            hint=trouble.hint,
            since=trouble.since,
            retry_at=gate.next_try_at,
        )
    ]


def _describe_wait(session: Session) -> AlertBody:
    assert session.error is not None
    return AlertBody(
        code="session_waits",
        level="warning",
        message=f"session {session.id} waits: {session.error.message}",
        hint=session.error.hint,
    )
