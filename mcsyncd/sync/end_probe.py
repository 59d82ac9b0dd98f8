"""Look at both ends of what two clips share: a passage lost near an end puts only a few seconds elsewhere.

The windows of a match are long and lie side by side, so a few seconds at an end are one or two of them.
Here, short windows that overlap each other are correlated over seconds of lag. One that is clear
elsewhere, and nothing where the line puts it, contradicts the line. So do several that agree on another
lag, all of them up to the end, if none of the rest does: in a room or in music each of them alone is not
clear enough. Noise is clear nowhere, and an echo is there throughout.
"""

from __future__ import annotations

from collections.abc import Sequence
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
_CLEAR_WINDOWS = 4
"""Windows at either end, 7 s, one of which can contradict alone. Further in, the windows of the match see a
skip."""
_MAX_END_WINDOWS = 8
"""Windows at either end, 13 s, of which several can agree. Judgement: three windows of the match; more cost
time."""
_REACH_SAMPLES = 21 * COARSE_RATE_HZ // 8
"""Samples, 2.6 s, either side of the line. Judgement: longer losses make lines of their own in the coarse
search. With the window it fits a transform of 32 768."""
_MIN_ELSEWHERE_Z = 12.0
"""No unit: z elsewhere from which a window contradicts the line. As in `matching.py`; the highest of 21 000
lags reaches 4.5 by chance."""
_MIN_ELSEWHERE_RATIO = 3.0
"""Factor by which that z must exceed the one on the line. Judgement: a window with a third of its sound
before the skip still contradicts; an echo is never that much louder than what it came from."""
_POOL_SAMPLES = 6
"""Samples, 1.5 ms either side of a lag that count as at that lag. Judgement: the line is known to far less,
and the least skip that matters is half a frame, 8 ms."""
_LINE = _REACH_SAMPLES // _POOL_SAMPLES - 1
"""Pool, of twice that width and one every 1.5 ms, in whose middle the line is."""
_NEAR_POOLS = 5
"""Pools either side of the line, 7.5 ms, that are not elsewhere: what is lost then leaves the offset right to
half a frame. Measured: a clip was held up whose first seconds were 2.5 ms off."""
_CLEAR_Z = 4.0
"""No unit: z over its noise from which a window is on the line. As in `confidence.py`."""
_MIN_AGREEING = 2
"""Windows that must agree. Measured: one alone was 1.6 times as high elsewhere where nothing was lost."""
_MIN_AGREED_GAIN = 6.0
"""No unit: by how much z at their lag, summed over the windows, exceeds that on the line. Measured: 8.6 and
more for 19 to 186 ms lost in rooms; chance alone yields 4."""
_MIN_AGREED_RATIO = 1.4
"""Factor by which those windows must be higher at their lag, and the rest of the clip on the line. Measured:
1.7 and more where something was lost, with all of the rest on the line by 1.5; in 58 pairs of whole clips one
of the two was below 1.3, since an echo is there throughout."""
_MIN_OVERLAP_S = 15.0
"""Seconds of overlap from which ends are looked at. Judgement: twice what is looked at, so that a line rests
on more than its ends."""
_INNER_WINDOWS = 5
"""Windows between the ends in which a clear lag is looked for, too. Judgement: more than half of them tell a
room's echo, which is there throughout, from a skip, which is not."""
_ENERGY_SAMPLES = 10
"""Samples, 2.5 ms, over which energy is summed for the normalisation. Judgement, as in
`window_correlation.py`."""
_NOISE_STRIDE = 4
"""Lags of which one is looked at for the median. Judgement: 5 000 are plenty."""
_MEDIAN_TO_SIGMA = 0.6745
"""Factor: the median of |N(0, 1)|."""

