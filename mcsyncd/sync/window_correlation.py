"""Correlate many short windows along one line, at full rate and with a few milliseconds of lag.

Each window of y is correlated with x around where the line puts it. A window is 3.8 s long, or
0.9 s where the recordings share only a few seconds. A long window is made of four subwindows, each
of which follows the line to a fraction of a sample, so that known drift smears nothing. z(lag) is
normalised exactly, corr(x, y) / sqrt(corr(x^2, y^2)): near N(0, 1) where nothing is shared, even
when part of a window is silent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcsyncd.sync.coarse_search import Line
from mcsyncd.sync.recording import ANALYSIS_RATE_HZ
from mcsyncd.sync.transform import build_phase_ramps, compute_spectrum, invert_spectrum
from mcsyncd.sync.whitening import WhitenedChannel

MAX_LAG_SAMPLES = 320
"""Samples either side of the line, 40 ms. Candidates are kept 40 ms apart (`coarse_search`), so that every
lag is within reach of one; it also covers the echoes that matter. Smaller leaves gaps, larger costs time."""
FFT_SIZE = 8192
"""Samples in a transform, a power of two for speed."""
SUBWINDOW_SAMPLES = FFT_SIZE - 2 * MAX_LAG_SAMPLES
"""Samples of y in a transform, 0.94 s: what leaves room for all lags without circular wrap-around."""
_SUBWINDOWS_PER_LONG_WINDOW = 4
"""Subwindows; 3.8 s. From the prototypes, which used 4 s. Shorter windows are noisier, longer ones fewer."""
_MIN_LONG_WINDOW_OVERLAP_SAMPLES = 6 * _SUBWINDOWS_PER_LONG_WINDOW * SUBWINDOW_SAMPLES
"""Samples, 22.7 s. Judgement: below six long windows a line has too few points, so short windows are used."""
_POOL_SAMPLES = 40
"""Samples, 5 ms, over which energy is summed for the normalisation. Judgement: energy varies slowly; 1 ms
costs five times as much."""
_MIN_VARIANCE_SHARE = 0.002
"""Share of unit power added to the variance. Judgement: keeps z finite where almost nothing overlaps; a
larger share lowers z in quiet passages."""
_MIN_ENERGY_SHARE = 0.02
"""Share of unit power below which a coefficient's energy does not fall. Judgement, as above."""
_WINDOWS_PER_BATCH = 12
"""Windows transformed together. Judgement: bounds memory to a few megabytes. Results do not depend on it."""

Table = NDArray[np.float32]
WhitenedReader = Callable[[WhitenedChannel, int, int], Table]
"""How whitened samples [start, stop) are read: a method of `WhitenedChannel`."""


def slice_lags(reach_samples: int, lag: int = 0) -> slice:
    """Return the columns of a table of lags that are within `reach_samples` of `lag`."""
    middle = lag + MAX_LAG_SAMPLES
    return slice(max(0, middle - reach_samples), max(0, middle + reach_samples + 1))


@dataclass(frozen=True, slots=True)
class WindowCorrelations:
    """What the windows show around a line, one row a window, one column a lag.

    `z[w, j]` is the normalised correlation of window w at lag `j - MAX_LAG_SAMPLES` off the line,
    `coefficient[w, j]` the same as a share of the energy (1 for identical audio). `times[w]` is the
    window's centre in seconds of y, `active_share[w]` the share of it where both are active, 0..1.
    """

    line: Line
    times: NDArray[np.float64]
    z: Table
    coefficient: Table
    active_share: NDArray[np.float64]

    def select(self, chosen: NDArray[np.bool_]) -> WindowCorrelations:
        """Return only the windows chosen."""
        return WindowCorrelations(
            self.line, self.times[chosen], self.z[chosen], self.coefficient[chosen], self.active_share[chosen]
        )


@dataclass(frozen=True, slots=True)
class AnalysisWindows:
    """Windows of y: where each starts, in samples, and how many subwindows each is made of."""

    starts: NDArray[np.int64]
    subwindows: int

    @property
    def samples(self) -> int:
        """The length of a window."""
        return self.subwindows * SUBWINDOW_SAMPLES

    def select(self, chosen: NDArray[np.intp]) -> AnalysisWindows:
        """Return only the windows chosen, by index."""
        return AnalysisWindows(self.starts[chosen], self.subwindows)


