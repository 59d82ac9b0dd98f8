"""The daemon from start to stop: opens the edges, wires them to the loop, waits for signals."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import structlog
from aiohttp import web

from mcsyncd import __version__
from mcsyncd.api import ReloadBody
from mcsyncd.daemon.clock import scheduler
from mcsyncd.daemon.desk import Desk
from mcsyncd.daemon.hub import Hub
from mcsyncd.daemon.listening import Listening
from mcsyncd.daemon.live import Live
from mcsyncd.daemon.loop import Loop
from mcsyncd.daemon.progress import sweep
from mcsyncd.daemon.pulse import Pulse
from mcsyncd.daemon.server import Server
from mcsyncd.daemon.sockets import bound
from mcsyncd.daemon.storing import check
from mcsyncd.daemon.systemd import Notifier
from mcsyncd.daemon.watching import Watching
from mcsyncd.errors import ConfigError
from mcsyncd.store.ledger import Ledger

DRAIN_S = 20.0
"""How long running jobs may go on after SIGTERM; what is left is due again at the next start."""
_RETRY_TICK_S = 2.0
_HEARTBEAT_S = 10.0
_STORE_CHECK_S = 60.0
_SCAN_STUCK_S = 120.0

log = structlog.get_logger("mcsyncd")


def run(config: Path) -> None:
    """Run the daemon until SIGTERM or SIGINT. Raises McsyncError if it cannot start."""
    live = Live.read(config)
    asyncio.run(Service(live).run())


class Service:
    """Owns the edges of one daemon."""

    def __init__(self, live: Live) -> None:
        self._hub = Hub()
        self._live = live
        self._notify = Notifier()
        self._stop = asyncio.Event()
        self._endless: tuple[asyncio.Task[None], ...] = ()
        self._loop: Loop
        self._watching: Watching

    async def run(self) -> None:
        """Start, serve, drain."""
        async with AsyncExitStack() as edges:
            await self._open(edges)
            self._on_signals()
            self._notify.ready(f"mcsyncd {__version__}")
            log.info("ready", socket=str(self._live.settings.socket), version=__version__)
            await self._stop.wait()
            log.info("draining")
            self._notify.stopping()
            self._hub.close()
            await self._loop.drain(DRAIN_S)
        log.info("stopped")

    async def _open(self, edges: AsyncExitStack) -> None:
        live, hub = self._live, self._hub
        live.places.work.mkdir(parents=True, exist_ok=True)
        thread = edges.enter_context(ThreadPoolExecutor(1, "ledger"))
        running = asyncio.get_running_loop()
        ledger = await running.run_in_executor(thread, Ledger, live.settings.paths.state, __version__)
        edges.push_async_callback(_in_thread, thread, ledger)
        sweep(live.places.work / "progress")
        self._loop = Loop(ledger, thread, live, hub, slots=_slots())
        self._watching = Watching(lambda: self._loop.live, self._loop, hub)
        pulse = Pulse(self._loop, hub)
        listening = edges.enter_context(Listening(lambda: self._loop.live.places))
        desk = Desk(self._loop, self._watching, pulse, hub)
        server = Server(desk, self._loop, listening, hub, self.reload)
        await edges.enter_async_context(_serving(server.app(), live))
        await self._loop.resume()
        self._watching.arm()
        edges.callback(self._watching.disarm)
        await self._watching.look_once()
        self._endless = tuple(asyncio.create_task(work) for work in (self._watching.run(), pulse.run()))
        for task in self._endless:
            edges.push_async_callback(_ended, task)
        await self._housekeeping(edges, pulse)
        edges.push_async_callback(_ended, asyncio.create_task(self._loop.workers.warm()))

    async def _housekeeping(self, edges: AsyncExitStack, pulse: Pulse) -> None:
        async def store() -> None:
            pulse.storage_health = await asyncio.to_thread(check, self._loop.live.settings.storage)

        ticks = scheduler(
            (self._loop.tick, _RETRY_TICK_S),
            (pulse.heartbeat, _HEARTBEAT_S),
            (store, _STORE_CHECK_S),
            (self._feed_watchdog, self._notify.watchdog_s or 3600.0),
        )
        ticks.start()
        edges.callback(ticks.shutdown, wait=False)
        edges.push_async_callback(_ended, asyncio.create_task(store()))

    async def _feed_watchdog(self) -> None:
        """Say that we live: only if the ledger's thread answers and both endless tasks still run.

        A look at the drop folders that a dead network share holds up is the share's fault: it
        is said, not punished with a restart that would hang in the same place.
        """
        await self._loop.head()
        if any(task.done() for task in self._endless):
            log.error("a task of the daemon has ended")
            return
        silent_s = time.monotonic() - self._watching.looked_at
        if silent_s > _SCAN_STUCK_S:
            self._notify.status(f"a look at the drop folders hangs since {silent_s:.0f} s")
        self._notify.alive()

    def _on_signals(self) -> None:
        running = asyncio.get_running_loop()
        running.add_signal_handler(signal.SIGTERM, self._terminated)
        running.add_signal_handler(signal.SIGINT, self._terminated)
        running.add_signal_handler(signal.SIGHUP, lambda: _keep(asyncio.create_task(self.reload())))

    def _terminated(self) -> None:
        if self._stop.is_set():
            log.info("stopping at once")
            self._loop.workers.stop_all()
        self._stop.set()

    async def reload(self) -> ReloadBody:
        """Read the settings again. Bad ones change nothing and are said, every problem at once."""
        self._notify.reloading()
        try:
            fresh = await asyncio.to_thread(self._loop.live.reread)
        except ConfigError as error:
            problems = list(error.problems or (str(error),))
            log.warning("reload refused", problems=problems)
            self._notify.ready("reload refused: the settings are bad, the old ones stay in force")
            return ReloadBody(reloaded=False, problems=problems)
        self._loop.live = fresh
        self._watching.arm()
        self._loop.start_due()
        log.info("reloaded", config=str(fresh.path))
        self._notify.ready("reloaded")
        return ReloadBody(reloaded=True)


_kept: set[asyncio.Task[ReloadBody]] = set()


def _keep(task: asyncio.Task[ReloadBody]) -> None:
    """Hold on to a task that nobody awaits, or it may be collected while it runs."""
    _kept.add(task)
    task.add_done_callback(_kept.discard)


def _slots() -> int:
    """One job for each two cores, at least two: an encoder has threads of its own."""
    return max(2, (os.cpu_count() or 2) // 2)


async def _in_thread(thread: ThreadPoolExecutor, ledger: Ledger) -> None:
    await asyncio.get_running_loop().run_in_executor(thread, ledger.close)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@asynccontextmanager
async def _serving(app: web.Application, live: Live) -> AsyncIterator[None]:
    path = live.settings.socket
    listener = bound(path, live.settings.review.approvers.groups)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    site = web.SockSite(runner, listener)
    await site.start()
    try:
        yield
    finally:
        await runner.cleanup()
        path.unlink(missing_ok=True)
