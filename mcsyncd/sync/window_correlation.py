"""Fine look at one hypothesis: correlation of many windows along its line, at full rate.

Every window of y is correlated with x around where the line puts it: 3.8 s, or 0.9 s where the two
share only a few seconds. A long window is made of four pieces that follow the line by themselves,
fraction of a sample included, so that a drift that is already known smears nothing. z(lag) is
normalised exactly, corr(x, y) / sqrt(corr(x^2, y^2)): near N(0, 1) where nothing is shared,
whatever part of a window is silent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcsyncd.sync.coarse_search import Line
from mcsyncd.sync.recording import ANALYSIS_RATE_HZ
from mcsyncd.sync.transform import compute_spectrum, invert_spectrum
from mcsyncd.sync.whitening import WhitenedChannel

MAX_LAG_SAMPLES = 320
"""Lags looked at either way, in samples: 40 ms."""
FFT_SIZE = 8192
SUBWINDOW_SAMPLES = FFT_SIZE - 2 * MAX_LAG_SAMPLES
_SUBWINDOWS_PER_LONG_WINDOW = 4
_MIN_LONG_WINDOW_OVERLAP_SAMPLES = 6 * _SUBWINDOWS_PER_LONG_WINDOW * SUBWINDOW_SAMPLES
_POOL_SAMPLES = 40
_WINDOWS_PER_BATCH = 12
_RAMP_STRIDE = 64

Table = NDArray[np.float32]
WhitenedReader = Callable[[WhitenedChannel, int, int], Table]


@dataclass(frozen=True, slots=True)
class WindowCorrelations:
    """What the windows show around a line.

    `z[w, j]` is the normalised correlation of window w at lag `(j - REACH) / RATE` off the line,
    `strength[w, j]` the same as a share of the energy (1 for identical sound), `times[w]` the
    window's centre in seconds of y, `shared[w]` the part of it where both are active, 0..1.
    """

    line: Line
    times: NDArray[np.float64]
    z: Table
    coefficient: Table
    active_share: NDArray[np.float64]

    def select(self, chosen: NDArray[np.bool_]) -> WindowCorrelations:
        """Only these windows."""
        return WindowCorrelations(
            self.line, self.times[chosen], self.z[chosen], self.coefficient[chosen], self.active_share[chosen]
        )


@dataclass(frozen=True, slots=True)
class AnalysisWindows:
    """Where to look: starts in samples of y, and how many pieces each window is made of."""

    starts: NDArray[np.int64]
    subwindows: int

    @property
    def samples(self) -> int:
        """The length of a window."""
        return self.subwindows * SUBWINDOW_SAMPLES

    def select(self, chosen: NDArray[np.intp]) -> AnalysisWindows:
        """Only these windows."""
        return AnalysisWindows(self.starts[chosen], self.subwindows)


def spread_windows(line: Line, x_samples: int, y_samples: int, max_count: int) -> AnalysisWindows:
    """Return up to `most` windows of the overlap that `line` predicts, evenly spread, never overlapping.

    A stretch shorter than one window is looked at as one.
    """
    begin = max(0.0, -line.offset_s / (1.0 + line.slope)) * ANALYSIS_RATE_HZ
    end = min(
        float(y_samples),
        (x_samples / ANALYSIS_RATE_HZ - line.offset_s) / (1.0 + line.slope) * ANALYSIS_RATE_HZ,
    )
    pieces = _SUBWINDOWS_PER_LONG_WINDOW if end - begin >= _MIN_LONG_WINDOW_OVERLAP_SAMPLES else 1
    if end - begin < ANALYSIS_RATE_HZ // 2:
        return AnalysisWindows(np.zeros(0, np.int64), pieces)
    size = pieces * SUBWINDOW_SAMPLES
    count = max(1, min(max_count, int((end - begin) / size)))
    last = max(begin, end - size)
    return AnalysisWindows(np.rint(np.linspace(begin, last, count)).astype(np.int64), pieces)


@dataclass(frozen=True, slots=True)
class WindowSpectra:
    """Windows of y as they are laid along one line after another: half of the work is theirs alone.

    For piece p of window w: `spectra[w, p]` conjugated, `powers[w, p]` energy in 5 ms each; `energy[w]` is
    that of the whole window.
    """

    windows: AnalysisWindows
    reader: WhitenedReader
    spectra: NDArray[np.complex64]
    powers: NDArray[np.float32]
    energy: NDArray[np.float32]


def transform_windows(
    y: WhitenedChannel, windows: AnalysisWindows, reader: WhitenedReader = WhitenedChannel.read_full_rate
) -> WindowSpectra:
    """Take windows of y; `heard` says how sound is whitened, of x later as well."""
    starts, count = windows.starts, windows.subwindows
    spectra = np.zeros((starts.size, count, FFT_SIZE // 2 + 1), np.complex64)
    powers = np.zeros((starts.size, count, SUBWINDOW_SAMPLES // _POOL_SAMPLES), np.float32)
    energy = np.zeros(starts.size, np.float32)
    for at in range(0, starts.size, _WINDOWS_PER_BATCH):
        some = slice(at, at + _WINDOWS_PER_BATCH)
        near = np.stack([reader(y, int(start), int(start) + windows.samples) for start in starts[some]])
        energy[some] = (near**2).sum(axis=1)
        pieces = near.reshape(-1, count, SUBWINDOW_SAMPLES)
        spectra[some] = np.conj(compute_spectrum(pieces, FFT_SIZE))
        powers[some] = _pool_energy(pieces)
    return WindowSpectra(windows, reader, spectra, powers, energy)


def correlate_windows(x: WhitenedChannel, line: Line, y_windows: WindowSpectra) -> WindowCorrelations:
    """Correlate windows of y with x along `line`."""
    starts = y_windows.windows.starts
    lags = 2 * MAX_LAG_SAMPLES + 1
    z, strength = np.zeros((starts.size, lags), np.float32), np.zeros((starts.size, lags), np.float32)
    shared = np.zeros(starts.size)
    for at in range(0, starts.size, _WINDOWS_PER_BATCH):
        some = slice(at, at + _WINDOWS_PER_BATCH)
        z[some], strength[some], shared[some] = _correlate_batch(x, line, y_windows, some)
    return WindowCorrelations(
        line, (starts + y_windows.windows.samples / 2) / ANALYSIS_RATE_HZ, z, strength, shared
    )


def _correlate_batch(
    x: WhitenedChannel, line: Line, y_windows: WindowSpectra, batch: slice
) -> tuple[Table, Table, NDArray[np.float64]]:
    starts, count = y_windows.windows.starts[batch], y_windows.windows.subwindows
    pieces = (starts[:, None] + SUBWINDOW_SAMPLES * np.arange(count)).ravel()
    centres = pieces + SUBWINDOW_SAMPLES / 2
    places = (
        (line.offset_s + centres / ANALYSIS_RATE_HZ * (1.0 + line.slope)) * ANALYSIS_RATE_HZ
        - SUBWINDOW_SAMPLES / 2
        - MAX_LAG_SAMPLES
    )
    whole = np.floor(places).astype(np.int64)
    far = np.concatenate(
        [_read_subwindows(x, places, y_windows.reader) for places in whole.reshape(-1, count)]
    )
    spectrum = compute_spectrum(far, FFT_SIZE)
    spectrum *= y_windows.spectra[batch].reshape(spectrum.shape)
    spectrum *= _build_phase_ramps(places - whole)
    lags = 2 * MAX_LAG_SAMPLES + 1
    by_window = spectrum.reshape(starts.size, count, -1).sum(axis=1)
    value = invert_spectrum(by_window, FFT_SIZE)[:, :lags]
    variance, active = _correlate_energy(far, y_windows.powers[batch].reshape(len(far), -1))
    variance = variance.reshape(starts.size, count, lags).sum(axis=1)
    energy = np.sqrt(
        y_windows.energy[batch]
        * (far[:, MAX_LAG_SAMPLES : MAX_LAG_SAMPLES + SUBWINDOW_SAMPLES] ** 2)
        .reshape(starts.size, -1)
        .sum(axis=1)
    )
    z = value / np.sqrt(variance + 0.002 * count * SUBWINDOW_SAMPLES)
    strength = value / np.maximum(energy, 0.02 * count * SUBWINDOW_SAMPLES)[:, None]
    return (
        z.astype(np.float32),
        strength.astype(np.float32),
        active.reshape(starts.size, count).mean(axis=1).astype(np.float64),
    )


def _build_phase_ramps(parts: NDArray[np.float64]) -> NDArray[np.complex64]:
    """The spectrum of a shift by a part of a sample, a row for each part.

    exp(i(a + b)) = exp(ia) exp(ib): 129 exponentials a row instead of 4097.
    """
    turn = 2j * np.pi / FFT_SIZE * parts[:, None]
    high = np.exp(turn * np.arange(0, FFT_SIZE // 2 + 1, _RAMP_STRIDE)).astype(np.complex64)
    low = np.exp(turn * np.arange(_RAMP_STRIDE)).astype(np.complex64)
    whole: NDArray[np.complex64] = (high[:, :, None] * low[:, None, :]).reshape(parts.size, -1)
    return whole[:, : FFT_SIZE // 2 + 1]


def _read_subwindows(x: WhitenedChannel, starts: NDArray[np.int64], reader: WhitenedReader) -> Table:
    """The pieces of x of one window, read at one go: they lie nearly side by side."""
    sound = reader(x, int(starts[0]), int(starts[-1]) + FFT_SIZE)
    return np.stack([sound[at : at + FFT_SIZE] for at in starts - starts[0]])


def _pool_energy(sound: Table) -> Table:
    """Energy of every 5 ms of the last axis, as far as whole ones go."""
    steps = (sound[..., : sound.shape[-1] // _POOL_SAMPLES * _POOL_SAMPLES] ** 2).reshape(
        *sound.shape[:-1], -1, _POOL_SAMPLES
    )
    energy: Table = steps.sum(axis=-1)
    return energy


def _correlate_energy(far: Table, near_energy: Table) -> tuple[Table, Table]:
    """corr(x^2, y^2) at every lag (pooled to 5 ms), and the part where both are active."""
    far_energy = _pool_energy(far)
    width = near_energy.shape[1]
    views = np.lib.stride_tricks.sliding_window_view(far_energy, width, axis=1)
    coarse = np.einsum("plw,pw->pl", views, near_energy) / _POOL_SAMPLES
    at = np.arange(2 * MAX_LAG_SAMPLES + 1) / _POOL_SAMPLES
    low = np.minimum(at.astype(int), coarse.shape[1] - 2)
    part = (at - low).astype(np.float32)
    spread = coarse[:, low] * (1 - part) + coarse[:, low + 1] * part
    middle = far_energy[:, MAX_LAG_SAMPLES // _POOL_SAMPLES : MAX_LAG_SAMPLES // _POOL_SAMPLES + width]
    active = ((middle > 0) & (near_energy > 0)).mean(axis=1)
    return spread, active