def spread_windows(line: Line, x_samples: int, y_samples: int, max_count: int) -> AnalysisWindows:
    """Return up to `max_count` windows of the overlap that `line` predicts.

    They are spread evenly and do not overlap each other. An overlap shorter than one window gets one
    window; below half a second there is none.
    """
    begin = max(0.0, -line.offset_s / (1.0 + line.slope)) * ANALYSIS_RATE_HZ
    end = min(
        float(y_samples),
        (x_samples / ANALYSIS_RATE_HZ - line.offset_s) / (1.0 + line.slope) * ANALYSIS_RATE_HZ,
    )
    subwindows = _SUBWINDOWS_PER_LONG_WINDOW if end - begin >= _MIN_LONG_WINDOW_OVERLAP_SAMPLES else 1
    if end - begin < ANALYSIS_RATE_HZ // 2:
        return AnalysisWindows(np.zeros(0, np.int64), subwindows)
    size = subwindows * SUBWINDOW_SAMPLES
    count = max(1, min(max_count, int((end - begin) / size)))
    last = max(begin, end - size)
    return AnalysisWindows(np.rint(np.linspace(begin, last, count)).astype(np.int64), subwindows)


@dataclass(frozen=True, slots=True)
class WindowSpectra:
    """Windows of y, transformed once for all lines they are correlated along: that is half the work.

    For subwindow p of window w, `spectra[w, p]` is conjugated and `powers[w, p]` is the energy of
    every 5 ms. `energy[w]` is that of the whole window.
    """

    windows: AnalysisWindows
    reader: WhitenedReader
    spectra: NDArray[np.complex64]
    powers: NDArray[np.float32]
    energy: NDArray[np.float32]


