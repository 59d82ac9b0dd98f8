"""Alerts: what is wrong with the daemon as a whole, for the status and the terminal app. Pure."""

from __future__ import annotations

from mcsyncd.api import AlertBody
from mcsyncd.settings.schema import NAME_APPROVERS_HINT, Settings


def list_alerts(settings: Settings) -> list[AlertBody]:
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
    return alerts
