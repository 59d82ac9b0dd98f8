"""Whether the publisher answers: looked at all the time, because uploads may be hours apart."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from mcsyncd.api import AlertBody
from mcsyncd.daemon.bounded_calls import CachedLookup
from mcsyncd.daemon.clock import utc_now
from mcsyncd.errors import StorageError
from mcsyncd.publish.distant_store import find_publisher_fault
from mcsyncd.settings.work_layout import WorkLayout

LOOK_S = 10.0
"""Seconds between two greetings. Judgement: one costs 10 ms; uploads go on so much later at most."""
_LIMIT_S = 12.0
"""Seconds that a look waits: longer than a greeting, which has a limit of its own."""

log = structlog.get_logger("mcsyncd.publisher")


class PublisherMonitor:
    """Used by the event loop alone. `go_on` is called when a publisher that was silent answers again."""

    def __init__(self, layout: Callable[[], WorkLayout], go_on: Callable[[], Awaitable[None]]) -> None:
        self._layout = layout
        self._go_on = go_on
        self._lookup = CachedLookup(lambda: find_publisher_fault(layout()))
        self._fault: StorageError | None = None
        self._since = ""

    @property
    def health(self) -> str | None:
        """`ok`, or what is wrong; None where the settings name no publisher."""
        if self._layout().publisher is None:
            return None
        return self._fault.message if self._fault is not None else "ok"

    async def look_on(self) -> None:
        """Greet the publisher, if the settings name one. Called regularly."""
        answer = await self._lookup.ask(_LIMIT_S)
        before, self._fault = self._fault, answer.value if answer is not None else self._fault
        if self._fault is not None and before is None:
            self._since = utc_now()
            log.warning("the publisher does not answer", error=str(self._fault))
        if self._fault is None and before is not None:
            log.info("the publisher answers again", since=self._since)
            await self._go_on()

    def add_alert(self, alerts: list[AlertBody]) -> list[AlertBody]:
        """Return the alerts with that of the publisher in the place of those that it is the cause of."""
        fault = self._fault
        if fault is None:
            return alerts
        others = [alert for alert in alerts if not alert.message.endswith(fault.message)]
        own = AlertBody(
            code="publisher_silent", level="error", message=fault.message, hint=fault.hint, since=self._since
        )
        return [own, *others]
