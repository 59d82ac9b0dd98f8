"""The kernel's folder events, used as a mere waker: something happened, so look now.

What an event says is never believed (see `scan`); without any, the regular looks still find
everything, a little later. That is why nothing here can fail the daemon.
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

# Opening and closing for reading are left out: our own lease test does both, and would wake the
# look that causes it for ever.
_WAKING_EVENTS: list[type[FileSystemEvent]] = [
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
]


class DropWatcher(FileSystemEventHandler):
    """Calls `wake` (from a thread of its own) when something changes below `root`.

    `health` is "ok", or a sentence on why only the regular looks are at work.
    """

    def __init__(self, root: Path, wake: Callable[[], None]) -> None:
        self._root = root
        self._wake = wake
        self._observer: BaseObserver | None = None
        self._watched_root: tuple[int, int] | None = None
        self.health = "not started"

    def start(self) -> None:
        """Arm the watch. A folder that is missing, or too few inotify watches, is no error."""
        # A fast copy of a card makes watchdog log pages of warnings about folders it missed.
        logging.getLogger("watchdog").setLevel(logging.ERROR)
        observer = Observer()
        try:
            observer.schedule(self, str(self._root), recursive=True, event_filter=_WAKING_EVENTS)
            observer.start()
            self._watched_root = self._identify_root()
        except OSError as fault:
            self.health = f"no folder events ({fault.strerror}): files are found by the regular looks alone"
            return
        self._observer = observer
        self.health = "ok"

    def stop(self) -> None:
        """Disarm the watch and wait for its threads."""
        observer, self._observer, self._watched_root = self._observer, None, None
        if observer is not None:
            with suppress(OSError):  # the root may be gone, and its inotify descriptor with it
                observer.stop()
            observer.join(5.0)

    def renew(self) -> None:
        """Arm again where the root was replaced, mounted over, or the watch died. Call at every look.

        Without this a folder that was deleted and made again stays silent for ever, while the
        observer calls itself alive.
        """
        if self._observer is None or self._watched_root != self._identify_root() or not self._is_alive():
            self.stop()
            self.start()

    def on_any_event(self, event: FileSystemEvent) -> None:  # noqa: ARG002  # watchdog's signature; what an event says is not believed
        """Wake the look."""
        self._wake()

    def _identify_root(self) -> tuple[int, int] | None:
        try:
            found = self._root.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _is_alive(self) -> bool:
        observer = self._observer
        return (
            observer is not None
            and observer.is_alive()
            and all(emitter.is_alive() for emitter in observer.emitters)
        )
