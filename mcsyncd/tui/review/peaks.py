"""A segment of one camera's peaks, and the moment in it where a nudge shows best. Pure numpy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mcsyncd.api import PeaksBody
from mcsyncd.tui.review.window import ViewWindow

Floats = NDArray[np.float64]

_MIN_LOUDNESS = 3.0 / 127.0
"""The least loudness (0..1) that a lane is scaled to: three steps of the int8 peaks.

Below it there is only quantisation noise, which would fill a silent lane.
"""

_LOUDNESS_PERCENTILE = 99.5
"""A lane is scaled to this percentile of its level, not to its maximum: one bump of the microphone
would flatten everything else. Judgement, from looking at distant cameras.
"""

_RISE_COLUMNS = 8
"""Columns before a moment whose mean level its own must exceed. Judgement: fewer take every ripple
for a rise, more take a swell for one.
"""


@dataclass(frozen=True, eq=False)
class PeaksSegment:
    """Peaks `low` and `high` (-1..1), `step_ms` apart from `start_ms` on the session clock.

    The camera is at the daemon's offset. Segments compare by identity: comparing the arrays would
    cost more than drawing them.
    """

    start_ms: float
    step_ms: float
    low: Floats
    high: Floats

    @classmethod
    def from_body(cls, body: PeaksBody) -> PeaksSegment:
        """Read the daemon's int8 pairs; if one list is longer, its end is dropped."""
        count = min(len(body.low), len(body.high))
        low, high = (
            np.clip(np.asarray(side[:count], dtype=np.float64) / 127.0, -1.0, 1.0)
            for side in (body.low, body.high)
        )
        return cls(body.start_ms, body.step_ms, low, high)

    @property
    def loudness(self) -> float:
        """The level that is drawn at full height, or a distant camera would be a flat line."""
        if not len(self.low):
            return 1.0
        return max(_MIN_LOUDNESS, float(np.percentile(compute_levels(self), _LOUDNESS_PERCENTILE)))

    @cached_property
    def onsets(self) -> PeaksSegment:
        """The same time as rises of the level, 0 to 1, in place of the level itself: what can be aligned."""
        rises = compute_rises(self)
        return PeaksSegment(self.start_ms, self.step_ms, np.zeros_like(rises), rises)

    def can_cover(self, window: ViewWindow, shift_ms: float) -> bool:
        """Return whether this holds all of `window` at its zoom, with the camera moved by `shift_ms`."""
        start = window.start_ms - shift_ms
        end = self.start_ms + self.step_ms * len(self.low)
        return self.step_ms == window.dot_ms and self.start_ms <= start and start + window.span_ms <= end

    def resample(self, window: ViewWindow, shift_ms: float = 0.0) -> tuple[Floats, Floats]:
        """Return (low, high), each shaped (dots,), with the camera moved later by `shift_ms`.

        Scaled to the loudness; silence where there are no peaks. Another zoom is sampled, not
        averaged: it is on screen only until the right peaks arrive.
        """
        at_ms = window.start_ms - shift_ms + window.dot_ms * (np.arange(window.dots) + 0.5) - self.start_ms
        index = np.floor(at_ms / self.step_ms).astype(np.int64)
        known = (index >= 0) & (index < len(self.low))
        index = np.where(known, index, 0)
        if not len(self.low):
            return np.zeros(window.dots), np.zeros(window.dots)
        scale = known / self.loudness
        return np.maximum(self.low[index] * scale, -1.0), np.minimum(self.high[index] * scale, 1.0)


def compute_levels(segment: PeaksSegment) -> Floats:
    """Return how far each pair reaches from silence, 0..1, shaped (columns,)."""
    levels: Floats = np.maximum(np.abs(segment.low), np.abs(segment.high))
    return levels


def compute_rises(segment: PeaksSegment) -> Floats:
    """Return how far the level of each column exceeds the mean of those before it, shaped (columns,).

    The unit is the segment's loudness.
    """
    levels = compute_levels(segment) / segment.loudness
    if not len(levels):
        return levels
    padded = np.concatenate([np.full(_RISE_COLUMNS, levels[0]), levels])
    sums = np.concatenate([[0.0], np.cumsum(padded)])
    mean = (sums[_RISE_COLUMNS : _RISE_COLUMNS + len(levels)] - sums[: len(levels)]) / _RISE_COLUMNS
    rises: Floats = np.maximum(levels - mean, 0.0)
    return rises


def find_sharpest_moment(reference: PeaksSegment, other: PeaksSegment | None = None) -> float:
    """Return the moment (ms on the session clock) of the sharpest rise that both cameras recorded.

    A clap shows an error of a few milliseconds, a swell in the music shows none. The other camera is
    only weighted by its level there: in a noisy room its own rise says little.
    """
    rises = compute_rises(reference)
    if not len(rises):
        return reference.start_ms
    if other is not None and len(other.low) == len(rises):
        rises = rises * np.minimum(compute_levels(other) / other.loudness, 1.0)
    return reference.start_ms + reference.step_ms * (float(np.argmax(rises)) + 0.5)
