"""Choose jointly, for all clips of a room, which correlation peaks are the direct paths.

The lags of three cameras add up to zero along the direct paths, which chance peaks of three pairs do
not. So the clips' shifts are chosen to maximise the sum over all pairs, by beam search. Each clip's
choice has a runner-up, compared window by window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcsyncd.sync.match import Lead
from mcsyncd.sync.window_correlation import MAX_LAG_SAMPLES, slice_lags

BLUR_SAMPLES = 3
"""Samples that a peak may be off and still count: around a loop, rounding and drift add up to some
samples."""
MIN_RIVAL_SAMPLES = 56
"""Samples, 7 ms. If one of two peaks closer than this is the direct path, both are right to half a frame,
with a millisecond left for the measurement's own error. Measured: with 3 ms, one at 3.1 ms held up a hall."""
_MIN_MOVE_T = 2.0
"""Paired t over all windows by which another choice must lead before clips are moved. Textbook two sigma;
lower follows noise in dry rooms."""
_PEAKS_PER_CLIP = 12
"""Peaks tried for each clip and branch. Judgement: a room has about as many strong echoes; more cost time."""
_BEAM_WIDTH = 48
"""Branches kept. Judgement: four times the peaks of a clip. Fewer may lose a choice that only a later clip
supports."""

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FirstArrivals:
    """The correlation of first arrivals in the clips x and y, along a line between them.

    `coefficients[w, j]` is the share of window w's energy that is common at lag `j - MAX_LAG_SAMPLES`.
    `profile[j]` is the magnitude of the mean over windows, each peak spread over `BLUR_SAMPLES`
    either side.
    """

    x: int
    y: int
    coefficients: Values
    profile: Values

    def select_lag(self, lag: int) -> Values:
        """Return each window's coefficient at `lag` samples, signed so that their mean is positive."""
        begin = min(max(0, lag + MAX_LAG_SAMPLES - BLUR_SAMPLES), 2 * MAX_LAG_SAMPLES)
        near = self.coefficients[:, begin : max(begin, lag + MAX_LAG_SAMPLES + BLUR_SAMPLES) + 1]
        mean = near.mean(axis=0)
        at = int(np.argmax(np.abs(mean)))
        return near[:, at] * (1.0 if mean[at] >= 0.0 else -1.0)


@dataclass(frozen=True, slots=True)
class DirectPathChoice:
    """How far a clip is moved on the reference clock, in samples, and how clear that choice is.

    `lead` is how far the best joint choice leads the best one in which this clip lies at least 7 ms
    elsewhere; there it lies `rival_samples` later than chosen.
    """

    shift_samples: int
    lead: Lead
    rival_samples: int


def choose_direct_paths(root: int, arrivals: Sequence[FirstArrivals]) -> dict[int, DirectPathChoice]:
    """Choose jointly where every clip lies that `arrivals` connect to `root`, which stays."""
    order = _order_clips(root, arrivals)
    best, unmoved = _beam_search(root, order, arrivals, None), dict.fromkeys([root, *order], 0)
    if _compute_lead(best, unmoved, arrivals).t < _MIN_MOVE_T:
        best = unmoved
    return {
        node: _build_choice(node, best, _beam_search(root, order, arrivals, (node, best[node])), arrivals)
        for node in order
    }


def _build_choice(
    node: int, best: dict[int, int], other: dict[int, int], arrivals: Sequence[FirstArrivals]
) -> DirectPathChoice:
    return DirectPathChoice(best[node], _compute_lead(best, other, arrivals), other[node] - best[node])


def _compute_lead(best: dict[int, int], other: dict[int, int], arrivals: Sequence[FirstArrivals]) -> Lead:
    """Return how far one joint choice leads another: all pairs' windows, paired."""
    ahead = [
        one.select_lag(_compute_lag(one, best)) - one.select_lag(_compute_lag(one, other))
        for one in arrivals
        if _is_connected(one, best)
    ]
    lead = sum(float(values.mean()) for values in ahead)
    error = sum(float(values.var(ddof=1)) / values.size for values in ahead if values.size > 1) ** 0.5
    return Lead(lead / max(_score_shifts(best, arrivals), 1e-9), lead / max(error, 1e-9))