Table = NDArray[np.float32]
"""|z|: one row a window, one column a lag or a pool of lags."""


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
    begin_s = max(0.0, -match.line.offset_s / (1.0 + match.line.slope))
    first, last = round(begin_s * COARSE_RATE_HZ), round((begin_s + match.overlap_s) * COARSE_RATE_HZ)
    count = min(_MAX_END_WINDOWS, ((last - first) // 2 - _WINDOW_SAMPLES) // _STEP_SAMPLES + 1)
    insets = np.arange(count) * _STEP_SAMPLES
    inner = np.linspace(first + insets[-1], last - insets[-1] - _WINDOW_SAMPLES, _INNER_WINDOWS)
    rest = _pool_lags(_correlate_at(match, inner.astype(int).tolist()))
    ends: tuple[tuple[Literal["first", "last"], NDArray[np.int64]], ...] = (
        ("first", first + insets),
        ("last", last - insets - _WINDOW_SAMPLES),
    )
    for end, starts in ends:
        found = _find_other_place(_correlate_at(match, starts.tolist()), rest)
        if found is not None:
            windows, lag_s = found
            return AstrayEnd(end, (int(insets[windows - 1]) + _WINDOW_SAMPLES) / COARSE_RATE_HZ, lag_s)
    return None


def _find_other_place(tables: Table, rest: Table) -> tuple[int, float] | None:
    """Return how many windows from an end inwards lie elsewhere, and how many seconds later; or None.

    `tables` has |z| of the windows of an end, the outermost first, `rest` the pools of some windows between
    the ends.
    """
    pools = _pool_lags(tables)
    for at, heights in enumerate(pools[:_CLEAR_WINDOWS]):
        pool = _find_highest(heights)
        is_clear = heights[pool] > max(_MIN_ELSEWHERE_Z, _MIN_ELSEWHERE_RATIO * _read_line(pools)[at])
        # What was lost leaves none nearer to the end on the line. Where most of the rest is there as well, it
        # is an echo, of which the line is the source.
        is_last = not np.any(_read_line(pools[:at]) > np.maximum(_CLEAR_Z, pools[:at, pool]))
        if is_clear and is_last and np.sum(rest[:, pool] > _read_line(rest)) <= len(rest) // 2:
            return at + 1, _read_lag(tables[at : at + 1], pool)
    found = _find_agreed_place(pools, rest)
    return found and (found[0], _read_lag(tables[: found[0]], found[1]))


def _find_agreed_place(end: Table, rest: Table) -> tuple[int, int] | None:
    """Return how many windows from an end inwards agree on another pool of lags, and which; or None."""
    on_line = _read_line(end)
    best, found = _MIN_AGREED_GAIN, None
    for windows in range(_MIN_AGREEING, len(end) + 1):
        pool = _find_highest(end[:windows].sum(axis=0))
        here, there = on_line[:windows], end[:windows, pool]
        gain = float(np.sum(there - here))
        # A window that reaches over the moment of the loss is partly at either place.
        others = np.concatenate([end[windows + 1 :], rest])
        if (
            gain > best
            and bool(np.all(there > here))
            and there.sum() > _MIN_AGREED_RATIO * here.sum()
            and _read_line(others).sum() > _MIN_AGREED_RATIO * others[:, pool].sum()
        ):
            best, found = gain, (windows, pool)
    return found


def _find_highest(heights: Table) -> int:
    """Return the highest pool that is not near the line."""
    elsewhere = heights.copy()
    elsewhere[_LINE - _NEAR_POOLS : _LINE + _NEAR_POOLS + 1] = 0.0
    return int(np.argmax(elsewhere))


def _read_line(pools: Table) -> Table:
    """Return each window's highest |z| on the line, and a pool on either side of it."""
    return np.asarray(pools[:, _LINE - 1 : _LINE + 2].max(axis=1), np.float32)


def _pool_lags(tables: Table) -> Table:
    """Return the highest |z| in pools of lags, over the noise of each window."""
    noise = np.maximum(1.0, np.median(tables[:, ::_NOISE_STRIDE], axis=1, keepdims=True) / _MEDIAN_TO_SIGMA)
    whole = tables.shape[1] // _POOL_SAMPLES
    halves = tables[:, : whole * _POOL_SAMPLES].reshape(len(tables), whole, _POOL_SAMPLES).max(axis=2) / noise
    return np.asarray(np.maximum(halves[:, :-1], halves[:, 1:]), np.float32)


def _read_lag(tables: Table, pool: int) -> float:
    """Return how many seconds from the line the highest lag in a pool is, over all windows."""
    begin = pool * _POOL_SAMPLES
    at = begin + int(np.argmax(tables[:, begin : begin + 2 * _POOL_SAMPLES].sum(axis=0)))
    return (at - _REACH_SAMPLES) / COARSE_RATE_HZ


def _correlate_at(match: Match, starts: Sequence[int]) -> Table:
    """Return |z| of each window of y from `starts` for every lag within reach of the line."""
    return np.stack([_correlate_near(match, start) for start in starts])


def _correlate_near(match: Match, start: int) -> Table:
    """Return |z| of one window."""
    x, y = match.channels
    near = y.read_half_rate(start, start + _WINDOW_SAMPLES)
    middle_s = (start + _WINDOW_SAMPLES / 2) / COARSE_RATE_HZ
    at = round(match.line.map_time(middle_s) * COARSE_RATE_HZ) - _WINDOW_SAMPLES // 2
    far = x.read_half_rate(at - _REACH_SAMPLES, at + _WINDOW_SAMPLES + _REACH_SAMPLES)
    return _correlate_window(far, near)


def _correlate_window(far: Table, near: Table) -> Table:
    """Return |z| of `near` at every place in `far`: corr(x, y) / sqrt(corr(x², y²))."""
    places = far.size - near.size + 1
    value = _correlate(far, near)[:places]
    # Energy varies slowly: pooled, it costs a tenth.
    pools = [one[: one.size // _ENERGY_SAMPLES * _ENERGY_SAMPLES] ** 2 for one in (far, near)]
    far_energy, near_energy = (one.reshape(-1, _ENERGY_SAMPLES).sum(axis=1) for one in pools)
    coarse = _correlate(far_energy, near_energy)[: far_energy.size - near_energy.size + 1] / _ENERGY_SAMPLES
    energy = np.interp(np.arange(places), np.arange(coarse.size) * _ENERGY_SAMPLES, coarse)
    floor = 0.02 * max(float(coarse.max()), 0.0) + 1.0
    return np.asarray(np.abs(value) / np.sqrt(np.maximum(energy, 0.0) + floor), np.float32)


def _correlate(far: Table, near: Table) -> Table:
    size = choose_fft_size(far.size)
    return invert_spectrum(compute_spectrum(far, size) * np.conj(compute_spectrum(near, size)), size)
