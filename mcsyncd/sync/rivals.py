"""Compare a match with its rivals: other alignments of the same two recordings.

The comparison is paired. On windows that both alignments explain: how far ahead is the best one, and
is that more than its scatter? A plain ratio of strengths escalates too many right alignments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mcsyncd.sync.coarse_search import Line
from mcsyncd.sync.line_fit import fit_line
from mcsyncd.sync.line_scoring import MIN_ACTIVE_SHARE, read_z_on_line, score_line, select_active
from mcsyncd.sync.match import Lead, Match, Rival
from mcsyncd.sync.recording import ANALYSIS_RATE_HZ
from mcsyncd.sync.whitening import WhitenedChannel
from mcsyncd.sync.window_correlation import (
    WindowCorrelations,
    WindowSpectra,
    correlate_windows,
    slice_lags,
    spread_windows,
    transform_windows,
)

_MAX_RIVALS = 4
"""Rivals kept. Judgement: the confidence uses the nearest one; the review screen lists all of them."""
_MAX_COMPARED = 6
"""Lines compared. Judgement: some of them turn out to be the best line or each other."""
_SAME_LINE_S = 0.006
"""Seconds. Two lines closer than this at both ends are the same. From the prototypes: less than the 8 ms that
counts as right, so a rival beyond it is a different answer."""
_MAX_PAIRED_WINDOWS = 24
"""Windows compared. Judgement: a third of all, enough for a t statistic at a third of the cost."""
_MIN_PAIRED_WINDOWS = 3
"""Windows. Below three, scatter means nothing; the rival is then scored on its own windows."""
_UNPAIRED_T = 5.0
"""Factor that makes a t of an unpaired lead. Judgement: assumes a scatter of a fifth of the strength."""
_MIN_REFIT_SHARE = 0.4
"""Share of the best one's strength from which a rival's line is fitted first. Judgement: weaker ones are no
danger, and fitting costs as much as comparing."""
_CLEAR_Z = 8.0
"""No unit: strength from which a rival that shares too few windows is measured by itself. Judgement: chance
reached 6 in the best of hundreds of lags. Lower, chance is scaled up and holds weak right answers back."""
_RIVAL_REACH_SAMPLES = 8
"""Samples, 1 ms: how far a rival's peak may be from its line. Wider than for the best line, so that the
comparison errs against it."""


def add_rivals(best: Match, lines: Sequence[Line]) -> Match:
    """Return `best` with its rivals: the first of `lines` that differ, the strongest first."""
    others = _select_rival_lines(best, lines)
    if not others:
        return best
    count = min(best.active_windows, _MAX_PAIRED_WINDOWS)
    chosen = np.unique(np.linspace(0, best.active_windows - 1, count).astype(int))
    y_windows = transform_windows(best.channels[1], best.windows.select(chosen), best.reader)
    best_z = read_z_on_line(best.correlations, best.fit.polarity)[chosen]
    compared = [_compare_rival(best, line, y_windows, best_z) for line in others]
    rivals = sorted(_drop_equal_lines(best, compared), key=lambda rival: -rival.strength)
    return replace(best, rivals=tuple(rivals[:_MAX_RIVALS]))


def add_unmeasured_rivals(best: Match, lines: Sequence[Line]) -> Match:
    """Return `best` with those of `lines` as rivals that had as much evidence in the coarse search.

    They are lines that could not be measured, because too little sounds along them: a click now and then.
    Where the best one only just could, they are as likely, and dropping them made any beat certain.
    """
    found = [
        _build_unpaired(best, line, best.strength * min(1.0, line.score / best.line.score))
        for line in _select_rival_lines(best, lines)
        if line.score > _MIN_REFIT_SHARE * best.line.score > 0.0
    ]
    rivals = sorted(_drop_equal_lines(best, [*best.rivals, *found]), key=lambda rival: -rival.strength)
    return replace(best, rivals=tuple(rivals[:_MAX_RIVALS])) if found else best


def _drop_equal_lines(best: Match, rivals: Sequence[Rival]) -> list[Rival]:
    """Drop what its fit has moved onto the best line, or onto a stronger rival: it is no other answer."""
    kept: list[Rival] = []
    for rival in sorted(rivals, key=lambda rival: -rival.strength):
        lines = [best.line, *(one.line for one in kept)]
        times = best.correlations.times
        if all(compute_distance_s(rival.line, line, times) > _SAME_LINE_S for line in lines):
            kept.append(rival)
    return kept


def compute_distance_s(one: Line, other: Line, times: NDArray[np.float64]) -> float:
    """Return how far two lines are apart at most, in seconds, from the first of `times` to the last."""
    return max(abs(one.map_time(float(time)) - other.map_time(float(time))) for time in (times[0], times[-1]))


def _select_rival_lines(best: Match, lines: Sequence[Line]) -> list[Line]:
    kept = [best.line]
    for line in lines:
        if all(compute_distance_s(line, other, best.correlations.times) > _SAME_LINE_S for other in kept):
            kept.append(line)
    return kept[1 : 1 + _MAX_COMPARED]


def _compare_rival(best: Match, line: Line, y_windows: WindowSpectra, best_z: NDArray[np.float64]) -> Rival:
    """Compare on the windows that both explain, or on the rival's own where those are too few."""
    x = best.channels[0]
    correlations = _mask_outside(x, correlate_windows(x, line, y_windows))
    both = correlations.active_share > MIN_ACTIVE_SHARE
    if both.any() and _compute_mean_peak(correlations.z[both]) > _MIN_REFIT_SHARE * best.strength:
        # Half a sample beside its peak, a rival would look a fifth weaker than it is.
        line = fit_line(correlations.select(both)).line
        correlations = _mask_outside(x, correlate_windows(x, line, y_windows))
        both = correlations.active_share > MIN_ACTIVE_SHARE
    if both.sum() < _MIN_PAIRED_WINDOWS:
        return _compare_unpaired(best, line)
    near = np.abs(correlations.z[both, slice_lags(_RIVAL_REACH_SAMPLES)])
    rival_z = near.max(axis=1).astype(np.float64)
    ahead = best_z[both] - rival_z
    error = float(ahead.std(ddof=1)) / float(np.sqrt(ahead.size)) + 1e-9
    mean = float(ahead.mean())
    return Rival(line, float(rival_z.mean()), Lead(mean / max(best.strength, 1e-9), mean / error))


