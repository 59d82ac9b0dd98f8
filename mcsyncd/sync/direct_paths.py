"""Rooms: which of several peaks is the direct path, chosen for all pairs together.

In a room with cameras spread in it a pair of them correlates at every difference of an echo here
and an echo there, and the direct paths are often not the highest peak of a pair. Two things tell
them: they come first, so what is correlated here is only what rises above the ringing (`Ear.front`);
and they close: the three lags of three cameras add up to nothing, which chance peaks of three pairs
do not. So the places of all clips are moved, within 40 ms, to where all pairs together have most;
as the steered response of a microphone array is searched (DiBiase 2000), with clocks for directions.
The choice has a runner-up for each clip, compared window by window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcsyncd.sync import window_correlation as fine
from mcsyncd.sync.coarse_search import Line
from mcsyncd.sync.graph import Solution, SolvedPlacement
from mcsyncd.sync.match import Echo, Lead
from mcsyncd.sync.pair import Pair, map_in_threads, remeasure_pair
from mcsyncd.sync.recording import ANALYSIS_RATE_HZ, Recording
from mcsyncd.sync.whitening import WhitenedChannel
from mcsyncd.sync.window_correlation import MAX_LAG_SAMPLES

_MAX_WINDOWS = 24
_BLUR_SAMPLES = 3
"""Samples that a peak may be off and still count: lags add up to a sample here and there."""
MIN_RIVAL_SAMPLES = 24
"""3 ms: nearer peaks are one, or right in either case."""
_BLUR_FALL = 0.05
_MIN_ECHO_RATIO = 0.3
"""Below it the highest peak of a pair is the only one worth a name: dry recordings have 0.05 to 0.2."""
_MIN_ECHO_SIGNIFICANCE = 6.0
_MIN_MOVE_T = 2.0
"""How clearly another choice must be ahead before clips are moved: paired t over all windows."""
_PEAKS_PER_CLIP = 12
_BEAM_WIDTH = 48

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FirstArrivals:
    """What arrives first in the clips x and y, along a line between them.

    `table[w, j]` is the share of window w's energy that is common at lag (j - REACH) / RATE; `total[j]`
    the mean over windows, of either polarity, each peak spread over `_BLUR` samples either way.
    """

    x: int
    y: int
    coefficients: Values
    profile: Values

    def select_lag(self, lag: int) -> Values:
        """What every window has at `lag` samples, signed so that their mean is positive."""
        begin = min(max(0, lag + MAX_LAG_SAMPLES - _BLUR_SAMPLES), 2 * MAX_LAG_SAMPLES)
        near = self.coefficients[:, begin : max(begin, lag + MAX_LAG_SAMPLES + _BLUR_SAMPLES) + 1]
        mean = near.mean(axis=0)
        at = int(np.argmax(np.abs(mean)))
        return near[:, at] * (1.0 if mean[at] >= 0.0 else -1.0)


@dataclass(frozen=True, slots=True)
class DirectPathChoice:
    """How far a clip is moved on the reference clock, in samples, and how clearly.

    `lead` is that of the best joint choice on the best one that has this clip at least 3 ms
    elsewhere, with its scatter among the windows; `rival` is how much later than chosen that other
    choice has it.
    """

    shift_samples: int
    lead: Lead
    rival_samples: int


def correlate_first_arrivals(
    nodes: tuple[int, int], channels: tuple[WhitenedChannel, WhitenedChannel], line: Line
) -> FirstArrivals | None:
    """Look along `line` at what arrives first; None where the two hardly meet."""
    where = fine.spread_windows(line, channels[0].samples, channels[1].samples, _MAX_WINDOWS)
    if where.starts.size == 0:
        return None
    table = fine.correlate_windows(
        channels[0], line, fine.transform_windows(channels[1], where, WhitenedChannel.read_first_arrivals)
    ).coefficient.astype(np.float64)
    mean = np.pad(np.abs(table.mean(axis=0)), _BLUR_SAMPLES)
    slopes = 1.0 - _BLUR_FALL * np.abs(np.arange(-_BLUR_SAMPLES, _BLUR_SAMPLES + 1))
    total = (np.lib.stride_tricks.sliding_window_view(mean, slopes.size) * slopes).max(axis=1)
    return FirstArrivals(*nodes, table, total)


def resolve_direct_paths(
    recordings: Sequence[Recording], root: int, pairs: Sequence[Pair], solution: Solution
) -> tuple[list[Pair], dict[int, DirectPathChoice]]:
    """Measure all pairs again along the choice of all; return them and the choice by clip."""
    placed = [pair for pair in pairs if _build_pair_line(pair, recordings, solution.placements) is not None]
    if not any(_has_echo(pair.match.echo) for pair in placed if pair.has_shared_sound):
        return list(pairs), {}
    seen = map_in_threads(lambda pair: _correlate_pair(pair, recordings, solution.placements), placed)
    choices = choose_direct_paths(root, [one for one in seen if one])
    places = [_move_placement(place, choices.get(node)) for node, place in enumerate(solution.placements)]
    heard = map_in_threads(
        lambda pair: remeasure_pair(pair, recordings, _build_pair_line(pair, recordings, places)), pairs
    )
    return list(heard), choices


def _correlate_pair(
    pair: Pair, recordings: Sequence[Recording], placements: Sequence[SolvedPlacement | None]
) -> FirstArrivals | None:
    line = _build_pair_line(pair, recordings, placements)
    return correlate_first_arrivals((pair.x, pair.y), pair.match.channels, line) if line else None


def _has_echo(echo: Echo) -> bool:
    return echo.ratio > _MIN_ECHO_RATIO and echo.significance > _MIN_ECHO_SIGNIFICANCE


def _move_placement(
    placement: SolvedPlacement | None, choice: DirectPathChoice | None
) -> SolvedPlacement | None:
    if placement is None or choice is None:
        return placement
    return SolvedPlacement(placement.offset_s + choice.shift_samples / ANALYSIS_RATE_HZ, placement.slope)


def _build_pair_line(
    pair: Pair, recordings: Sequence[Recording], placements: Sequence[SolvedPlacement | None]
) -> Line | None:
    """Where the places of two clips put one against the other, in time of their analysis audio."""
    x, y = placements[pair.x], placements[pair.y]
    if x is None or y is None:
        return None
    start_x, start_y = recordings[pair.x].start_us / 1e6, recordings[pair.y].start_us / 1e6
    return Line(
        (y.map_time(start_y) - x.offset_s) / (1.0 + x.slope) - start_x,
        (1.0 + y.slope) / (1.0 + x.slope) - 1.0,
    )


def choose_direct_paths(root: int, arrivals: Sequence[FirstArrivals]) -> dict[int, DirectPathChoice]:
    """Choose for every clip that views connect to `root` where it lies, all views together."""
    order = _order_clips(root, arrivals)
    best, stay = _beam_search(root, order, arrivals, None), dict.fromkeys([root, *order], 0)
    if _compute_lead(best, stay, arrivals).t < _MIN_MOVE_T:
        best = stay
    return {
        node: _build_choice(node, best, _beam_search(root, order, arrivals, (node, best[node])), arrivals)
        for node in order
    }


def _build_choice(
    node: int, best: dict[int, int], other: dict[int, int], arrivals: Sequence[FirstArrivals]
) -> DirectPathChoice:
    return DirectPathChoice(best[node], _compute_lead(best, other, arrivals), other[node] - best[node])


def _compute_lead(best: dict[int, int], other: dict[int, int], arrivals: Sequence[FirstArrivals]) -> Lead:
    """How far one joint choice is ahead of another: all views' windows, paired."""
    ahead = [
        one.select_lag(_compute_lag(one, best)) - one.select_lag(_compute_lag(one, other))
        for one in arrivals
        if _is_connected(one, best)
    ]
    lead = sum(float(values.mean()) for values in ahead)
    error = sum(float(values.var(ddof=1)) / values.size for values in ahead if values.size > 1) ** 0.5
    return Lead(lead / max(_score_shifts(best, arrivals), 1e-9), lead / max(error, 1e-9))


