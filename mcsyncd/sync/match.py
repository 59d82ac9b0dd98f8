"""Two recordings: their best alignment, its rivals, and the evidence for and against.

Significance decides whether two recordings share sound, strength decides where: an exactly
repeating piece of music is significant at every repeat, but only at the true place the whole
mixture coheres. A sum over windows would prefer the repeat with the longer overlap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mcsyncd.sync import window_correlation as fine
from mcsyncd.sync.coarse_search import Line
from mcsyncd.sync.line_fit import LineFit, find_ridge, fit_line
from mcsyncd.sync.recording import ANALYSIS_RATE_HZ
from mcsyncd.sync.whitening import WhitenedChannel
from mcsyncd.sync.window_correlation import (
    MAX_LAG_SAMPLES,
    AnalysisWindows,
    WhitenedReader,
    WindowCorrelations,
    WindowSpectra,
)

_HINT_WINDOWS = 6
_MAX_WINDOWS = 72
_MAX_FINALISTS = 4
_MIN_FINALIST_SHARE = 0.6
_MAX_RIVALS = 4
_MAX_PAIRED_WINDOWS = 24
_MIN_PAIRED_WINDOWS = 3
_MIN_REFIT_SHARE = 0.4
_SAME_LINE_S = 0.006
_MIN_ACTIVE_SHARE = 0.2
_PEAK_REACH_SAMPLES = 3
_SIDELOBE_REACH_SAMPLES = 20
STRONG_Z = 4.0


@dataclass(frozen=True, slots=True)
class Lead:
    """How far ahead of another alignment the best is: as a share of itself, and over its own scatter.

    `t` is a paired t statistic on the windows that both explain.
    """

    share: float
    t: float


@dataclass(frozen=True, slots=True)
class Rival:
    """Another alignment that explains some of the sound.

    `strength` is its mean significance a window, `lead` by how much the best alignment is ahead.
    """

    line: Line
    strength: float
    lead: Lead


@dataclass(frozen=True, slots=True)
class Echo:
    """The second peak within 40 ms of the best one, averaged along the line.

    `ratio` is its height as a share of the best one's, `significance` that height over what the mean of
    so many windows has by chance: the highest of all lags without an echo has about 3.
    """

    ratio: float
    significance: float


@dataclass(frozen=True, slots=True)
class Match:
    """What was found between x and y: `line` takes time in y to time in x (analysis audio).

    `ears` are the channels of x and of y that cohere most, `heard` the way they were listened to.
    """

    channels: tuple[WhitenedChannel, WhitenedChannel]
    reader: WhitenedReader
    line: Line
    fit: LineFit
    correlations: WindowCorrelations
    strength: float
    strong_windows: int
    active_windows: int
    contradicting_windows: int
    overlap_s: float
    echo: Echo
    windows: AnalysisWindows
    rivals: tuple[Rival, ...]


def match_recordings(
    x: Sequence[WhitenedChannel], y: Sequence[WhitenedChannel], lines: Sequence[Line]
) -> Match | None:
    """Align y to x by the best of `lines` (see `coarse`). None when none is worth a look."""
    x_ear, y_ear = _choose_channels(x, y, lines)
    glances = [_score_line(x_ear, y_ear, line) for line in lines]
    hints = sorted((hint for hint in glances if hint is not None), key=lambda hint: -hint.strength)
    finals = [
        full for full in (_measure_line(x_ear, y_ear, hint.line) for hint in _select_finalists(hints)) if full
    ]
    if not finals:
        return None
    best = max(finals, key=lambda final: final.strength)
    rest = [hint.line for hint in hints] + [final.line for final in finals if final is not best]
    return _add_rivals(best, rest)


def measure_along_line(match: Match, line: Line) -> Match | None:
    """Measure the same two recordings along another line; None where they do not meet there.

    As usual and by what arrives first, whichever shows more: a noisy recording rises little above
    its noise, and in a room the direct path is little beside its echoes.
    """
    ways = [
        _measure_line(*match.channels, line, heard)
        for heard in (WhitenedChannel.read_full_rate, WhitenedChannel.read_first_arrivals)
    ]
    measured = [way for way in ways if way is not None]
    if not measured:
        return None
    best = max(measured, key=lambda way: way.strength)
    # Nearer than the windows reach, the choice of all pairs together has its own runner-up.
    rest = [
        one.line
        for one in match.rivals
        if _compute_distance_s(one.line, line, best.correlations.times) > MAX_LAG_SAMPLES / ANALYSIS_RATE_HZ
    ]
    return _add_rivals(best, rest)


@dataclass(frozen=True, slots=True)
class _ScoredLine:
    """A hypothesis after a first glance at few windows."""

    line: Line
    strength: float


def _score_line(x: WhitenedChannel, y: WhitenedChannel, line: Line) -> _ScoredLine | None:
    where = fine.spread_windows(line, x.samples, y.samples, _HINT_WINDOWS)
    glance = _select_active(fine.correlate_windows(x, line, fine.transform_windows(y, where)))
    if glance.times.size == 0:
        return None
    better = find_ridge(glance)
    lags = (
        MAX_LAG_SAMPLES
        + (better.offset_s - line.offset_s + (better.slope - line.slope) * glance.times) * ANALYSIS_RATE_HZ
    )
    near = np.clip(np.rint(lags).astype(int)[:, None] + np.arange(-4, 5), 0, 2 * MAX_LAG_SAMPLES)
    height = np.abs(np.take_along_axis(glance.z, near, axis=1)).max(axis=1)
    return _ScoredLine(better, float(height.mean()))


def _select_finalists(hints: list[_ScoredLine]) -> list[_ScoredLine]:
    """Those near enough to the best that a thorough look could turn the order."""
    return [hint for hint in hints if hint.strength > _MIN_FINALIST_SHARE * hints[0].strength][
        :_MAX_FINALISTS
    ]


def _choose_channels(
    x: Sequence[WhitenedChannel], y: Sequence[WhitenedChannel], lines: Sequence[Line]
) -> tuple[WhitenedChannel, WhitenedChannel]:
    """The pair of channels that coheres most: a lavalier on one track may hear what the other does not."""
    best = (-1.0, 0, 0)
    for one, x_ear in enumerate(x if len(x) * len(y) > 1 else ()):
        for other, y_ear in enumerate(y):
            hints = [_score_line(x_ear, y_ear, line) for line in lines[:2]]
            best = max(best, (max((hint.strength for hint in hints if hint), default=0.0), -one, -other))
    return x[-best[1]], y[-best[2]]


def _measure_line(
    x: WhitenedChannel,
    y: WhitenedChannel,
    line: Line,
    reader: WhitenedReader = WhitenedChannel.read_full_rate,
) -> Match | None:
    """Look along `line` with many windows, fit, and look again along the fitted line."""
    where = fine.spread_windows(line, x.samples, y.samples, _MAX_WINDOWS)
    said = fine.transform_windows(y, where, reader)
    first = _select_active(fine.correlate_windows(x, line, said))
    if first.times.size == 0:
        return None
    second = fine.correlate_windows(x, fit_line(first).line, said)
    where = where.select(np.flatnonzero(second.active_share > _MIN_ACTIVE_SHARE))
    second = _select_active(second)
    return _build_match((x, y), reader, second, where) if second.times.size else None


def _build_match(
    channels: tuple[WhitenedChannel, WhitenedChannel],
    reader: WhitenedReader,
    correlations: WindowCorrelations,
    windows: AnalysisWindows,
) -> Match:
    (x, y), fitted = channels, fit_line(correlations)
    on_line = _read_z_on_line(correlations, fitted.polarity)
    noise = np.maximum(1.0, np.median(np.abs(correlations.z), axis=1) / 0.6745)
    clear = on_line / noise
    elsewhere = np.abs(correlations.z).max(axis=1) / noise
    contradicting = int(np.sum((clear < 3.0) & (elsewhere > 12.0)))
    return Match(
        channels=channels,
        reader=reader,
        line=fitted.line,
        fit=fitted,
        correlations=correlations,
        strength=float(on_line.mean()),
        strong_windows=int(np.sum(clear > STRONG_Z)),
        active_windows=int(correlations.times.size),
        contradicting_windows=contradicting,
        overlap_s=compute_overlap_s(fitted.line, x.samples, y.samples),
        echo=_measure_echo(correlations),
        windows=windows,
        rivals=(),
    )


def compute_overlap_s(line: Line, x_samples: int, y_samples: int) -> float:
    """Seconds that the two recordings share under `line`."""
    begin = max(0.0, -line.offset_s / (1.0 + line.slope))
    end = min(
        y_samples / ANALYSIS_RATE_HZ, (x_samples / ANALYSIS_RATE_HZ - line.offset_s) / (1.0 + line.slope)
    )
    return max(0.0, end - begin)


def _select_active(correlations: WindowCorrelations) -> WindowCorrelations:
    return correlations.select(correlations.active_share > _MIN_ACTIVE_SHARE)


def _read_z_on_line(correlations: WindowCorrelations, polarity: int) -> NDArray[np.float64]:
    near = (
        correlations.z[:, MAX_LAG_SAMPLES - _PEAK_REACH_SAMPLES : MAX_LAG_SAMPLES + _PEAK_REACH_SAMPLES + 1]
        * polarity
    )
    return np.asarray(near.max(axis=1), np.float64)


def _measure_echo(correlations: WindowCorrelations) -> Echo:
    profile = np.abs(correlations.z.mean(axis=0)).astype(np.float64)
    main = float(
        profile[MAX_LAG_SAMPLES - _PEAK_REACH_SAMPLES : MAX_LAG_SAMPLES + _PEAK_REACH_SAMPLES + 1].max()
    )
    profile[MAX_LAG_SAMPLES - _SIDELOBE_REACH_SAMPLES : MAX_LAG_SAMPLES + _SIDELOBE_REACH_SAMPLES + 1] = 0.0
    height = float(profile.max())
    return Echo(height / max(main, 1e-9), height * float(np.sqrt(correlations.times.size)))


def _select_rival_lines(best: Match, lines: Sequence[Line]) -> list[Line]:
    kept = [best.line]
    for line in lines:
        if all(_compute_distance_s(line, other, best.correlations.times) > _SAME_LINE_S for other in kept):
            kept.append(line)
    return kept[1 : 1 + _MAX_RIVALS]


def _compute_distance_s(one: Line, other: Line, times: NDArray[np.float64]) -> float:
    return max(abs(one.map_time(float(time)) - other.map_time(float(time))) for time in (times[0], times[-1]))


def _add_rivals(best: Match, lines: Sequence[Line]) -> Match:
    """Compare with the likeliest of other `lines`, on windows of `best`."""
    others = _select_rival_lines(best, lines)
    if not others:
        return best
    chosen = np.unique(
        np.linspace(0, best.active_windows - 1, min(best.active_windows, _MAX_PAIRED_WINDOWS)).astype(int)
    )
    said = fine.transform_windows(best.channels[1], best.windows.select(chosen), best.reader)
    ours = _read_z_on_line(best.correlations, best.fit.polarity)[chosen]
    rivals = [_compare_rival(best, line, said, ours) for line in others]
    return replace(best, rivals=tuple(sorted(rivals, key=lambda rival: -rival.strength)))


def _compare_rival(best: Match, line: Line, y_windows: WindowSpectra, ours: NDArray[np.float64]) -> Rival:
    """Compare on those windows of `said` that both explain; on the rival's own where there are too few."""
    x, y = best.channels
    same = _mask_outside(x, fine.correlate_windows(x, line, y_windows))
    both = same.active_share > _MIN_ACTIVE_SHARE
    if both.any() and float(np.abs(same.z[both]).max(axis=1).mean()) > _MIN_REFIT_SHARE * best.strength:
        # Half a sample beside its peak a rival would look a fifth weaker than it is.
        line = fit_line(same.select(both)).line
        same = _mask_outside(x, fine.correlate_windows(x, line, y_windows))
        both = same.active_share > _MIN_ACTIVE_SHARE
    if both.sum() < _MIN_PAIRED_WINDOWS:
        own = _score_line(x, y, line)
        strength = own.strength if own else 0.0
        lead = 1.0 - strength / max(best.strength, 1e-9)
        return Rival(line, strength, Lead(lead, 5.0 * lead * float(np.sqrt(best.active_windows))))
    theirs = np.abs(same.z[both, MAX_LAG_SAMPLES - 8 : MAX_LAG_SAMPLES + 9]).max(axis=1).astype(np.float64)
    ahead = ours[both] - theirs
    error = float(ahead.std(ddof=1)) / float(np.sqrt(ahead.size)) + 1e-9
    mean = float(ahead.mean())
    return Rival(line, float(theirs.mean()), Lead(mean / max(best.strength, 1e-9), mean / error))


def _mask_outside(x: WhitenedChannel, correlations: WindowCorrelations) -> WindowCorrelations:
    inside = np.array(
        [
            0.0 <= correlations.line.map_time(float(time)) <= x.samples / ANALYSIS_RATE_HZ
            for time in correlations.times
        ]
    )
    return replace(correlations, active_share=np.where(inside, correlations.active_share, 0.0))
