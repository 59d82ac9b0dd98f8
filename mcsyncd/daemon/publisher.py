"""The publisher: the process that has the network and the access keys, and asks the stores for the daemon.

It sends the daemon's notifications, too. It forks for each connection, from a process that has loaded the
client of the store and has no threads. So what is done on a connection ends with it, at once and whatever it
waits for; and a fault ends only one.
"""

from __future__ import annotations

import os
import select
import selectors
import signal
import socket
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path

import structlog

from mcsyncd import __version__
from mcsyncd.daemon.accounts import read_peer_uid
from mcsyncd.daemon.api_socket import bind_api_socket
from mcsyncd.daemon.systemd import SystemdNotifier
from mcsyncd.errors import ConfigError, StorageError, StoreOffline, StoreRefused
from mcsyncd.notify.receivers import answer_receiver
from mcsyncd.publish import publisher_messages as messages
from mcsyncd.publish.distant_store import PUBLISHER_UNIT, compute_stores_digest
from mcsyncd.publish.line_limit import LineLimit
from mcsyncd.publish.message_stream import NoMessage, Received, receive_message, send_message
from mcsyncd.publish.object_store import ObjectStore
from mcsyncd.publish.open_store import open_store
from mcsyncd.publish.publisher_messages import clean_text
from mcsyncd.publish.store_service import StoreService, build_fault
from mcsyncd.settings.load import load_settings
from mcsyncd.settings.schema import Settings
from mcsyncd.settings.stores import R2Storage
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.workers.process import die_with_parent

_MAX_CONNECTIONS = 32
"""Connections at once. The daemon has a dozen: one for each job, and those of its checks. Judgement: with
many more, a daemon gone wrong would fill the memory of this unit."""
_GREETING_S = 10.0
"""Seconds that a caller may take for its greeting. Judgement: it is sent at once; longer, and silent callers
hold the connections."""
_TICK_S = 10.0
"""Seconds between two turns of the loop where nothing happens and no watchdog asks for more."""
_POLLRDHUP = getattr(select, "POLLRDHUP", 0x2000)
"""poll(2): the other end has closed the connection. Python leaves the name out on some systems."""

log = structlog.get_logger("mcsyncd.publisher")


def run_publisher(config: Path) -> None:
    """Run the publisher until SIGTERM or SIGINT. Raises McsyncError if it cannot start."""
    PublisherProcess(config).run()


class PublisherProcess:
    """Accepts the daemon's connections, and has a child of its own answer each."""

    def __init__(self, config: Path) -> None:
        self._config = config
        self._settings = load_settings(config)
        path = self._settings.uploads.publisher
        if path is None:
            raise ConfigError(
                f"{config}: names no publisher",
                f"set uploads.publisher to the path of its socket: /run/{PUBLISHER_UNIT}/publish.sock",
            )
        self._path = path
        self._read_state = _stat_file(config)
        self._notify = SystemdNotifier()
        self._children: set[int] = set()
        self._daemon_uid: int | None = None
        self._stopping = False

    def run(self) -> None:
        """Serve until a signal comes. What runs then ends, and goes on with the next start."""
        if any(isinstance(one, R2Storage) for one in self._settings.stores):
            import mcsyncd.publish.r2  # noqa: F401, PLC0415  # loaded once, for all children
        wake, woken = socket.socketpair()
        for end in (wake, woken):
            end.setblocking(False)
        signal.set_wakeup_fd(woken.fileno())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._handle_stop)
        for number in (signal.SIGCHLD, signal.SIGHUP):  # changed settings are read with the next connection
            signal.signal(number, lambda *_: None)
        with wake, woken, bind_api_socket(self._path, (), "uploads.publisher") as listener:
            listener.setblocking(False)
            self._notify.notify_ready(f"{PUBLISHER_UNIT} {__version__}")
            log.info("the publisher is ready", socket=str(self._path), version=__version__)
            try:
                self._serve(listener, wake)
            finally:
                self._path.unlink(missing_ok=True)
                self._notify.notify_stopping()
        log.info("the publisher has stopped")

    def _handle_stop(self, *_: object) -> None:
        self._stopping = True

    def _serve(self, listener: socket.socket, wake: socket.socket) -> None:
        tick_s = min(_TICK_S, self._notify.watchdog_s or _TICK_S)
        with selectors.DefaultSelector() as events:
            events.register(listener, selectors.EVENT_READ)
            events.register(wake, selectors.EVENT_READ)
            while not self._stopping:
                ready = {key.fileobj for key, _ in events.select(tick_s)}
                if wake in ready:
                    with suppress(BlockingIOError):
                        wake.recv(4096)
                self._reap_children()
                self._notify.feed_watchdog()
                if listener in ready:
                    self._accept(listener)

    def _accept(self, listener: socket.socket) -> None:
        try:
            connection, _ = listener.accept()
        except OSError as error:
            log.warning("a connection was not accepted", error=str(error))
            return
        with connection:
            connection.setblocking(True)
            uid = read_peer_uid(connection)
            if not self._may_ask(uid):
                hint = "run the command as the user of mcsyncd, or as root"
                _refuse(
                    connection, StoreRefused(f"{PUBLISHER_UNIT} answers only mcsyncd, not uid {uid}", hint)
                )
            elif len(self._children) >= _MAX_CONNECTIONS:
                said = f"{PUBLISHER_UNIT} has {_MAX_CONNECTIONS} connections, and takes no more"
                _refuse(connection, StoreOffline(said, "it is tried again by itself"))
            else:
                self._read_settings_again()
                self._fork(connection, listener)

    def _may_ask(self, uid: int) -> bool:
        """Tell whether a caller is the daemon, which owns the work folder, or root.

        The folder is asked once: it may lie on a share, and that may hang.
        """
        if self._daemon_uid is None:
            with suppress(OSError):
                self._daemon_uid = self._settings.paths.work.stat().st_uid
        return uid in {0, self._daemon_uid}

    def _fork(self, connection: socket.socket, listener: socket.socket) -> None:
        parent = os.getpid()
        child = os.fork()
        if child:
            self._children.add(child)
            return
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            die_with_parent(parent)
            listener.close()
            serve_connection(connection, self._settings)
            status = 0
        except Exception:
            log.exception("a connection failed")
        finally:
            os._exit(status)

    def _reap_children(self) -> None:
        while self._children:
            try:
                ended, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                self._children.clear()
                return
            if not ended:
                return
            self._children.discard(ended)

    def _read_settings_again(self) -> None:
        """Take over the limits of a settings file that has changed; folders and stores need a restart."""
        state = _stat_file(self._config)
        if state == self._read_state:
            return
        self._read_state = state
        try:
            fresh = load_settings(self._config)
        except (ConfigError, OSError) as error:
            log.warning("the settings are invalid, the old ones stay in force", error=str(error))
            return
        kept = {"stores": self._settings.stores, "paths": self._settings.paths}
        self._settings = fresh.model_copy(update=kept)
        log.info("the settings were read again", config=str(self._config))


