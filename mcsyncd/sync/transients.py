"""A clap in silence: a few transients as a witness of their own, where windows of sound show nothing.

Whitening makes the noise between two claps as loud as the claps, and averages over windows drown them.
So the loudest onsets of both recordings are compared one by one, each with the phase transform over its
own half second (Knapp & Carter 1976), in which a clap outweighs the noise. The lag on which most of them
agree is the line. Any two claps match, so what it rests on is the number of onsets that agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from mcsyncd.sync.coarse_search import Line
from mcsyncd.sync.recording import ANALYSIS_RATE_HZ
from mcsyncd.sync.transform import compute_spectrum, invert_spectrum
from mcsyncd.sync.whitening import WhitenedChannel
from mcsyncd.sync.window_correlation import (
    FFT_SIZE,
    MAX_LAG_SAMPLES,
    SUBWINDOW_SAMPLES,
    AnalysisWindows,
    WindowCorrelations,
)

_FRAME_SAMPLES = 64
"""Samples, 8 ms, over which energy is measured. Judgement: an onset is shorter than its ringing."""
_MIN_RISE = 300.0
"""Factor, 25 dB, by which an onset exceeds the median of the recording. Judgement: a slate's clap is 30 to 50
dB above a quiet room, a voice 20."""
_MAX_ONSETS = 8
"""Onsets compared, the loudest ones. Judgement: pairs grow as the square; who claps more often is heard by
the windows."""
_MIN_DISTANCE_FRAMES = 40
"""Frames, 0.32 s, between two onsets. Judgement: within it, one rings."""
_LEAD_SAMPLES = ANALYSIS_RATE_HZ // 10
"""Samples before the onset that belong to its window, 0.1 s: the other camera may be nearer to it."""
_WINDOW_SAMPLES = ANALYSIS_RATE_HZ // 2
"""Samples of an onset's window, 0.5 s. Judgement: a clap with its ringing; more is noise."""
_MIN_Z = 12.0
"""No unit: peak over noise from which two onsets are the same. Chance reaches 5 among so many lags."""
_MAX_MISS_SAMPLES = 24
"""Samples, 3 ms, within which lags agree. Judgement: as for a drift of 100 ppm over half a minute."""
_MEDIAN_TO_SIGMA = 0.6745
"""Factor: the median of |N(0, 1)|."""


@dataclass(frozen=True, slots=True)
class OnsetMatch:
    """Onsets that both recordings share, as windows of y along `line`, and how many do not fit it."""

    line: Line
    windows: AnalysisWindows
    correlations: WindowCorrelations
    unmatched: int

    @property
    def seconds(self) -> float:
        """How much sound the line rests on."""
        return self.windows.starts.size * _WINDOW_SAMPLES / ANALYSIS_RATE_HZ


@dataclass(frozen=True, slots=True)
class _OnsetPair:
    x: int
    y: int
    lag: int
    z: float


def match_onsets(x: WhitenedChannel, y: WhitenedChannel) -> OnsetMatch | None:
    """Align y to x by their loudest onsets; None where no two of them are the same."""
    x_onsets, y_onsets = _find_onsets(x), _find_onsets(y)
    pairs = [_compare_onsets(x, y, one, other) for one, other in product(x_onsets, y_onsets)]
    clear = [pair for pair in pairs if pair.z > _MIN_Z]
    if not clear:
        return None
    agreeing = max((_select_agreeing(clear, pair.lag) for pair in clear), key=_sum_heights)
    lag = float(np.average([pair.lag for pair in agreeing], weights=[pair.z for pair in agreeing]))
    line = Line(lag / ANALYSIS_RATE_HZ, 0.0)
    starts = np.array(sorted(pair.y for pair in agreeing), np.int64) - SUBWINDOW_SAMPLES // 2
    within_x = [onset for onset in y_onsets if 0 <= onset + lag < x.samples]
    return OnsetMatch(
        line,
        AnalysisWindows(starts, 1),
        _correlate_onsets(x, y, line, starts),
        len(within_x) - len(agreeing),
    )


