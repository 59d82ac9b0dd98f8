"""The throughput of a session's stage, measured: how much of it is done in a second."""

from __future__ import annotations

from collections import deque

from mcsyncd.daemon.session_progress import StageWork
from mcsyncd.model.schedule import Lane

_WINDOW_S = 180.0
"""Seconds that are looked back on. Judgement: on a line of 5 Mbit/s a part of 16 MiB takes half a minute, so
less would jump with each part; more, and a line that became slow still promises the old time."""
_LEAST_S = 2.0
"""Seconds of work before there is a throughput. Judgement: that of a shorter time is the start's."""
_GAP_S = 5.0
"""Seconds without a job after which the measurement begins anew: uploads that are paused are not slow."""
_DIP_S = 2.0
"""Seconds for which less may be done than before: a job has ended and its result is being recorded. After
that a job was stopped, and what it did is no longer counted."""


class ThroughputMeter:
    """Notes what was done when; `throughput` is the weight in a second, None while that is not known."""

    def __init__(self) -> None:
        self._lane: Lane | None = None
        self._samples: deque[tuple[float, float]] = deque()
        self._found: dict[str, float] = {}
        self._noted_at = 0.0

    def note(self, work: StageWork, now: float) -> None:
        """Take in what is done at `now`, seconds of the monotonic clock."""
        if work.lane is not self._lane or now - self._noted_at > _GAP_S:
            self._restart(work)
        self._noted_at = now
        self._found |= work.found
        moved = work.done - sum(self._found.values())
        if self._samples and moved < self._samples[-1][1]:
            if now - self._samples[-1][0] < _DIP_S:
                return
            self._restart(work)
            moved = work.done - sum(self._found.values())
        self._samples.append((now, moved))
        while now - self._samples[0][0] > _WINDOW_S:
            self._samples.popleft()

    def _restart(self, work: StageWork) -> None:
        self._lane = work.lane
        self._samples.clear()
        self._found = dict(work.found)

    @property
    def throughput(self) -> float | None:
        """What was done in a second of the last minutes; None while that is not known, or nothing."""
        if not self._samples:
            return None
        (began_at, before), (at, moved) = self._samples[0], self._samples[-1]
        return (moved - before) / (at - began_at) if at - began_at >= _LEAST_S and moved > before else None
