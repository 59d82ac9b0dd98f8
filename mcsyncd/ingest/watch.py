"""The kernel's folder events, used only as a wake-up call: something happened, so scan now.

The content of an event is never trusted (see `scan`). Without events, the periodic scans still find
everything, only later. That is why nothing here can make the daemon fail.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from watchdog.events import (
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

_WAKING_EVENTS: list[type[FileSystemEvent]] = [
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
]
"""Events that start a scan. Opening and closing for reading must not be among them: our own check for
writers does both, so that each scan would start the next one."""


def _release_observer(observer: BaseObserver | None) -> None:
    """Give back what an observer holds that could not start.

    It has an inotify instance from its construction on. One was lost at every scan while the drop folder
    was missing, up to the system's limit of 128 for the user, and with it the events of every daemon.
    """
    if observer is not None:
        with suppress(OSError, RuntimeError):
            observer.stop()


class DropWatcher(FileSystemEventHandler):
    """Calls `wake`, from its own thread, when something changes below `root`.

    `health` is "ok", or a sentence on why only the periodic scans are running.
    """

    def __init__(self, root: Path, wake: Callable[[], None]) -> None:
        self._root = root
        self._wake = wake
        self._observer: BaseObserver | None = None
        self._watched_root: tuple[int, int] | None = None
        self.health = "not started"

    def start(self) -> None:
        """Start watching. A missing folder or a lack of inotify instances is reported in `health`."""
        # While a card is copied quickly, watchdog logs pages of warnings about folders it missed.
        logging.getLogger("watchdog").setLevel(logging.ERROR)
        observer: BaseObserver | None = None
        try:
            observer = Observer()
            observer.schedule(self, str(self._root), recursive=True, event_filter=_WAKING_EVENTS)
            observer.start()
            self._watched_root = self._identify_root()
        except OSError as error:
            _release_observer(observer)
            self.health = f"no folder events ({error.strerror}): new files are found by periodic scans only"
            return
        self._observer = observer
        self.health = "ok"

    def stop(self) -> None:
        """Stop watching and wait up to 5 s for watchdog's threads."""
        observer, self._observer, self._watched_root = self._observer, None, None
        if observer is not None:
            with suppress(OSError):  # the root may have been removed, and its inotify descriptor with it
                observer.stop()
            observer.join(5.0)

    def renew(self) -> None:
        """Restart if the root was replaced or mounted over, or if the watch died. Call at every scan.

        Otherwise a folder that was deleted and created again never sends another event, although
        the observer reports that it is alive.
        """
        if self._observer is None or self._watched_root != self._identify_root() or not self._is_alive():
            self.stop()
            self.start()

    def on_any_event(self, event: FileSystemEvent) -> None:  # noqa: ARG002  # watchdog's signature; what an event says is not believed
        """Wake the scan."""
        self._wake()

    def _identify_root(self) -> tuple[int, int] | None:
        try:
            status = self._root.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def _is_alive(self) -> bool:
        observer = self._observer
        return (
            observer is not None
            and observer.is_alive()
            and all(emitter.is_alive() for emitter in observer.emitters)
        )
