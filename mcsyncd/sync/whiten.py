"""Whitening per frame: what makes level, EQ, automatic gain and a telephone microphone not matter.

Each frame of 64 ms is transformed, every bin divided by |X|^0.85, the frame brought to one energy
and given a weight by its loudness. What is left is phase, which is where time is. The exponent 0.85
rather than 1 (the PHAT of Knapp & Carter 1976) keeps some trust in strong bins: in noise, weak bins
are the noise's. Sound is whitened in blocks when it is asked for, and kept in steps of 1/1024 of the
loud parts' level: 70 dB below them, at half the memory.
"""

from __future__ import annotations

from functools import partial
from mmap import MADV_DONTNEED, mmap

import numpy as np
from numpy.typing import NDArray

from mcsyncd.sync.kept import Block, Kept
from mcsyncd.sync.transform import sound_of, spectrum_of

FRAME = 512
HOP = 256
_LOW_BIN, _HIGH_BIN = 10, 237
_EXPONENT = 0.85
_LOUDNESS = 0.15
_INACTIVE = 1e-4
_LOOKS = 2000
_BLOCK = 256 * HOP
_STEPS = np.float32(1024)
"""Steps of a kept sample. A frame of unit power that is a single click reaches 16, overlapping
frames 26: less than the 32 that int16 holds at this step, so nothing is ever clipped."""
_WINDOW = np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME)).astype(np.float32)

Samples = NDArray[np.float32]


class Ear:
    """One channel of a recording, whitened on demand.

    The result has unit power where the channel is as loud as in its loudest twentieth, less where
    it is quieter, and zero where it is 40 dB below: silence has a phase too, but nobody's.
    """

    def __init__(self, channel: NDArray[np.int16], kept: Kept) -> None:
        self._channel = channel
        self._kept = kept
        self.samples = int(channel.size)
        self._loud = self._loudness()

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
        out = np.zeros(stop - start, np.float32)
        length = _BLOCK // step
        # Frames reach over both ends of the recording; further out there is nothing.
        first = max(start // length, -1)
        last = min(-(-stop // length), (self.samples + FRAME) // _BLOCK + 1)
        for number in range(first, last):
            block = self._kept.get((id(self), step, number), partial(self._block, number, step))
            begin, end = max(start, number * length), min(stop, (number + 1) * length)
            inside = block[begin - number * length : end - number * length]
            np.divide(inside, _STEPS, out=out[begin - start : end - start])
        return out

    def _block(self, number: int, step: int) -> Block:
        hop, frame = HOP // step, FRAME // step
        frames = _BLOCK // HOP
        # A block needs the second half of the frame before it.
        spectra = self._spectra(number * frames - 1, (number + 1) * frames)
        whole = np.zeros((frames + 1, frame // 2 + 1), np.complex64)
        bins = min(_HIGH_BIN, frame // 2 + 1)
        whole[:, _LOW_BIN:bins] = spectra[:, : bins - _LOW_BIN]
        pieces = sound_of(whole, frame) * (_WINDOW[::step] * _STEPS / np.float32(step))
        joined: Block = np.rint(pieces[1:, :hop] + pieces[:-1, hop:]).reshape(-1).astype(np.int16)
        return joined

    def _spectra(self, first: int, stop: int) -> NDArray[np.complex64]:
        """Whitened spectra, in the band, of frames [first, stop); frame k begins at sample k * HOP."""
        spectra = _transform(self._frames(first, stop))
        power = _power(spectra)
        energy = power.sum(axis=1)
        active = energy > _INACTIVE * self._loud
        floor = np.float32(1e-6) * energy[:, None] / FRAME + np.float32(1e-20)
        flat = (power + floor) ** np.float32(-_EXPONENT)
        left = (power * flat).sum(axis=1)
        weight = np.minimum(energy / (self._loud or 1.0), 2.0) ** _LOUDNESS
        # Parseval: sum |X|^2 over the positive bins is FRAME^2 / 2 at unit power, half under the window.
        scale = np.where(active, weight * np.sqrt(FRAME**2 / 4 / np.maximum(left, 1e-20)), 0.0)
        spectra *= np.sqrt(flat) * scale[:, None].astype(np.float32)
        return spectra

    def _frames(self, first: int, stop: int) -> Samples:
        begin, end = first * HOP, (stop - 1) * HOP + FRAME
        inside = self._channel[max(0, begin) : max(0, min(end, self.samples))].astype(np.float32)
        left = min(max(0, -begin), end - begin)
        self._let_go()
        sound = np.pad(inside, (left, end - begin - left - inside.size))
        return np.lib.stride_tricks.sliding_window_view(sound, FRAME)[::HOP]

    def _let_go(self) -> None:
        """Give back the pages of a mapped file: else the process grows by every recording read."""
        owner: object = self._channel.base
        # A map that may be written to can hold changes of its own, which would be lost.
        if isinstance(owner, mmap) and not self._channel.flags.writeable:
            owner.madvise(MADV_DONTNEED)

    def _loudness(self) -> float:
        """The energy of a frame in the loudest twentieth."""
        count = max(1, (self.samples - FRAME) // HOP)
        looks = np.unique(np.linspace(0, count - 1, min(count, _LOOKS)).astype(int))
        if self.samples < FRAME:
            frames = self._frames(0, 1)
        else:
            every = np.lib.stride_tricks.sliding_window_view(self._channel, FRAME)
            frames = every[looks * HOP].astype(np.float32)
            self._let_go()
        return float(np.quantile(_power(_transform(frames)).sum(axis=1), 0.95))


def _transform(frames: Samples) -> NDArray[np.complex64]:
    """Spectra of frames, in the band only."""
    return spectrum_of(frames * _WINDOW, FRAME)[:, _LOW_BIN:_HIGH_BIN].copy()


def _power(spectra: NDArray[np.complex64]) -> Samples:
    power: Samples = spectra.real**2 + spectra.imag**2
    return power
