"""The daemon from start to stop: open the I/O adapters, connect them to the loop, wait for signals."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from aiohttp import web

from mcsyncd import __version__
from mcsyncd.api import ReloadBody
from mcsyncd.checks.ledger_history import require_known_history
from mcsyncd.daemon.accounts import AccountDirectory
from mcsyncd.daemon.api_socket import bind_api_socket
from mcsyncd.daemon.bounded_calls import BlockingCalls, CachedLookup, run_detached
from mcsyncd.daemon.client_gate import serve_app
from mcsyncd.daemon.clock import build_scheduler
from mcsyncd.daemon.cluster_monitor import LOOK_S as _CLUSTER_LOOK_S
from mcsyncd.daemon.cluster_monitor import ClusterMonitor
from mcsyncd.daemon.drop_scanner import SCAN_STUCK_S, DropScanner
from mcsyncd.daemon.event_hub import EventHub
from mcsyncd.daemon.ledger_monitor import LedgerMonitor
from mcsyncd.daemon.limit_guard import LimitGuard
from mcsyncd.daemon.loop import SessionLoop
from mcsyncd.daemon.notifier import LOOK_S as _NOTIFIER_LOOK_S
from mcsyncd.daemon.notifier import Notifier
from mcsyncd.daemon.original_monitor import LOOK_S as _ORIGINALS_LOOK_S
from mcsyncd.daemon.progress_monitor import ProgressMonitor
from mcsyncd.daemon.publisher_monitor import LOOK_S as _PUBLISHER_LOOK_S
from mcsyncd.daemon.publisher_monitor import PublisherMonitor
from mcsyncd.daemon.request_handler import RequestHandler
from mcsyncd.daemon.review_audio import ReviewAudio
from mcsyncd.daemon.review_frames import ReviewFrames
from mcsyncd.daemon.server import ApiServer
from mcsyncd.daemon.snapshot_publisher import SnapshotPublisher
from mcsyncd.daemon.store_keeper import StoreKeeper
from mcsyncd.daemon.store_surveyor import StoreSurveyor
from mcsyncd.daemon.systemd import SystemdNotifier
from mcsyncd.errors import ConfigError, LedgerUnavailable, Unavailable, is_passing
from mcsyncd.integrity.derived_file import make_folders
from mcsyncd.model.schedule import Lane
from mcsyncd.publish.open_store import check_named_store
from mcsyncd.settings.active_config import ActiveConfig
from mcsyncd.settings.stores import LocalStorage
from mcsyncd.store.ledger import Ledger
from mcsyncd.workers.process import keep_freed_memory, release_freed_memory
from mcsyncd.workers.progress import clear_progress_folder
from mcsyncd.workers.sandbox.support import list_gaps

DRAIN_S = 20.0
"""Seconds that running jobs get to finish after SIGTERM; the rest are due again at the next start.

Judgement, not measured: shorter, and more work is repeated after a restart. It must stay well below the
unit's TimeoutStopSec (90 s), or systemd kills the daemon while it drains.
"""
RETRY_TICK_S = 2.0
"""Seconds between two checks for jobs whose retry time has come: a retry is late by up to this much."""
_RELEASE_S = 60.0
"""Seconds between two returns of freed memory to the system, which take milliseconds. Measured: without
them, and with a heap for each thread, the gaps between what is in use grew by 50 kB a session."""
_HEARTBEAT_S = 10.0
"""Seconds between heartbeats: the client treats the daemon as gone after 30 s, three of them."""
_WRITE_CHECK_S = 5.0
"""Seconds between two attempts to write to a ledger that could not be written: it is shown as such for up to
this much longer than it is."""
_BACKUP_CHECK_S = 30.0
"""Seconds between two looks whether the ledger's copy of the day is there; the look costs one stat."""
_REFUSALS_S = 15.0
"""Seconds between two looks for refusals that have been counted long enough; a look costs nothing."""
_STORE_CHECK_S, _BUCKET_CHECK_S = 60.0, 3600.0
"""Seconds between two checks of a folder, and of a bucket. Judgement: each check of a bucket is a billed
request (class B), 24 a day at rest; while something is uploaded, the store gate knows better anyhow. Longer,
and an unreachable store is shown late."""
_STORE_CHECK_LIMIT_S = 45.0
"""Seconds that a check of the store may take. Judgement: it must be shorter than `_STORE_CHECK_S`,
so that a hanging store is reported before the next check; shorter still, and a slow one is, too."""
_NO_WATCHDOG_S = 3600.0
"""Seconds between runs of the watchdog check where there is no watchdog to notify; any long time will do."""