def _order_clips(root: int, arrivals: Sequence[FirstArrivals]) -> list[int]:
    """The clips in the order in which views reach them, the strongest view first."""
    reached, order = {root}, list[int]()
    while True:
        ways = [one for one in arrivals if (one.x in reached) != (one.y in reached)]
        if not ways:
            return order
        way = max(ways, key=lambda one: (float(one.profile.max()), -one.x, -one.y))
        order.append(way.y if way.x in reached else way.x)
        reached.add(order[-1])


def _beam_search(
    root: int, order: Sequence[int], arrivals: Sequence[FirstArrivals], excluded: tuple[int, int] | None
) -> dict[int, int]:
    """Beam search: clip after clip, the best peaks of what its views to those before add up to.

    `barred` is a clip and a shift that it must not be near to.
    """
    beam: list[tuple[float, dict[int, int]]] = [(0.0, {root: 0})]
    for node in order:
        longer = []
        for score, shifts in beam:
            sums = _sum_profiles(node, shifts, arrivals)
            if excluded is not None and excluded[0] == node:
                sums[_slice_around(excluded[1], MIN_RIVAL_SAMPLES)] = -np.inf
            longer += [(score + height, {**shifts, node: shift}) for height, shift in _find_peaks(sums)]
        beam = sorted(longer, key=lambda one: (-one[0], tuple(one[1].values())))[:_BEAM_WIDTH]
    return beam[0][1]