def _order_clips(root: int, arrivals: Sequence[FirstArrivals]) -> list[int]:
    """Return the clips in the order in which pairs reach them from `root`, the strongest pair first."""
    reached, order = {root}, list[int]()
    while True:
        leaving = [one for one in arrivals if (one.x in reached) != (one.y in reached)]
        if not leaving:
            return order
        strongest = max(leaving, key=lambda one: (float(one.profile.max()), -one.x, -one.y))
        order.append(strongest.y if strongest.x in reached else strongest.x)
        reached.add(order[-1])


def _beam_search(
    root: int, order: Sequence[int], arrivals: Sequence[FirstArrivals], excluded: tuple[int, int] | None
) -> dict[int, int]:
    """Return the best shift of every clip, in samples: clip after clip, by the sum of its pairs' profiles.

    `excluded` is a clip and a shift that it must stay at least `MIN_RIVAL_SAMPLES` away from.
    """
    beam: list[tuple[float, dict[int, int]]] = [(0.0, {root: 0})]
    for node in order:
        own = [one for one in arrivals if node in {one.x, one.y}]
        longer = []
        for score, shifts in beam:
            sums = _sum_profiles(node, shifts, own)
            if excluded is not None and excluded[0] == node:
                sums[slice_lags(MIN_RIVAL_SAMPLES, excluded[1])] = -np.inf
            longer += [(score + height, {**shifts, node: shift}) for height, shift in _find_peaks(sums)]
        beam = sorted(longer, key=lambda one: (-one[0], tuple(one[1].values())))[:_BEAM_WIDTH]
    return beam[0][1]


def _sum_profiles(node: int, shifts: dict[int, int], arrivals: Sequence[FirstArrivals]) -> Values:
    """Return, for every shift of `node`, the sum of its pairs' profiles with the clips in `shifts`."""
    sums = np.zeros(2 * MAX_LAG_SAMPLES + 1)
    for one in arrivals:
        if one.y == node and one.x in shifts:
            sums += _shift_values(one.profile, shifts[one.x])
        elif one.x == node and one.y in shifts:
            sums += _shift_values(one.profile[::-1], shifts[one.y])
    return sums


def _shift_values(values: Values, by: int) -> Values:
    shifted = np.zeros(values.size)
    if by >= 0:
        shifted[by:] = values[: values.size - by]
    else:
        shifted[:by] = values[-by:]
    return shifted


def _find_peaks(sums: Values) -> list[tuple[float, int]]:
    """Return height and shift of the highest peaks, none within the blur of another."""
    remaining = sums.copy()
    peaks = []
    for _ in range(_PEAKS_PER_CLIP):
        at = int(np.argmax(remaining))
        if not np.isfinite(remaining[at]):
            break
        peaks.append((float(sums[at]), at - MAX_LAG_SAMPLES))
        remaining[slice_lags(2 * BLUR_SAMPLES, at - MAX_LAG_SAMPLES)] = -np.inf
    return peaks


def _is_connected(one: FirstArrivals, shifts: dict[int, int]) -> bool:
    return one.x in shifts and one.y in shifts


def _compute_lag(one: FirstArrivals, shifts: dict[int, int]) -> int:
    return shifts[one.y] - shifts[one.x]


def _score_shifts(shifts: dict[int, int], arrivals: Sequence[FirstArrivals]) -> float:
    """Return the sum of all pairs' profiles at the lags that `shifts` imply."""
    lags = [
        (one, _compute_lag(one, shifts) + MAX_LAG_SAMPLES) for one in arrivals if _is_connected(one, shifts)
    ]
    return sum(float(one.profile[at]) for one, at in lags if 0 <= at < one.profile.size)
