"""Match two recordings: choose the best of several lines and measure the evidence along it.

Significance decides whether two recordings share audio; strength decides where. Exactly repeating
music is significant at every repeat, but only at the true offset does the whole mixture correlate.
A sum over windows would prefer the repeat with the longest overlap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from mcsyncd.sync.channel_pairs import find_channel_conflict, rank_channel_pairs
from mcsyncd.sync.coarse_search import Line
from mcsyncd.sync.late_echo import find_earlier_arrival, mark_echoes
from mcsyncd.sync.line_fit import fit_line
from mcsyncd.sync.line_scoring import (
    MIN_ACTIVE_SHARE,
    PEAK_REACH_SAMPLES,
    ScoredLine,
    read_z_on_line,
    score_line,
    select_active,
)
from mcsyncd.sync.match import Echo, Match
from mcsyncd.sync.recording import ANALYSIS_RATE_HZ
from mcsyncd.sync.rivals import add_rivals, add_unmeasured_rivals, compute_distance_s
from mcsyncd.sync.transients import match_onsets
from mcsyncd.sync.whitening import WhitenedChannel
from mcsyncd.sync.window_correlation import (
    MAX_LAG_SAMPLES,
    AnalysisWindows,
    WhitenedReader,
    WindowCorrelations,
    correlate_windows,
    slice_lags,
    spread_windows,
    transform_windows,
)

_MAX_WINDOWS = 72
"""Windows a line is measured with. From the prototypes. Fewer raise the errors of offset and drift, more cost
time."""
_MAX_FINALISTS = 6
"""Lines measured with all windows. Judgement: scoring is rarely wrong by more ranks; each costs as much as
all scoring."""
_MIN_FINALIST_SHARE = 0.6
"""Share of the best score. Judgement: a line weaker than this in six windows is not the best in seventy."""
_MAX_ECHOES = 2
"""Echoes undone, one after the other: one at either camera."""
_STRONG_Z = 4.0
"""No unit: z of a window that counts as strong. Judgement: 3 sigma for one lag, more for the best of
seven."""
_MAX_MISSING_Z, _MIN_ELSEWHERE_Z = 3.0, 12.0
"""No unit: a window contradicts when its z on the line is below the first and another lag's above the second.
Judgement: chance reaches about 3 and 4; in between a window says nothing."""
_SIDELOBE_REACH_SAMPLES = 20
"""Samples, 2.5 ms, around the peak in which no echo is looked for. Judgement: a peak's own side lobes end
there; less takes them for echoes."""
_MEDIAN_TO_SIGMA = 0.6745
"""Factor: the median of |N(0, 1)|."""


def match_recordings(
    x: Sequence[WhitenedChannel], y: Sequence[WhitenedChannel], lines: Sequence[Line]
) -> Match | None:
    """Align y to x by the best of `lines` (`coarse_search.find_lines`).

    Return None where the recordings are not active together along any of them.
    """
    ranked = rank_channel_pairs(x, y, lines)
    channels = x[ranked[0].x], y[ranked[0].y]
    candidates = [score_line(*channels, line) for line in lines]
    scored = sorted((one for one in candidates if one is not None), key=lambda one: -one.strength)
    measured = [_measure_line(*channels, finalist.line) for finalist in _select_finalists(scored)]
    matches = [match for match in measured if match is not None]
    if not matches:
        return None
    best = max(matches, key=lambda match: match.strength)
    others = [one.line for one in scored] + [match.line for match in matches if match is not best]
    best = mark_echoes(_choose_first_arrival(add_rivals(best, others), others))
    unmeasured = [line for line, one in zip(lines, candidates, strict=True) if one is None]
    best = add_unmeasured_rivals(best, unmeasured)
    return replace(best, conflict=find_channel_conflict(best, ranked, (x, y), _measure_line))


def match_by_onsets(x: Sequence[WhitenedChannel], y: Sequence[WhitenedChannel]) -> Match | None:
    """Align y to x by a few transients (`transients.py`); None where no two of them are the same.

    The overlap counts the onsets' windows alone, so that what rests on one clap is as short as a clap.
    """
    found = [(one, (a, b)) for a, b in product(x, y) if (one := match_onsets(a, b)) is not None]
    if not found:
        return None
    best, channels = max(found, key=lambda one: one[0].windows.starts.size)
    match = _build_match(channels, WhitenedChannel.read_full_rate, best.correlations, best.windows)
    return replace(
        match,
        active_windows=match.active_windows + best.unmatched,
        contradicting_windows=best.unmatched,
        overlap_s=best.seconds,
        is_by_onsets=True,
    )


def _choose_first_arrival(best: Match, lines: Sequence[Line]) -> Match:
    """Return the match of the sound that arrived first, where an echo is louder (`late_echo.py`)."""
    for _ in range(_MAX_ECHOES):
        earlier = find_earlier_arrival(best)
        match = _measure_line(*best.channels, earlier.line) if earlier else None
        if match is None:
            break
        best = add_rivals(match, [best.line, *lines])
    return best


def measure_along_line(match: Match, line: Line) -> Match | None:
    """Measure the same two recordings along another line; None where they do not overlap there.

    Both with normal whitening and by first arrivals, and the stronger one is returned: a noisy
    recording rises little above its noise, and in a room the direct path is weak among its echoes.
    """
    readers = (WhitenedChannel.read_full_rate, WhitenedChannel.read_first_arrivals)
    measured = [_measure_line(*match.channels, line, reader) for reader in readers]
    matches = [one for one in measured if one is not None]
    if not matches:
        return None
    best = max(matches, key=lambda one: one.strength)
    # Closer rivals are within reach of the windows; the joint choice of all pairs judges those.
    min_distance_s = MAX_LAG_SAMPLES / ANALYSIS_RATE_HZ
    times = best.correlations.times
    others = [
        rival.line for rival in match.rivals if compute_distance_s(rival.line, line, times) > min_distance_s
    ]
    return replace(mark_echoes(add_rivals(best, others)), conflict=match.conflict)


def _select_finalists(scored: list[ScoredLine]) -> list[ScoredLine]:
    """Return those close enough to the best that more windows could change the order."""
    close = [one for one in scored if one.strength > _MIN_FINALIST_SHARE * scored[0].strength]
    return close[:_MAX_FINALISTS]


def _measure_line(
    x: WhitenedChannel,
    y: WhitenedChannel,
    line: Line,
    reader: WhitenedReader = WhitenedChannel.read_full_rate,
) -> Match | None:
    """Correlate many windows along `line`, fit, and correlate again along the fitted line."""
    windows = spread_windows(line, x.samples, y.samples, _MAX_WINDOWS)
    y_windows = transform_windows(y, windows, reader)
    first = select_active(correlate_windows(x, line, y_windows))
    if first.times.size == 0:
        return None
    second = correlate_windows(x, fit_line(first).line, y_windows)
    windows = windows.select(np.flatnonzero(second.active_share > MIN_ACTIVE_SHARE))
    second = select_active(second)
    return _build_match((x, y), reader, second, windows) if second.times.size else None


def _build_match(
    channels: tuple[WhitenedChannel, WhitenedChannel],
    reader: WhitenedReader,
    correlations: WindowCorrelations,
    windows: AnalysisWindows,
) -> Match:
    fit = fit_line(correlations)
    on_line = read_z_on_line(correlations, fit.polarity)
    magnitudes = np.abs(correlations.z)
    noise = np.maximum(1.0, np.median(magnitudes, axis=1) / _MEDIAN_TO_SIGMA)
    clear = on_line / noise
    contradicts = (clear < _MAX_MISSING_Z) & (magnitudes.max(axis=1) / noise > _MIN_ELSEWHERE_Z)
    return Match(
        channels=channels,
        reader=reader,
        line=fit.line,
        fit=fit,
        correlations=correlations,
        strength=float(on_line.mean()),
        strong_windows=int(np.sum(clear > _STRONG_Z)),
        active_windows=int(correlations.times.size),
        contradicting_windows=int(np.sum(contradicts)),
        overlap_s=_compute_overlap_s(fit.line, channels[0].samples, channels[1].samples),
        echo=_measure_echo(correlations),
        windows=windows,
        rivals=(),
    )


def _compute_overlap_s(line: Line, x_samples: int, y_samples: int) -> float:
    """Return the seconds of y that overlap x under `line`."""
    begin = max(0.0, -line.offset_s / (1.0 + line.slope))
    end = min(
        y_samples / ANALYSIS_RATE_HZ, (x_samples / ANALYSIS_RATE_HZ - line.offset_s) / (1.0 + line.slope)
    )
    return max(0.0, end - begin)


def _measure_echo(correlations: WindowCorrelations) -> Echo:
    profile = np.abs(correlations.z.mean(axis=0)).astype(np.float64)
    main = float(profile[slice_lags(PEAK_REACH_SAMPLES)].max())
    profile[slice_lags(_SIDELOBE_REACH_SAMPLES)] = 0.0
    height = float(profile.max())
    return Echo(height / max(main, 1e-9), height * float(np.sqrt(correlations.times.size)))
