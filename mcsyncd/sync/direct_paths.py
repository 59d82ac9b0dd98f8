"""Reverberant rooms: find the direct paths and measure all pairs along them.

In a room with cameras spread in it, a pair correlates at the difference of every path to one camera
and every path to the other, and the direct paths often do not make the highest peak. Two things
identify them. They arrive first, so only what rises above the ringing is correlated
(`WhitenedChannel.read_first_arrivals`). And they close around three cameras, so the placements of
all clips are moved, within 40 ms, to where all pairs together correlate most (`path_choice.py`). A
microphone array's steered response is searched in the same way (DiBiase 2000), over directions
instead of clock offsets.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcsyncd.sync.coarse_search import Line
from mcsyncd.sync.graph import Solution, SolvedPlacement
from mcsyncd.sync.match import Echo
from mcsyncd.sync.pair import Pair, map_in_threads, remeasure_pair
from mcsyncd.sync.path_choice import BLUR_SAMPLES, DirectPathChoice, FirstArrivals, choose_direct_paths
from mcsyncd.sync.recording import ANALYSIS_RATE_HZ, Recording
from mcsyncd.sync.whitening import WhitenedChannel
from mcsyncd.sync.window_correlation import correlate_windows, spread_windows, transform_windows

_MAX_WINDOWS = 24
"""Windows of each pair. Judgement: enough for a t statistic at a third of the cost of a match."""
_BLUR_FALL = 0.05
"""Share of a peak's height lost for each sample it is off. Judgement: exact agreement wins ties."""
_MIN_ECHO_RATIO = 0.3
"""Share of the highest peak. Measured: dry recordings have a second peak of 0.05 to 0.2. Lower spends time on
them, higher misses rooms."""
_MIN_ECHO_SIGNIFICANCE = 6.0
"""No unit. Judgement: twice what the highest of all lags reaches by chance."""


def resolve_direct_paths(
    recordings: Sequence[Recording], root: int, pairs: Sequence[Pair], solution: Solution
) -> tuple[list[Pair], dict[int, DirectPathChoice]]:
    """Choose the direct paths and measure all pairs again along them.

    Return the pairs, and the choice for each clip by index. Where no pair has an echo, the pairs are
    returned as they are, without choices.
    """
    placed = [pair for pair in pairs if _build_pair_line(pair, recordings, solution.placements) is not None]
    if not any(_has_echo(pair.match.echo) for pair in placed if pair.has_shared_sound):
        return list(pairs), {}
    arrivals = map_in_threads(lambda pair: _correlate_pair(pair, recordings, solution.placements), placed)
    choices = choose_direct_paths(root, [one for one in arrivals if one])
    placements = [
        _move_placement(before, choices.get(node)) for node, before in enumerate(solution.placements)
    ]
    remeasured = map_in_threads(
        lambda pair: remeasure_pair(pair, recordings, _build_pair_line(pair, recordings, placements)), pairs
    )
    return list(remeasured), choices


def correlate_first_arrivals(
    nodes: tuple[int, int], channels: tuple[WhitenedChannel, WhitenedChannel], line: Line
) -> FirstArrivals | None:
    """Correlate the first arrivals of two clips along `line`; None where they hardly overlap."""
    windows = spread_windows(line, channels[0].samples, channels[1].samples, _MAX_WINDOWS)
    if windows.starts.size == 0:
        return None
    y_windows = transform_windows(channels[1], windows, WhitenedChannel.read_first_arrivals)
    coefficients = correlate_windows(channels[0], line, y_windows).coefficient.astype(np.float64)
    mean = np.pad(np.abs(coefficients.mean(axis=0)), BLUR_SAMPLES)
    weights = 1.0 - _BLUR_FALL * np.abs(np.arange(-BLUR_SAMPLES, BLUR_SAMPLES + 1))
    profile = (np.lib.stride_tricks.sliding_window_view(mean, weights.size) * weights).max(axis=1)
    return FirstArrivals(*nodes, coefficients, profile)


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
    """Return the line between two clips that follows from their placements, in analysis-audio time."""
    x, y = placements[pair.x], placements[pair.y]
    return None if x is None or y is None else build_line(recordings[pair.x], recordings[pair.y], x, y)


def build_line(x: Recording, y: Recording, x_place: SolvedPlacement, y_place: SolvedPlacement) -> Line:
    """Return the line between two recordings, in time of their analysis audio, that their places imply."""
    start_x, start_y = x.start_us / 1e6, y.start_us / 1e6
    return Line(
        (y_place.map_time(start_y) - x_place.offset_s) / (1.0 + x_place.slope) - start_x,
        (1.0 + y_place.slope) / (1.0 + x_place.slope) - 1.0,
    )
