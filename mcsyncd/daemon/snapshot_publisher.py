"""The snapshot publisher: each daily copy of the ledger goes to the store, too, when the store may be asked.

It keeps no session waiting: its failures close no gate, and it is tried again with the next daily copy.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path

import structlog

from mcsyncd.api import AlertBody
from mcsyncd.checks.ledger_snapshots import publish_snapshot
from mcsyncd.daemon.bounded_calls import run_in_thread
from mcsyncd.errors import McsyncError
from mcsyncd.publish.keys import slugify_host
from mcsyncd.publish.open_store import open_known_store
from mcsyncd.settings.active_config import ActiveConfig

log = structlog.get_logger("mcsyncd.ledger")


class SnapshotPublisher:
    """Publishes one copy at a time. `may_ask` tells whether the store may be asked now."""

    def __init__(self, config: Callable[[], ActiveConfig], may_ask: Callable[[], bool]) -> None:
        self._config = config
        self._may_ask = may_ask
        self._tried: Path | None = None
        self._error: McsyncError | None = None
        self.task: asyncio.Task[None] | None = None
        """The newest attempt. Nobody waits for it: a store that hangs must not stop the next copy."""

    def publish_copy(self, copy: Path) -> None:
        """Begin to publish a daily copy, unless that was tried. Called regularly.

        A copy that the store has costs two requests. While the store may not be asked, the copy waits.
        """
        is_busy = self.task is not None and not self.task.done()
        if copy != self._tried and not is_busy and self._may_ask():
            self._tried = copy
            self.task = asyncio.create_task(self._try_to_publish(copy))

    async def _try_to_publish(self, copy: Path) -> None:
        try:
            key = await run_in_thread(partial(_send_copy, copy, self._config()))
        except (McsyncError, OSError) as error:
            self._error = error if isinstance(error, McsyncError) else McsyncError(str(error))
            log.warning("the ledger's snapshot was not published", copy=str(copy), error=str(error))
            return
        self._error = None
        log.info("the ledger's snapshot was published", key=key)

    def list_alerts(self) -> list[AlertBody]:
        """Return what is wrong with the snapshots now."""
        if self._error is None:
            return []
        message = f"the ledger's snapshot was not published: {self._error.message}"
        hint = self._error.hint or "it is tried again with the next daily copy"
        return [AlertBody(code="snapshot_failed", level="warning", message=message, hint=hint)]


def _send_copy(copy: Path, config: ActiveConfig) -> str:
    store, keep = open_known_store(config.layout), config.settings.ledger.backups
    return publish_snapshot(copy, store, slugify_host(socket.gethostname()), keep)
