"""One limit on what all uploads together send, whichever processes they run in."""

from __future__ import annotations

import fcntl
import math
import os
import struct
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from mcsyncd.model.timetable import Timetable

_GRANT_BYTES = 64 << 10
"""Bytes that are asked for at once. Judgement: 80 questions a second at 40 Mbit/s; much more, and a slow line
stands still between two of them."""
_BURST_S = 0.25
"""Seconds of the rate that may be sent at once after a pause. Judgement: less than a router buffers."""


class LineLimit:
    """The generic cell rate algorithm (ITU-T I.371) over a file that all uploading processes share.

    The file holds one number: when, on the machine's monotonic clock, the line is free again. A process that
    wants to send waits until then, and moves that moment by the time that its bytes take. Thread-safe.
    """

    def __init__(
        self,
        path: Path,
        timetable: Timetable,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._path = path
        self._timetable = timetable
        self._clock = clock
        self._sleep = sleep
        self._granted = 0
        self._lock = threading.Lock()

    def take(self, count: int) -> None:
        """Wait until `count` more bytes may be sent. Raises OSError if the shared file cannot be used."""
        if not self._timetable.spans:
            return
        with self._lock:  # the parts of one upload are sent by several threads
            asked = max(_GRANT_BYTES, count - self._granted) if self._granted < count else 0
            self._granted += asked - count
        if asked:
            self._sleep(self._reserve(asked))

    def _reserve(self, count: int) -> float:
        """Reserve the line for `count` bytes; return the seconds until it is free for them."""
        rate = self._timetable.choose_rate(read_minute_of_day())
        if rate == math.inf:
            return 0.0
        if rate == 0:
            return _BURST_S  # the daemon stops the job; until then, next to nothing is sent
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            now = self._clock()
            free_at = _read_moment(descriptor)
            # After a restart of the machine its clock begins again: what is far ahead is of another life.
            begin = max(free_at, now - _BURST_S) if free_at - now < 3600 else now
            os.pwrite(descriptor, struct.pack("d", begin + count / rate), 0)
        finally:
            os.close(descriptor)
        return max(0.0, begin - now)


def read_minute_of_day() -> int:
    """Return the local time as minutes since midnight: timetables are written for people's hours."""
    now = datetime.now().astimezone()
    return now.hour * 60 + now.minute


def _read_moment(descriptor: int) -> float:
    data = os.pread(descriptor, 8, 0)
    (moment,) = struct.unpack("d", data) if len(data) == 8 else (0.0,)
    return moment if math.isfinite(moment) else 0.0