def _compare_unpaired(best: Match, line: Line) -> Rival:
    scored = score_line(*best.channels, line)
    if scored is None or scored.strength < _CLEAR_Z:
        return _build_unpaired(best, line, scored.strength if scored else 0.0)
    # Along a slope that is not its own, a rival would look a third weaker than it is.
    line, strength = _measure_alone(best, scored.line)
    return _build_unpaired(best, line, strength)


def _measure_alone(best: Match, line: Line) -> tuple[Line, float]:
    """Return a line, fitted to windows of its own overlap, and its strength in windows as long as the best's.

    Those of a short overlap are short, and the z of a sound in common grows as the root of their length.
    """
    x, y = best.channels
    windows = spread_windows(line, x.samples, y.samples, _MAX_PAIRED_WINDOWS)
    y_windows = transform_windows(y, windows, best.reader)
    first = select_active(correlate_windows(x, line, y_windows))
    if first.times.size:
        line = fit_line(first).line
    near = select_active(correlate_windows(x, line, y_windows)).z[:, slice_lags(_RIVAL_REACH_SAMPLES)]
    strength = float(np.abs(near).max(axis=1).mean()) if near.size else 0.0
    return line, strength * float(np.sqrt(best.windows.samples / windows.samples))


def _build_unpaired(best: Match, line: Line, strength: float) -> Rival:
    lead = 1.0 - strength / max(best.strength, 1e-9)
    return Rival(line, strength, Lead(lead, _UNPAIRED_T * lead * float(np.sqrt(best.active_windows))))


def _compute_mean_peak(z: NDArray[np.float32]) -> float:
    return float(np.abs(z).max(axis=1).mean())


def _mask_outside(x: WhitenedChannel, correlations: WindowCorrelations) -> WindowCorrelations:
    """Return the same with windows marked inactive whose centre is outside of x."""
    end_s = x.samples / ANALYSIS_RATE_HZ
    inside = [0.0 <= correlations.line.map_time(float(time)) <= end_s for time in correlations.times]
    return replace(correlations, active_share=np.where(np.array(inside), correlations.active_share, 0.0))