def transform_windows(
    y: WhitenedChannel, windows: AnalysisWindows, reader: WhitenedReader = WhitenedChannel.read_full_rate
) -> WindowSpectra:
    """Transform windows of y. `reader` says how audio is whitened, later that of x as well."""
    starts, count = windows.starts, windows.subwindows
    spectra = np.zeros((starts.size, count, FFT_SIZE // 2 + 1), np.complex64)
    powers = np.zeros((starts.size, count, SUBWINDOW_SAMPLES // _POOL_SAMPLES), np.float32)
    energy = np.zeros(starts.size, np.float32)
    for at in range(0, starts.size, _WINDOWS_PER_BATCH):
        batch = slice(at, at + _WINDOWS_PER_BATCH)
        near = np.stack([reader(y, int(start), int(start) + windows.samples) for start in starts[batch]])
        energy[batch] = (near**2).sum(axis=1)
        split = near.reshape(-1, count, SUBWINDOW_SAMPLES)
        spectra[batch] = np.conj(compute_spectrum(split, FFT_SIZE))
        powers[batch] = _pool_energy(split)
    return WindowSpectra(windows, reader, spectra, powers, energy)


def correlate_windows(x: WhitenedChannel, line: Line, y_windows: WindowSpectra) -> WindowCorrelations:
    """Correlate the windows of y with x, each around where `line` puts it."""
    starts = y_windows.windows.starts
    lags = 2 * MAX_LAG_SAMPLES + 1
    z, coefficient = np.zeros((starts.size, lags), np.float32), np.zeros((starts.size, lags), np.float32)
    active_share = np.zeros(starts.size)
    for at in range(0, starts.size, _WINDOWS_PER_BATCH):
        batch = slice(at, at + _WINDOWS_PER_BATCH)
        z[batch], coefficient[batch], active_share[batch] = _correlate_batch(x, line, y_windows, batch)
    centres = (starts + y_windows.windows.samples / 2) / ANALYSIS_RATE_HZ
    return WindowCorrelations(line, centres, z, coefficient, active_share)


def _correlate_batch(
    x: WhitenedChannel, line: Line, y_windows: WindowSpectra, batch: slice
) -> tuple[Table, Table, NDArray[np.float64]]:
    """Return z, coefficient and active share of some of the windows."""
    starts, count = y_windows.windows.starts[batch], y_windows.windows.subwindows
    positions = _map_subwindows(starts, count, line)
    whole = np.floor(positions).astype(np.int64)
    far = np.concatenate([_read_subwindows(x, group, y_windows.reader) for group in whole.reshape(-1, count)])
    spectrum = compute_spectrum(far, FFT_SIZE)
    spectrum *= y_windows.spectra[batch].reshape(spectrum.shape)
    spectrum *= build_phase_ramps(positions - whole, FFT_SIZE)
    lags = 2 * MAX_LAG_SAMPLES + 1
    by_window = spectrum.reshape(starts.size, count, -1).sum(axis=1)
    value = invert_spectrum(by_window, FFT_SIZE)[:, :lags]
    variance, active = _correlate_energy(far, y_windows.powers[batch].reshape(len(far), -1))
    variance = variance.reshape(starts.size, count, lags).sum(axis=1)
    middle = far[:, MAX_LAG_SAMPLES : MAX_LAG_SAMPLES + SUBWINDOW_SAMPLES]
    energy = np.sqrt(y_windows.energy[batch] * (middle**2).reshape(starts.size, -1).sum(axis=1))
    z = value / np.sqrt(variance + _MIN_VARIANCE_SHARE * count * SUBWINDOW_SAMPLES)
    coefficient = value / np.maximum(energy, _MIN_ENERGY_SHARE * count * SUBWINDOW_SAMPLES)[:, None]
    return (
        z.astype(np.float32),
        coefficient.astype(np.float32),
        active.reshape(starts.size, count).mean(axis=1).astype(np.float64),
    )


def _map_subwindows(starts: NDArray[np.int64], count: int, line: Line) -> NDArray[np.float64]:
    """Return the position in x, in samples, at which each subwindow's transform begins."""
    begins = (starts[:, None] + SUBWINDOW_SAMPLES * np.arange(count)).ravel()
    centres = begins + SUBWINDOW_SAMPLES / 2
    mapped = (line.offset_s + centres / ANALYSIS_RATE_HZ * (1.0 + line.slope)) * ANALYSIS_RATE_HZ
    return np.asarray(mapped - SUBWINDOW_SAMPLES / 2 - MAX_LAG_SAMPLES, np.float64)


def _read_subwindows(x: WhitenedChannel, starts: NDArray[np.int64], reader: WhitenedReader) -> Table:
    """Return the subwindows of x for one window; read at once, because they are almost adjacent."""
    samples = reader(x, int(starts[0]), int(starts[-1]) + FFT_SIZE)
    return np.stack([samples[at : at + FFT_SIZE] for at in starts - starts[0]])


def _pool_energy(samples: Table) -> Table:
    """Return the energy of every whole 5 ms along the last axis."""
    used = samples[..., : samples.shape[-1] // _POOL_SAMPLES * _POOL_SAMPLES]
    energy: Table = (used**2).reshape(*samples.shape[:-1], -1, _POOL_SAMPLES).sum(axis=-1)
    return energy


def _correlate_energy(far: Table, near_energy: Table) -> tuple[Table, Table]:
    """Return corr(x^2, y^2) at every lag, from energies of 5 ms, and the share where both are active."""
    far_energy = _pool_energy(far)
    width = near_energy.shape[1]
    views = np.lib.stride_tricks.sliding_window_view(far_energy, width, axis=1)
    coarse = np.einsum("plw,pw->pl", views, near_energy) / _POOL_SAMPLES
    at = np.arange(2 * MAX_LAG_SAMPLES + 1) / _POOL_SAMPLES
    low = np.minimum(at.astype(int), coarse.shape[1] - 2)
    part = (at - low).astype(np.float32)
    interpolated = coarse[:, low] * (1 - part) + coarse[:, low + 1] * part
    middle = far_energy[:, MAX_LAG_SAMPLES // _POOL_SAMPLES : MAX_LAG_SAMPLES // _POOL_SAMPLES + width]
    active = ((middle > 0) & (near_energy > 0)).mean(axis=1)
    return interpolated, active