def _sum_profiles(node: int, shifts: dict[int, int], arrivals: Sequence[FirstArrivals]) -> Values:
    """For shifts of `node` from -REACH to REACH: what its views to placed clips have together."""
    sums = np.zeros(2 * MAX_LAG_SAMPLES + 1)
    for one in arrivals:
        if one.y == node and one.x in shifts:
            sums += _shift_values(one.profile, shifts[one.x])
        elif one.x == node and one.y in shifts:
            sums += _shift_values(one.profile[::-1], shifts[one.y])
    return sums


def _shift_values(values: Values, by: int) -> Values:
    moved = np.zeros(values.size)
    if by >= 0:
        moved[by:] = values[: values.size - by]
    else:
        moved[:by] = values[-by:]
    return moved


def _find_peaks(sums: Values) -> list[tuple[float, int]]:
    left = sums.copy()
    found = []
    for _ in range(_PEAKS_PER_CLIP):
        at = int(np.argmax(left))
        if not np.isfinite(left[at]):
            break
        found.append((float(sums[at]), at - MAX_LAG_SAMPLES))
        left[_slice_around(at - MAX_LAG_SAMPLES, 2 * _BLUR_SAMPLES)] = -np.inf
    return found


def _slice_around(shift: int, width: int) -> slice:
    return slice(max(0, shift + MAX_LAG_SAMPLES - width), max(0, shift + MAX_LAG_SAMPLES + width + 1))


def _is_connected(one: FirstArrivals, shifts: dict[int, int]) -> bool:
    return one.x in shifts and one.y in shifts


def _compute_lag(one: FirstArrivals, shifts: dict[int, int]) -> int:
    return shifts[one.y] - shifts[one.x]


def _score_shifts(shifts: dict[int, int], arrivals: Sequence[FirstArrivals]) -> float:
    lags = [
        (one, _compute_lag(one, shifts) + MAX_LAG_SAMPLES) for one in arrivals if _is_connected(one, shifts)
    ]
    return sum(float(one.profile[at]) for one, at in lags if 0 <= at < one.profile.size)
