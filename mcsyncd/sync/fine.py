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

from mcsyncd.sync.coarse import Line
from mcsyncd.sync.recording import RATE
from mcsyncd.sync.transform import sound_of, spectrum_of
from mcsyncd.sync.whiten import Ear

REACH = 320
"""Lags looked at either way, in samples: 40 ms."""
TRANSFORM = 8192
PIECE = TRANSFORM - 2 * REACH
_LONG = 4
_SHORT_OVERLAP = 6 * _LONG * PIECE
_POOL = 40
_BATCH = 12
_STRIDE = 64

Table = NDArray[np.float32]
Heard = Callable[[Ear, int, int], Table]


@dataclass(frozen=True, slots=True)
class Look:
    """What the windows show around a line.

    `z[w, j]` is the normalised correlation of window w at lag `(j - REACH) / RATE` off the line,
    `strength[w, j]` the same as a share of the energy (1 for identical sound), `times[w]` the
    window's centre in seconds of y, `shared[w]` the part of it where both are active, 0..1.
    """

    line: Line
    times: NDArray[np.float64]
    z: Table
    strength: Table
    shared: NDArray[np.float64]

    def part(self, chosen: NDArray[np.bool_]) -> Look:
        """Only these windows."""
        return Look(self.line, self.times[chosen], self.z[chosen], self.strength[chosen], self.shared[chosen])


@dataclass(frozen=True, slots=True)
class Windows:
    """Where to look: starts in samples of y, and how many pieces each window is made of."""

    starts: NDArray[np.int64]
    pieces: int

    @property
    def samples(self) -> int:
        """The length of a window."""
        return self.pieces * PIECE

    def part(self, chosen: NDArray[np.intp]) -> Windows:
        """Only these windows."""
        return Windows(self.starts[chosen], self.pieces)


def windows(line: Line, x_samples: int, y_samples: int, most: int) -> Windows:
    """Return up to `most` windows of the overlap that `line` predicts, evenly spread, never overlapping.

    A stretch shorter than one window is looked at as one.
    """
    begin = max(0.0, -line.offset_s / (1.0 + line.slope)) * RATE
    end = min(float(y_samples), (x_samples / RATE - line.offset_s) / (1.0 + line.slope) * RATE)
    pieces = _LONG if end - begin >= _SHORT_OVERLAP else 1
    if end - begin < RATE // 2:
        return Windows(np.zeros(0, np.int64), pieces)
    size = pieces * PIECE
    count = max(1, min(most, int((end - begin) / size)))
    last = max(begin, end - size)
    return Windows(np.rint(np.linspace(begin, last, count)).astype(np.int64), pieces)


@dataclass(frozen=True, slots=True)
class Taken:
    """Windows of y as they are laid along one line after another: half of the work is theirs alone.

    For piece p of window w: `spectra[w, p]` conjugated, `powers[w, p]` energy in 5 ms each; `energy[w]` is
    that of the whole window.
    """

    where: Windows
    heard: Heard
    spectra: NDArray[np.complex64]
    powers: NDArray[np.float32]
    energy: NDArray[np.float32]