log = structlog.get_logger("mcsyncd")


def run_daemon(config: Path) -> None:
    """Run the daemon until SIGTERM or SIGINT. Raises McsyncError if it cannot start."""
    asyncio.run(Service(ActiveConfig.read(config)).run())


class Service:
    """Owns the I/O adapters of one daemon."""

    def __init__(self, config: ActiveConfig) -> None:
        self._hub = EventHub()
        self._config = config
        self._notify = SystemdNotifier()
        self._files = BlockingCalls()
        self._stop = asyncio.Event()
        self._started = asyncio.Event()
        self._background_loops: tuple[asyncio.Task[None], ...] = ()
        self._loop: SessionLoop
        self._drop_scanner: DropScanner
        self._surveyor: StoreSurveyor
        self._cluster: ClusterMonitor
        self._publisher: PublisherMonitor
        self._notifier: Notifier
        self._check_storage: Callable[[], Awaitable[None]]

    async def run(self) -> None:
        """Start, serve until a signal arrives, and drain."""
        keep_freed_memory()
        self._install_signal_handlers()
        async with AsyncExitStack() as edges:
            if not await self._start_unless_stopped(edges):
                log.info("stopped while starting")
                return
            self._started.set()
            self._notify.notify_ready(f"mcsyncd {__version__}")
            for gap in list_gaps():
                log.warning("decoders are not contained in full", missing=gap)
            log.info("the daemon is ready", socket=str(self._config.settings.socket), version=__version__)
            await self._stop.wait()
            log.info("draining: no new job starts, and what runs may end", seconds=DRAIN_S)
            self._notify.notify_stopping()
            self._hub.close()
            await self._loop.drain_jobs(DRAIN_S)
        log.info("the daemon has stopped")

    async def _start_unless_stopped(self, edges: AsyncExitStack) -> bool:
        """Open the adapters; return False if a signal came first. Raises McsyncError if it cannot start."""
        starting = asyncio.create_task(self._open_edges(edges))
        stopping = asyncio.create_task(self._stop.wait())
        await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
        await _cancel_task(stopping)
        if not starting.done():
            await _cancel_task(starting)
            return False
        starting.result()
        return True

    async def _open_edges(self, edges: AsyncExitStack) -> None:
        config, hub = self._config, self._hub
        _prepare_work_folder(config.layout.work)
        thread = edges.enter_context(ThreadPoolExecutor(1, "ledger"))
        running = asyncio.get_running_loop()
        open_ledger = partial(
            Ledger,
            config.settings.paths.state,
            __version__,
            require_history=partial(require_known_history, config.settings),
        )
        ledger = await running.run_in_executor(thread, open_ledger)
        edges.push_async_callback(_close_ledger, thread, ledger)
        self._loop = SessionLoop(ledger, thread, config, hub, slot_counts=_choose_slot_counts())
        edges.push_async_callback(self._loop.drain_jobs, 0.0)  # for a start that does not succeed
        self._drop_scanner = DropScanner(lambda: self._loop.config, self._loop, hub)
        progress_monitor = ProgressMonitor(self._loop, hub)
        ledger_monitor = LedgerMonitor(
            self._loop.ledger,
            ledger.take_check(),
            lambda: self._loop.config.settings,
            SnapshotPublisher(lambda: self._loop.config, self._loop.store_gates.works),
        )
        review_audio = edges.enter_context(
            ReviewAudio(lambda: self._loop.config.layout, self._files, self._loop.submit_fact)
        )
        review_frames = edges.enter_context(
            ReviewFrames(lambda: self._loop.config.layout, self._loop.submit_fact)
        )
        self._surveyor = StoreSurveyor(self._loop)
        self._cluster = ClusterMonitor(lambda: self._loop.config)
        edges.callback(self._cluster.end)
        self._publisher = PublisherMonitor(lambda: self._loop.config.layout, self._go_on_publishing)
        self._notifier = Notifier(self._loop, lambda: progress_monitor.storage_health)
        handler = RequestHandler(
            self._loop,
            self._drop_scanner,
            progress_monitor,
            hub,
            ledger_monitor=ledger_monitor,
            surveyor=self._surveyor,
            cluster=self._cluster,
            publisher=self._publisher,
            notifier=self._notifier,
            accounts=AccountDirectory(),
            files=self._files,
        )
        server = ApiServer(
            handler,
            self._loop,
            review_audio,
            hub,
            review_frames=review_frames,
            reload=self.reload_config,
            files=self._files,
        )
        await edges.enter_async_context(_serve_api(server.build_app(), config))
        await self._loop.resume_sessions()
        await self._drop_scanner.start_watch()
        edges.push_async_callback(self._drop_scanner.stop_watch)
        await self._drop_scanner.scan_once()
        limit_guard = LimitGuard(
            self._loop.workers,
            lambda: self._loop.config.settings.limits,
            lambda: progress_monitor.reports,
        )
        self._background_loops = tuple(
            asyncio.create_task(work)
            for work in (self._drop_scanner.run(), progress_monitor.run(), limit_guard.run())
        )
        for task in self._background_loops:
            edges.push_async_callback(_cancel_task, task)
        await self._start_housekeeping(edges, handler, progress_monitor, ledger_monitor)
        edges.push_async_callback(partial(handler.refusals.flush, everything=True))
        edges.push_async_callback(_cancel_task, asyncio.create_task(ledger_monitor.run_check()))

    async def _start_housekeeping(
        self,
        edges: AsyncExitStack,
        handler: RequestHandler,
        progress_monitor: ProgressMonitor,
        ledger_monitor: LedgerMonitor,
    ) -> None:
        store_check = CachedLookup(lambda: check_named_store(self._loop.config.layout))

        is_folder = isinstance(self._config.settings.storage, LocalStorage)

        async def check_storage() -> None:
            answer = await store_check.ask(_STORE_CHECK_LIMIT_S)
            if answer is not None:
                progress_monitor.storage_health = answer.value
            if answer is None or answer.compute_age_s(time.monotonic()) > _STORE_CHECK_LIMIT_S + 1:
                progress_monitor.storage_health = f"has not answered for {_STORE_CHECK_LIMIT_S:.0f} s"

        self._check_storage = check_storage
        ticks = build_scheduler(
            (self._loop.check_waiting_sessions, RETRY_TICK_S),
            (progress_monitor.send_heartbeat, _HEARTBEAT_S),
            (check_storage, _STORE_CHECK_S if is_folder else _BUCKET_CHECK_S),
            (self._loop.upload_guard.refresh, _STORE_CHECK_S),
            (StoreKeeper(self._loop).look_on, RETRY_TICK_S),
            (self._surveyor.look_on, _STORE_CHECK_S),
            (self._cluster.look_on, _CLUSTER_LOOK_S),
            (self._publisher.look_on, _PUBLISHER_LOOK_S),
            (self._notifier.look_on, _NOTIFIER_LOOK_S),
            (self._loop.ledger.try_to_write, _WRITE_CHECK_S),
            (handler.refusals.flush, _REFUSALS_S),
            (handler.originals.look_on, _ORIGINALS_LOOK_S),
            (ledger_monitor.make_backup, _BACKUP_CHECK_S),
            (_release_memory, _RELEASE_S),
            (self._feed_watchdog, self._notify.watchdog_s or _NO_WATCHDOG_S),
        )
        ticks.start()
        edges.callback(ticks.shutdown, wait=False)
        edges.push_async_callback(_cancel_task, asyncio.create_task(check_storage()))
        edges.push_async_callback(_cancel_task, asyncio.create_task(self._loop.upload_guard.refresh()))
        edges.push_async_callback(_cancel_task, asyncio.create_task(self._cluster.look_on()))
        edges.push_async_callback(_cancel_task, asyncio.create_task(self._publisher.look_on()))
        edges.push_async_callback(_cancel_task, asyncio.create_task(handler.originals.look_on()))

    async def _go_on_publishing(self) -> None:
        """Ask the stores at once: the publisher answers again."""
        self._loop.try_stores_now()
        await self._check_storage()

    async def _feed_watchdog(self) -> None:
        """Notify the watchdog if the ledger's thread answers and both background loops are running.

        A scan that hangs on a dead network share is only reported: a restart would hang at the same
        place.
        """
        with suppress(LedgerUnavailable):  # an answer, too: a restart would not mend the disk
            await self._loop.read_head()
        if any(task.done() for task in self._background_loops):
            log.error("a background loop of the daemon has ended")
            return
        silent_s = time.monotonic() - self._drop_scanner.scanned_at
        if silent_s > SCAN_STUCK_S:
            self._notify.set_status(f"the drop-folder scan has been stuck for {silent_s:.0f} s")
        self._notify.feed_watchdog()

    def _install_signal_handlers(self) -> None:
        running = asyncio.get_running_loop()
        running.add_signal_handler(signal.SIGTERM, self._handle_terminate)
        running.add_signal_handler(signal.SIGINT, self._handle_terminate)
        running.add_signal_handler(
            signal.SIGHUP, lambda: _keep_task_alive(asyncio.create_task(self._reload_once_started()))
        )

    def _handle_terminate(self) -> None:
        if self._stop.is_set() and self._started.is_set():
            log.info("stopping at once: jobs that run are due again at the next start")
            self._loop.workers.stop_all()
        self._stop.set()

    async def _reload_once_started(self) -> None:
        await self._started.wait()
        await self.reload_config()

    async def reload_config(self) -> ReloadBody:
        """Read the settings again; invalid ones change nothing, and all their problems are returned.

        Raises Unavailable if the settings file cannot be read in time.
        """
        self._notify.notify_reloading()
        try:
            fresh = await self._files.run(self._loop.config.read_again, "the settings file")
        except Unavailable as error:
            log.warning("reload failed", error=str(error))
            self._notify.notify_ready("reload failed: the settings file does not answer")
            raise
        except ConfigError as error:
            problems = list(error.problems or (str(error),))
            log.warning("reload refused", problems=problems)
            self._notify.notify_ready("reload refused: the settings are invalid, the old ones stay in force")
            return ReloadBody(reloaded=False, problems=problems)
        self._loop.apply_config(fresh)
        _keep_task_alive(asyncio.create_task(self._drop_scanner.start_watch()))
        _keep_task_alive(asyncio.create_task(self._cluster.look_on()))
        _keep_task_alive(asyncio.create_task(self._publisher.look_on()))
        log.info("the settings were read again", config=str(fresh.path))
        self._notify.notify_ready("reloaded")
        return ReloadBody(reloaded=True)


