"""The daemon's API in this process, on a real socket: the real loop, ledger and handlers, but no workers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import aiohttp
from aiohttp import web

from line import CONFIG, ME, ROOT
from mcsyncd.api import ReloadBody
from mcsyncd.client import Client
from mcsyncd.daemon.accounts import AccountDirectory
from mcsyncd.daemon.api_socket import bind_api_socket
from mcsyncd.daemon.bounded_calls import BlockingCalls
from mcsyncd.daemon.client_gate import serve_app
from mcsyncd.daemon.cluster_monitor import ClusterMonitor
from mcsyncd.daemon.drop_scanner import DropScanner
from mcsyncd.daemon.event_hub import EventHub
from mcsyncd.daemon.ledger_monitor import LedgerMonitor
from mcsyncd.daemon.loop import SessionLoop
from mcsyncd.daemon.notifier import Notifier
from mcsyncd.daemon.progress_monitor import ProgressMonitor
from mcsyncd.daemon.publisher_monitor import PublisherMonitor
from mcsyncd.daemon.request_handler import RequestHandler
from mcsyncd.daemon.review_audio import ReviewAudio
from mcsyncd.daemon.review_frames import ReviewFrames
from mcsyncd.daemon.server import ApiServer
from mcsyncd.daemon.snapshot_publisher import SnapshotPublisher
from mcsyncd.daemon.store_surveyor import StoreSurveyor
from mcsyncd.model.events import SessionOpened
from mcsyncd.model.evolve import apply_event
from mcsyncd.model.session import Session
from mcsyncd.settings.active_config import ActiveConfig
from mcsyncd.store.ledger import Ledger


@dataclass
class ServedApi:
    """A running API: its socket, a client of it, plain HTTP, and the parts behind it."""

    socket: Path
    client: Client
    http: aiohttp.ClientSession
    app: web.Application
    loop: SessionLoop
    handler: RequestHandler
    monitor: LedgerMonitor
    surveyor: StoreSurveyor

    async def request(self, method: str, path: str, **options) -> tuple[int, dict]:
        """Return the status and the JSON body of an answer."""
        async with self.http.request(method, f"http://mcsyncd{path}", **options) as answer:
            return answer.status, await answer.json()


@asynccontextmanager
async def serve_api(
    home: Path,
    *histories: tuple,
    users: str = ME,
    accounts: AccountDirectory | None = None,
    check_s: float = 1.0,
    **limits: int,
) -> AsyncIterator[ServedApi]:
    """Serve the API over a ledger that holds a session for each of `histories` (its first event opens it)."""
    socket = home / "api.sock"
    config = _write_config(home, socket, users)
    with ThreadPoolExecutor(1) as thread:
        ledger = thread.submit(partial(Ledger, config.settings.paths.state, "test", check_s=check_s)).result()
        for events in histories:
            thread.submit(ledger.record, build_session(events), events).result()
        hub, files = EventHub(), BlockingCalls()
        loop = SessionLoop(ledger, thread, config, hub, slot_counts={})
        await loop.resume_sessions()
        scanner = DropScanner(lambda: config, loop, hub)
        snapshots = SnapshotPublisher(lambda: config, loop.store_gates.works)
        check = ledger.take_check()
        monitor = LedgerMonitor(loop.ledger, check, lambda: config.settings, snapshots)
        surveyor = StoreSurveyor(loop)
        handler = RequestHandler(
            loop,
            scanner,
            ProgressMonitor(loop, hub),
            hub,
            ledger_monitor=monitor,
            surveyor=surveyor,
            cluster=ClusterMonitor(lambda: config),
            publisher=PublisherMonitor(lambda: config.layout, loop.check_waiting_sessions),
            notifier=Notifier(loop, lambda: "ok"),
            accounts=accounts or AccountDirectory(),
            files=files,
        )
        review_audio = ReviewAudio(lambda: config.layout, files, loop.submit_fact)
        review_frames = ReviewFrames(lambda: config.layout, loop.submit_fact)
        app = ApiServer(
            handler, loop, review_audio, hub, review_frames=review_frames, reload=_reload, files=files
        ).build_app()
        http = aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=str(socket)))
        try:
            async with (
                serve_app(app, bind_api_socket(socket, ()), **limits),
                Client(socket) as client,
                http,
            ):
                with closing(hub), review_audio, review_frames:
                    yield ServedApi(socket, client, http, app, loop, handler, monitor, surveyor)
        finally:
            if check is not None:
                check.close()
            thread.submit(ledger.close).result()


def _write_config(home: Path, socket: Path, users: str) -> ActiveConfig:
    (home / "work").mkdir(parents=True, exist_ok=True)
    path = home / "config.yaml"
    path.write_text(
        CONFIG.format(
            work=home / "work",
            socket=socket,
            quiet="1s",
            conform="confident",
            users=users,
            profiles=ROOT / "profiles",
            storage="{kind: local, path: var/bucket}",
        )
    )
    return ActiveConfig.read(path)


def build_session(events: tuple) -> Session:
    opened, *later = events
    assert isinstance(opened, SessionOpened)
    session = Session(opened.id, opened.at)
    for event in later:
        session = apply_event(session, event)
    return session


async def _reload() -> ReloadBody:
    return ReloadBody(reloaded=True)
