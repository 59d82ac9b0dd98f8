"""Alerts: what is wrong with the daemon as a whole, for the status and the terminal app. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from mcsyncd.api import AlertBody
from mcsyncd.model.session import HALTED, Session
from mcsyncd.settings.schema import NAME_APPROVERS_HINT, Settings

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


def _describe_wait(session: Session) -> AlertBody:
    assert session.error is not None
    return AlertBody(
        code="session_waits",
        level="warning",
        message=f"session {session.id} waits: {session.error.message}",
        hint=session.error.hint,
    )
