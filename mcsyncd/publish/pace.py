"""How many parts are sent at the same time: a little more while all goes well, half after trouble."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

FIRST_LIMIT, MAX_LIMIT = 2, 6
"""Parts in flight at first and at most. Above two or three, R2 was observed to answer 500; above six, a
loopback server got no faster (measured: 8 slower than 4)."""
_CLEAN_S = 60.0
"""Seconds without trouble before one more part is sent at a time. Judgement: an overloaded bucket needs
seconds to recover; much longer, and a fast line stays unused for the first gigabytes."""
_SAME_TROUBLE_S = 2.0
"""Seconds within which several failures count as one: parts that were in flight together fail together."""


class Pace:
    """Additive increase, multiplicative decrease (as TCP's congestion avoidance, RFC 5681). Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._limit = FIRST_LIMIT
        self._changed_at = clock()
        self._trouble_at: float | None = None

    @property
    def limit(self) -> int:
        """How many parts may be in flight now."""
        with self._lock:
            if self._clock() - self._changed_at >= _CLEAN_S and self._limit < MAX_LIMIT:
                self._limit += 1
                self._changed_at = self._clock()
            return self._limit

    def note_trouble(self) -> None:
        """Halve the limit: the store asked to slow down, or did not answer."""
        with self._lock:
            now = self._clock()
            if self._trouble_at is None or now - self._trouble_at >= _SAME_TROUBLE_S:
                self._limit = max(1, self._limit // 2)
            self._trouble_at = self._changed_at = now
