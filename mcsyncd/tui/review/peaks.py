"""A stretch of one camera's peaks, and the moment worth looking at in it. Pure numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcsyncd.api import PeaksBody
from mcsyncd.tui.review.window import ViewWindow

Floats = NDArray[np.float64]

_MIN_LOUDNESS = 3.0 / 127.0
"""No lane is blown up further than this: below it there is only the noise of the quantiser."""


@dataclass(frozen=True, eq=False)
class PeaksSegment:
    """Peaks (-1..1) `step_ms` apart from `start_ms`, on the session clock as the daemon has it.

    Two stretches are the same only if they are one: comparing arrays would cost more than drawing.
    """

    start_ms: float
    step_ms: float
    low: Floats
    high: Floats

    @classmethod
    def from_body(cls, body: PeaksBody) -> PeaksSegment:
        """Read the daemon's int8 pairs; a body of uneven length is cut to the shorter."""
        count = min(len(body.low), len(body.high))
        low, high = (
            np.clip(np.asarray(side[:count], dtype=np.float64) / 127.0, -1.0, 1.0)
            for side in (body.low, body.high)
        )
        return cls(body.start_ms, body.step_ms, low, high)

    @property
    def loudness(self) -> float:
        """The 99.5th percentile of the level: a lane is drawn to this, or a far camera is a flat line."""
        if not len(self.low):
            return 1.0
        return max(_MIN_LOUDNESS, float(np.percentile(compute_levels(self), 99.5)))

    def can_cover(self, window: ViewWindow, shift_ms: float) -> bool:
        """Tell whether all of `window` can be cut from here, at this zoom."""
        start = window.start_ms - shift_ms
        end = self.start_ms + self.step_ms * len(self.low)
        return self.step_ms == window.dot_ms and self.start_ms <= start and start + window.span_ms <= end

    def resample(self, window: ViewWindow, shift_ms: float = 0.0) -> tuple[Floats, Floats]:
        """Return (low, high) for every dot of `window`, with the camera moved later by `shift_ms`.

        Scaled to the loudness; silence where nothing is known.
        """
        at = window.start_ms - shift_ms + window.dot_ms * (np.arange(window.dots) + 0.5) - self.start_ms
        index = np.floor(at / self.step_ms).astype(np.int64)
        known = (index >= 0) & (index < len(self.low))
        index = np.where(known, index, 0)
        if not len(self.low):
            return np.zeros(window.dots), np.zeros(window.dots)
        scale = known / self.loudness
        return np.maximum(self.low[index] * scale, -1.0), np.minimum(self.high[index] * scale, 1.0)


def compute_levels(segment: PeaksSegment) -> Floats:
    """How far each pair reaches from silence, 0..1."""
    reach: Floats = np.maximum(np.abs(segment.low), np.abs(segment.high))
    return reach


def find_sharpest_moment(reference: PeaksSegment, other: PeaksSegment | None = None) -> float:
    """Return the moment (ms on the session clock) with the sharpest rise that both can hear.

    A clap shows an error of a few milliseconds; music that swells shows nothing. Rise is the
    level over the mean of the eight columns before it; the other camera only has to be awake
    there, since in noise its own rise says little.
    """
    loud = compute_levels(reference) / reference.loudness
    if not len(loud):
        return reference.start_ms
    padded = np.concatenate([np.full(8, loud[0]), loud])
    sums = np.concatenate([[0.0], np.cumsum(padded)])
    mean = (sums[8 : 8 + len(loud)] - sums[: len(loud)]) / 8.0
    rise = np.maximum(loud - mean, 0.0)
    if other is not None and len(other.low) == len(loud):
        rise = rise * np.minimum(compute_levels(other) / other.loudness, 1.0)
    return reference.start_ms + reference.step_ms * (float(np.argmax(rise)) + 0.5)
