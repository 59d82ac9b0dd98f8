"""Look at both ends of what two clips share: a passage lost near an end puts only a few seconds elsewhere.

The windows of a match are long and lie side by side, so a few seconds at an end are one or two of them.
Here, short windows that overlap each other are correlated over seconds of lag. One that is clear
elsewhere, and nothing where the line puts it, contradicts the line. Noise is not clear anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mcsyncd.sync.match import Match
from mcsyncd.sync.transform import choose_fft_size, compute_spectrum, invert_spectrum
from mcsyncd.sync.votes import COARSE_RATE_HZ

_WINDOW_SAMPLES = 5 * COARSE_RATE_HZ // 2
"""Samples at 4 kHz, 2.5 s. Judgement: long enough for a clear peak, short enough to lie wholly behind a skip
3 s before the end."""
_STEP_SAMPLES = 3 * COARSE_RATE_HZ // 2
"""Samples, 1.5 s, from one window to the next. Judgement: they overlap by two fifths, so that none straddles
a skip without another that does not."""
_WINDOWS = 4
"""Windows at either end: 7 s. Further in, the windows of the match see a skip."""
_REACH_SAMPLES = 21 * COARSE_RATE_HZ // 8
"""Samples, 2.6 s, either side of the line. Judgement: longer losses make lines of their own in the coarse
search. With the window it fits a transform of 32 768."""
_ON_LINE_SAMPLES = 6
"""Samples, 1.5 ms: what counts as on the line. Judgement: the line is known to far less, and the least skip
that matters is half a frame, 8 ms."""
_MIN_ELSEWHERE_Z = 12.0
"""No unit: z elsewhere from which a window contradicts the line. As in `matching.py`; the highest of 21 000
lags reaches 4.5 by chance."""
_MIN_ELSEWHERE_RATIO = 3.0
"""Factor by which that z must exceed the one on the line. Judgement: a window with a third of its sound
before the skip still contradicts; an echo is never that much louder than what it came from."""
_MIN_OVERLAP_S = 15.0
"""Seconds of overlap from which ends are looked at. Judgement: twice what is looked at, so that a line rests
on more than its ends."""
_INNER_WINDOWS = 5
"""Windows between the ends in which a clear lag is looked for, too. Judgement: more than half of them tell a
room's echo, which is there throughout, from a skip, which is not."""
_MEDIAN_TO_SIGMA = 0.6745
"""Factor: the median of |N(0, 1)|."""


@dataclass(frozen=True, slots=True)
class AstrayEnd:
    """An end of y that lies `later_s` later in x than the line puts it; at least its last `seconds`."""

    end: Literal["first", "last"]
    seconds: float
    later_s: float


def find_astray_end(match: Match) -> AstrayEnd | None:
    """Return an end that lies elsewhere than the line of a match; None where both ends fit it."""
    if match.overlap_s < _MIN_OVERLAP_S:
        return None
    begin = max(0.0, -match.line.offset_s / (1.0 + match.line.slope))
    first, last = round(begin * COARSE_RATE_HZ), round((begin + match.overlap_s) * COARSE_RATE_HZ)
    for number in range(_WINDOWS):
        inset = number * _STEP_SAMPLES
        for end, start in (("first", first + inset), ("last", last - inset - _WINDOW_SAMPLES)):
            lag = _find_other_place(match, start)
            if lag is not None and not _lies_there_throughout(match, first, last, lag):
                seconds = (inset + _WINDOW_SAMPLES) / COARSE_RATE_HZ
                return AstrayEnd("first" if end == "first" else "last", seconds, lag / COARSE_RATE_HZ)
    return None


def _find_other_place(match: Match, start: int) -> int | None:
    """Return how many samples later than on the line a window of y clearly lies.

    None where it lies on the line, or nowhere clearly.
    """
    z = _correlate_at(match, start)
    sigma = max(1.0, float(np.median(z)) / _MEDIAN_TO_SIGMA)
    best = int(np.argmax(z))
    if z[best] > max(_MIN_ELSEWHERE_Z * sigma, _MIN_ELSEWHERE_RATIO * _read_peak(z, 0)):
        return best - _REACH_SAMPLES
    return None


def _lies_there_throughout(match: Match, first: int, last: int, lag: int) -> bool:
    """Whether what lies between the ends is there as well: an echo then, of which the line is the source."""
    inset = _WINDOWS * _STEP_SAMPLES
    starts = np.linspace(first + inset, last - inset - _WINDOW_SAMPLES, _INNER_WINDOWS).astype(int)
    found = [_correlate_at(match, start) for start in starts.tolist()]
    return sum(_read_peak(z, lag) > _read_peak(z, 0) for z in found) > _INNER_WINDOWS // 2


def _correlate_at(match: Match, start: int) -> NDArray[np.float32]:
    """Return |z| of the window of y at `start` for every lag within reach of the line."""
    x, y = match.channels
    near = y.read_half_rate(start, start + _WINDOW_SAMPLES)
    middle_s = (start + _WINDOW_SAMPLES / 2) / COARSE_RATE_HZ
    at = round(match.line.map_time(middle_s) * COARSE_RATE_HZ) - _WINDOW_SAMPLES // 2
    far = x.read_half_rate(at - _REACH_SAMPLES, at + _WINDOW_SAMPLES + _REACH_SAMPLES)
    return _correlate_window(far, near)


def _read_peak(z: NDArray[np.float32], lag: int) -> float:
    """Return the highest z at a lag from the line, in samples."""
    at = _REACH_SAMPLES + lag
    return float(z[max(0, at - _ON_LINE_SAMPLES) : at + _ON_LINE_SAMPLES + 1].max())


def _correlate_window(far: NDArray[np.float32], near: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return |z| of `near` at every place in `far`: corr(x, y) / sqrt(corr(x², y²))."""
    size = choose_fft_size(far.size)
    places = far.size - near.size + 1
    value = invert_spectrum(compute_spectrum(far, size) * np.conj(compute_spectrum(near, size)), size)
    energy = invert_spectrum(compute_spectrum(far**2, size) * np.conj(compute_spectrum(near**2, size)), size)
    floor = np.float32(0.02 * max(float(energy[:places].max()), 0.0) + 1.0)
    variance = np.maximum(energy[:places], 0.0) + floor
    return np.asarray(np.abs(value[:places]) / np.sqrt(variance), np.float32)