_background_tasks: set[asyncio.Task[Any]] = set()


def _keep_task_alive(task: asyncio.Task[Any]) -> None:
    """Keep a reference to a task that nobody awaits, or it may be garbage-collected while it runs."""
    _background_tasks.add(task)
    task.add_done_callback(_background_tasks.discard)


def _prepare_work_folder(work: Path) -> None:
    """Make the work folder and clear the reports of an earlier process, unless its disk fails now.

    Then its jobs wait for the disk, and the status says so. Raises OSError for what does not pass.
    """
    try:
        make_folders(work)
        clear_progress_folder(work / "progress")
    except OSError as error:
        if not is_passing(error):
            raise
        log.warning("the work folder cannot be used now", error=str(error))


def _choose_slot_counts() -> dict[Lane, int]:
    """Return the worker slots of each lane.

    Two at least of each, so that one slow file never blocks its lane; half the cores where the work is
    decoding, because decoders and encoders use threads. One for hashing, and one for large uploads: two
    readers of large files only take a disk from each other, and a line.
    """
    several = max(2, (os.cpu_count() or 2) // 2)
    return {
        Lane.INGEST: 2,
        Lane.ANALYSIS: several,
        Lane.HASHING: 1,
        Lane.ENCODING: several,
        Lane.PUBLISHING: 2,
        Lane.BULK_UPLOAD: 1,
        Lane.COPYING: 2,
        Lane.READING_BACK: 2,
    }


async def _close_ledger(thread: ThreadPoolExecutor, ledger: Ledger) -> None:
    await asyncio.get_running_loop().run_in_executor(thread, ledger.close)


async def _release_memory() -> None:
    run_detached(release_freed_memory)


async def _cancel_task(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@asynccontextmanager
async def _serve_api(app: web.Application, config: ActiveConfig) -> AsyncIterator[None]:
    path = config.settings.socket
    async with serve_app(app, bind_api_socket(path, config.settings.review.approvers.groups)):
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