def taken(y: Ear, where: Windows, heard: Heard = Ear.block) -> Taken:
    """Take windows of y; `heard` says how sound is whitened, of x later as well."""
    starts, count = where.starts, where.pieces
    spectra = np.zeros((starts.size, count, TRANSFORM // 2 + 1), np.complex64)
    powers = np.zeros((starts.size, count, PIECE // _POOL), np.float32)
    energy = np.zeros(starts.size, np.float32)
    for at in range(0, starts.size, _BATCH):
        some = slice(at, at + _BATCH)
        near = np.stack([heard(y, int(start), int(start) + where.samples) for start in starts[some]])
        energy[some] = (near**2).sum(axis=1)
        pieces = near.reshape(-1, count, PIECE)
        spectra[some] = np.conj(spectrum_of(pieces, TRANSFORM))
        powers[some] = _pooled(pieces)
    return Taken(where, heard, spectra, powers, energy)


def look(x: Ear, line: Line, said: Taken) -> Look:
    """Correlate windows of y with x along `line`."""
    starts = said.where.starts
    lags = 2 * REACH + 1
    z, strength = np.zeros((starts.size, lags), np.float32), np.zeros((starts.size, lags), np.float32)
    shared = np.zeros(starts.size)
    for at in range(0, starts.size, _BATCH):
        some = slice(at, at + _BATCH)
        z[some], strength[some], shared[some] = _batch(x, line, said, some)
    return Look(line, (starts + said.where.samples / 2) / RATE, z, strength, shared)


def _batch(x: Ear, line: Line, said: Taken, some: slice) -> tuple[Table, Table, NDArray[np.float64]]:
    starts, count = said.where.starts[some], said.where.pieces
    pieces = (starts[:, None] + PIECE * np.arange(count)).ravel()
    centres = pieces + PIECE / 2
    places = (line.offset_s + centres / RATE * (1.0 + line.slope)) * RATE - PIECE / 2 - REACH
    whole = np.floor(places).astype(np.int64)
    far = np.concatenate([_following(x, places, said.heard) for places in whole.reshape(-1, count)])
    spectrum = spectrum_of(far, TRANSFORM)
    spectrum *= said.spectra[some].reshape(spectrum.shape)
    spectrum *= _turned(places - whole)
    lags = 2 * REACH + 1
    by_window = spectrum.reshape(starts.size, count, -1).sum(axis=1)
    value = sound_of(by_window, TRANSFORM)[:, :lags]
    variance, active = _shared(far, said.powers[some].reshape(len(far), -1))
    variance = variance.reshape(starts.size, count, lags).sum(axis=1)
    energy = np.sqrt(
        said.energy[some] * (far[:, REACH : REACH + PIECE] ** 2).reshape(starts.size, -1).sum(axis=1)
    )
    z = value / np.sqrt(variance + 0.002 * count * PIECE)
    strength = value / np.maximum(energy, 0.02 * count * PIECE)[:, None]
    return (
        z.astype(np.float32),
        strength.astype(np.float32),
        active.reshape(starts.size, count).mean(axis=1).astype(np.float64),
    )


def _turned(parts: NDArray[np.float64]) -> NDArray[np.complex64]:
    """The spectrum of a shift by a part of a sample, a row for each part.

    exp(i(a + b)) = exp(ia) exp(ib): 129 exponentials a row instead of 4097.
    """
    turn = 2j * np.pi / TRANSFORM * parts[:, None]
    high = np.exp(turn * np.arange(0, TRANSFORM // 2 + 1, _STRIDE)).astype(np.complex64)
    low = np.exp(turn * np.arange(_STRIDE)).astype(np.complex64)
    whole: NDArray[np.complex64] = (high[:, :, None] * low[:, None, :]).reshape(parts.size, -1)
    return whole[:, : TRANSFORM // 2 + 1]


def _following(x: Ear, places: NDArray[np.int64], heard: Heard) -> Table:
    """The pieces of x of one window, read at one go: they lie nearly side by side."""
    sound = heard(x, int(places[0]), int(places[-1]) + TRANSFORM)
    return np.stack([sound[at : at + TRANSFORM] for at in places - places[0]])


def _pooled(sound: Table) -> Table:
    """Energy of every 5 ms of the last axis, as far as whole ones go."""
    steps = (sound[..., : sound.shape[-1] // _POOL * _POOL] ** 2).reshape(*sound.shape[:-1], -1, _POOL)
    energy: Table = steps.sum(axis=-1)
    return energy


def _shared(far: Table, near_energy: Table) -> tuple[Table, Table]:
    """corr(x^2, y^2) at every lag (pooled to 5 ms), and the part where both are active."""
    far_energy = _pooled(far)
    width = near_energy.shape[1]
    views = np.lib.stride_tricks.sliding_window_view(far_energy, width, axis=1)
    coarse = np.einsum("plw,pw->pl", views, near_energy) / _POOL
    at = np.arange(2 * REACH + 1) / _POOL
    low = np.minimum(at.astype(int), coarse.shape[1] - 2)
    part = (at - low).astype(np.float32)
    spread = coarse[:, low] * (1 - part) + coarse[:, low + 1] * part
    middle = far_energy[:, REACH // _POOL : REACH // _POOL + width]
    active = ((middle > 0) & (near_energy > 0)).mean(axis=1)
    return spread, active