def _sum_heights(pairs: Sequence[_OnsetPair]) -> float:
    return sum(pair.z for pair in pairs)


def _select_agreeing(pairs: Sequence[_OnsetPair], lag: int) -> list[_OnsetPair]:
    """Return the pairs at about `lag`, each onset once, the clearest first."""
    chosen: list[_OnsetPair] = []
    for pair in sorted(pairs, key=lambda pair: -pair.z):
        is_used = any(pair.x == one.x or pair.y == one.y for one in chosen)
        if abs(pair.lag - lag) <= _MAX_MISS_SAMPLES and not is_used:
            chosen.append(pair)
    return chosen


def _find_onsets(channel: WhitenedChannel) -> list[int]:
    """Return the samples at which the loudest onsets begin, to a frame."""
    energy = channel.measure_frame_energies(_FRAME_SAMPLES)
    remaining = energy / max(float(np.median(energy)), 1e-9) if energy.size else energy
    onsets: list[int] = []
    while len(onsets) < _MAX_ONSETS and remaining.size:
        at = int(np.argmax(remaining))
        if remaining[at] < _MIN_RISE:
            break
        onsets.append(at * _FRAME_SAMPLES)
        remaining[max(0, at - _MIN_DISTANCE_FRAMES) : at + _MIN_DISTANCE_FRAMES] = 0.0
    return onsets


def _compare_onsets(x: WhitenedChannel, y: WhitenedChannel, one: int, other: int) -> _OnsetPair:
    """Return the lag at which two onsets match best, time in x minus time in y, and how clearly."""
    correlation = _transform_phases(x, y, one, other)
    reach = 2 * MAX_LAG_SAMPLES
    near = np.concatenate([correlation[-reach:], correlation[: reach + 1]])
    at = int(np.argmax(np.abs(near)))
    sigma = float(np.median(np.abs(correlation))) / _MEDIAN_TO_SIGMA
    return _OnsetPair(one, other, one - other + at - reach, float(abs(near[at])) / max(sigma, 1e-12))


def _transform_phases(x: WhitenedChannel, y: WhitenedChannel, x_at: int, y_at: int) -> NDArray[np.float32]:
    """Return the correlation of the half seconds around two samples, by phase alone; lag 0 first."""
    spectra = [
        compute_spectrum(channel.read_raw(at - _LEAD_SAMPLES, at - _LEAD_SAMPLES + _WINDOW_SAMPLES), FFT_SIZE)
        for channel, at in ((x, x_at), (y, y_at))
    ]
    cross = spectra[0] * np.conj(spectra[1])
    # Below 150 Hz and above 3700 Hz there is rumble, and the edge of the resampler.
    cross[: FFT_SIZE * 150 // ANALYSIS_RATE_HZ] = 0.0
    cross[FFT_SIZE * 3700 // ANALYSIS_RATE_HZ :] = 0.0
    return invert_spectrum(cross / (np.abs(cross) + np.float32(1e-9)), FFT_SIZE)


def _correlate_onsets(
    x: WhitenedChannel, y: WhitenedChannel, line: Line, starts: NDArray[np.int64]
) -> WindowCorrelations:
    """Return the onsets' correlations around a line, as windows have them."""
    lag = round(line.offset_s * ANALYSIS_RATE_HZ)
    rows = []
    for start in starts.tolist():
        middle = start + SUBWINDOW_SAMPLES // 2
        correlation = _transform_phases(x, y, middle + lag, middle)
        rows.append(np.concatenate([correlation[-MAX_LAG_SAMPLES:], correlation[: MAX_LAG_SAMPLES + 1]]))
    table = np.stack(rows)
    sigma = np.median(np.abs(table), axis=1, keepdims=True) / _MEDIAN_TO_SIGMA
    whole = Line(lag / ANALYSIS_RATE_HZ, 0.0)
    return WindowCorrelations(
        whole,
        (starts + SUBWINDOW_SAMPLES / 2) / ANALYSIS_RATE_HZ,
        (table / np.maximum(sigma, 1e-12)).astype(np.float32),
        table.astype(np.float32),
        np.ones(starts.size),
    )
