"""Whitening per frame: what makes level, EQ, automatic gain and a telephone microphone not matter.

Each frame of 64 ms is transformed, every bin divided by |X|^0.85, the frame brought to one energy
and given a weight by its loudness. What is left is phase, which is where time is. The exponent 0.85
rather than 1 (the PHAT of Knapp & Carter 1976) keeps some trust in strong bins: in noise, weak bins
are the noise's. Nothing of the signal is kept in memory: frames are made when a block is asked for.
"""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from mcsyncd.sync.recording import RATE

FRAME = 512
HOP = 256
_LOW_BIN, _HIGH_BIN = 10, 237
_EXPONENT = 0.85
_LOUDNESS = 0.15
_INACTIVE = 1e-4
_LOOKS = 2000
_KEEP = 300 * RATE
"""Recordings up to five minutes are whitened once and kept (15 MB each); longer ones piece by piece."""
_WINDOW = np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME)).astype(np.float32)

Samples = NDArray[np.float32]


class Ear:
    """One channel of a recording, whitened on demand.

    The result has unit power where the channel is as loud as in its loudest twentieth, less where
    it is quieter, and zero where it is 40 dB below: silence has a phase too, but nobody's.
    """

    def __init__(self, channel: NDArray[np.int16]) -> None:
        self._channel = channel
        self.samples = int(channel.size)
        self._loud = self._loudness()
        self._kept: dict[int, Samples] = {}

    @property
    def dead(self) -> bool:
        """Whether there is nothing in the band at all."""
        return self._loud <= 0.0

    def block(self, start: int, stop: int) -> Samples:
        """Return whitened samples [start, stop) at 8 kHz; zeros outside of the recording."""
        return self._read(start, stop, 1)

    def half(self, start: int, stop: int) -> Samples:
        """The same below 2 kHz at 4 kHz; `start` and `stop` count 4 kHz samples."""
        return self._read(start, stop, 2)

    def _read(self, start: int, stop: int, step: int) -> Samples:
        if self.samples > _KEEP:
            return self._whitened(start, stop, step)
        if step not in self._kept:
            self._kept[step] = self._whitened(-FRAME // step, (self.samples + FRAME) // step, step)
        whole, begin = self._kept[step], start + FRAME // step
        piece = whole[max(0, begin) : max(0, begin + stop - start)]
        if piece.size == stop - start:
            return piece
        left = min(max(0, -begin), stop - start)
        return np.pad(piece, (left, stop - start - left - piece.size))

    def _whitened(self, start: int, stop: int, step: int) -> Samples:
        hop, frame = HOP // step, FRAME // step
        first, last = start // hop - 1, -(-stop // hop)
        spectra = self._spectra(first, last)
        pieces = scipy.fft.irfft(spectra[:, : frame // 2 + 1], frame, axis=1) * _WINDOW[::step]
        joined = pieces[1:, :hop] + pieces[:-1, hop:]
        begin = start - (first + 1) * hop
        flat: Samples = joined.reshape(-1)[begin : begin + stop - start] / np.float32(step)
        return flat

    def _spectra(self, first: int, last: int) -> NDArray[np.complex64]:
        """Whitened spectra of frames first..last; frame k covers samples [k*HOP, k*HOP + FRAME)."""
        spectra = _transform(self._frames(first, last))
        power = spectra.real**2 + spectra.imag**2
        energy = power.sum(axis=1)
        active = energy > _INACTIVE * self._loud
        floor = np.float32(1e-6) * energy[:, None] / FRAME + np.float32(1e-20)
        spectra *= (power + floor) ** np.float32(-_EXPONENT / 2)
        left = (spectra.real**2 + spectra.imag**2).sum(axis=1)
        weight = np.minimum(energy / (self._loud or 1.0), 2.0) ** _LOUDNESS
        # Parseval: sum |X|^2 over the positive bins is FRAME^2 / 2 at unit power, half under the window.
        scale = np.where(active, weight * np.sqrt(FRAME**2 / 4 / np.maximum(left, 1e-20)), 0.0)
        spectra *= scale[:, None].astype(np.float32)
        return spectra

    def _frames(self, first: int, last: int) -> Samples:
        begin, end = first * HOP, (last + 1) * HOP + FRAME - HOP
        inside = self._channel[max(0, begin) : max(0, min(end, self.samples))].astype(np.float32)
        left = min(max(0, -begin), end - begin)
        sound = np.pad(inside, (left, end - begin - left - inside.size))
        return np.lib.stride_tricks.sliding_window_view(sound, FRAME)[::HOP]

    def _loudness(self) -> float:
        frames = max(1, (self.samples - FRAME) // HOP)
        looks = np.unique(np.linspace(0, frames - 1, min(frames, _LOOKS)).astype(int))
        energies = []
        for batch in np.array_split(looks, max(1, looks.size // 256)):
            sound = np.concatenate([self._frames(int(k), int(k)) for k in batch])
            spectra = _transform(sound)
            energies.append((spectra.real**2 + spectra.imag**2).sum(axis=1))
        return float(np.quantile(np.concatenate(energies), 0.95))


def _transform(frames: Samples) -> NDArray[np.complex64]:
    spectra: NDArray[np.complex64] = scipy.fft.rfft(frames * _WINDOW, axis=1)
    spectra[:, :_LOW_BIN] = 0
    spectra[:, _HIGH_BIN:] = 0
    return spectra