def serve_connection(connection: socket.socket, settings: Settings) -> None:
    """Answer one caller until it hangs up; then this process ends, whatever it is doing."""
    connection.settimeout(_GREETING_S)
    try:
        greeting = receive_message(connection, messages.REQUESTS)
        if greeting is None:
            return
        refusal = find_refusal(greeting, settings)
        if refusal is not None:
            _refuse(connection, refusal)
            return
        send_message(connection, messages.Welcome(version=__version__))
        connection.settimeout(None)
        threading.Thread(target=_end_with, args=(connection,), daemon=True).start()
        service = StoreService(
            partial(_open_named, settings),
            settings.ledger.backups,
            partial(answer_receiver, settings.notifications),
        )
        while (asked := receive_message(connection, messages.REQUESTS)) is not None:
            _answer(connection, service, asked)
    except NoMessage as error:
        log.warning("what came is no request", error=str(error))
    except (ConnectionError, TimeoutError):
        return  # the caller left


def _refuse(connection: socket.socket, why: StorageError) -> None:
    log.warning("a caller was refused", error=why.message)
    with suppress(OSError):
        send_message(connection, build_fault(why))


def _answer(connection: socket.socket, service: StoreService, asked: Received[messages.Request]) -> None:
    try:
        for answer, document in service.answer(asked, partial(send_message, connection)):
            if isinstance(answer, messages.Fault):
                log.warning("a request failed", ask=asked.message.ask, error=answer.message)
            send_message(connection, answer, document)
    finally:
        if asked.descriptor is not None:
            os.close(asked.descriptor)


def _end_with(connection: socket.socket) -> None:
    """End this process when the caller hangs up: it may be waiting for a store that does not answer."""
    poll = select.poll()
    poll.register(connection, _POLLRDHUP)
    poll.poll()
    os._exit(0)


def find_refusal(greeting: Received[messages.Request], settings: Settings) -> StoreRefused | None:
    """Return why a caller gets nothing from this publisher; None if it does."""
    asked = greeting.message
    if not isinstance(asked, messages.Greet):
        return StoreRefused(f"{PUBLISHER_UNIT} was not greeted", "this is a fault of mcsyncd: report it")
    hint = f"systemctl restart mcsyncd {PUBLISHER_UNIT}"
    if asked.version != __version__:
        said = clean_text(asked.version, 64)
        return StoreRefused(f"{PUBLISHER_UNIT} is version {__version__}, mcsyncd is {said}", hint)
    if asked.stores != compute_stores_digest(settings.stores):
        return StoreRefused(f"{PUBLISHER_UNIT} has other stores in its settings than mcsyncd", hint)
    return None


def _open_named(settings: Settings, name: str) -> ObjectStore:
    """Open a store by its name in the ledger. Raises what the store raises."""
    layout, path = WorkLayout.from_settings(settings), settings.uploads.publisher
    assert path is not None
    return open_store(layout.find_store(name), limit=LineLimit(path.with_suffix(".line"), layout.timetable))


def _stat_file(path: Path) -> tuple[int, ...]:
    """Return what changes with a file; nothing if it is not there."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return (found.st_ino, found.st_size, found.st_mtime_ns)
