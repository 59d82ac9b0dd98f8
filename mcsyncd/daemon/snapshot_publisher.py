"""The snapshot publisher: each daily copy of the ledger goes to the stores, too, when they may be asked.

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
from mcsyncd.integrity.hashing import compute_digest
from mcsyncd.publish.keys import slugify_host
from mcsyncd.publish.open_store import open_known_store
from mcsyncd.settings.active_config import ActiveConfig

log = structlog.get_logger("mcsyncd.ledger")


class SnapshotPublisher:
    """Publishes one copy at a time. `may_ask` takes a store's name: may it be asked now?"""

    def __init__(self, config: Callable[[], ActiveConfig], may_ask: Callable[[str], bool]) -> None:
        self._config = config
        self._may_ask = may_ask
        self._tried: dict[str, Path] = {}
        self._sent: dict[str, str] = {}
        """The hash of the copy that each store got last, since the start."""
        self._errors: dict[str, McsyncError] = {}
        self.task: asyncio.Task[None] | None = None
        """The newest attempt. Nobody waits for it: a store that hangs must not stop the next copy."""

    def publish_copy(self, copy: Path) -> None:
        """Begin to publish a daily copy to the stores for which that was not tried. Called regularly.

        A copy that a store has costs two requests. While a store may not be asked, its copy waits.
        """
        if self.task is not None and not self.task.done():
            return
        stores = ("", *self._config().settings.further_stores)
        open_stores = [one for one in stores if copy != self._tried.get(one) and self._may_ask(one)]
        if open_stores:
            self._tried |= dict.fromkeys(open_stores, copy)
            self.task = asyncio.create_task(self._publish_to(copy, open_stores))

    async def _publish_to(self, copy: Path, stores: list[str]) -> None:
        for store in stores:
            await self._try_to_publish(copy, store)

    async def _try_to_publish(self, copy: Path, store: str) -> None:
        try:
            sha256 = await run_in_thread(lambda: compute_digest(copy).sha256)
            if self._sent.get(store) == sha256:
                return  # nothing has happened since: a daemon at rest costs a bucket no write
            key = await run_in_thread(partial(_send_copy, copy, self._config(), store))
        except (McsyncError, OSError) as error:
            self._errors[store] = error if isinstance(error, McsyncError) else McsyncError(str(error))
            log.warning(
                "the ledger's snapshot was not published", copy=str(copy), store=store, error=str(error)
            )
            return
        self._errors.pop(store, None)
        self._sent[store] = sha256
        log.info("the ledger's snapshot was published", key=key, store=store)

    def list_alerts(self) -> list[AlertBody]:
        """Return what is wrong with the snapshots now."""
        return [_describe_error(error) for error in self._errors.values()]


def _describe_error(error: McsyncError) -> AlertBody:
    message = f"the ledger's snapshot was not published: {error.message}"
    hint = error.hint or "it is tried again with the next daily copy"
    return AlertBody(code="snapshot_failed", level="warning", message=message, hint=hint)


def _send_copy(copy: Path, config: ActiveConfig, name: str) -> str:
    store, keep = open_known_store(config.layout, name), config.settings.ledger.backups
    return publish_snapshot(copy, store, slugify_host(socket.gethostname()), keep)
