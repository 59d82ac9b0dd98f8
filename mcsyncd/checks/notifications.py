"""Check whether notifications could be sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mcsyncd.checks.check_result import CheckResult
from mcsyncd.notify.delivery import NotDelivered
from mcsyncd.notify.receivers import check_receiver
from mcsyncd.settings.active_config import ActiveConfig


def check_notifications(config: ActiveConfig, credential: Path | None = None) -> Iterator[CheckResult]:
    """Yield a result for each receiver; nothing is sent. `credential` is a file with the secret."""
    receivers = config.settings.notifications.to
    if not receivers:
        yield CheckResult("notifications", "ok", "none are sent: notifications.to names nobody")
    for receiver in receivers:
        try:
            check_receiver(config.settings, receiver, credential)
        except NotDelivered as error:
            yield CheckResult(f"notifications {receiver.key}", "warn", error.message, error.hint)
        else:
            said = "can be sent; to see it arrive: mcsyncd notify --test"
            yield CheckResult(f"notifications {receiver.key}", "ok", said)
