"""Turn samples of linear timecode into bits: bi-phase mark, as SMPTE ST 12-1 modulates it.

The level changes at the start of every bit, and once more in the middle of a 1. So the squared slope
of the signal has a spectral line at the bit rate, whose phase is that of the bits. With rate and
phase known, a bit is decided by the integrals over its two halves: opposite signs are a 1. Nothing
depends on level, polarity or direction, and the integrals average what bleeds in. At 8 kHz the
fundamental of both symbols is present at every rate (2.64 kHz at 30 frames a second, 10 % fast).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcsyncd.listen.resample import ANALYSIS_RATE

Samples = NDArray[np.float32]

MIN_BIT_RATE_HZ = 1700.0
"""Bits a second: 80 bits, 23.976 frames a second, 10 % slow, and margin. Lower lets speech make the line."""
MAX_BIT_RATE_HZ = 2670.0
"""Bits a second: 80 bits, 30 frames a second, 10 % fast, and margin."""
_UPSAMPLING = 4
"""Factor. The squared slope has twice the signal's band, which must fit; and edges fall between samples."""
_MIN_SAMPLES = ANALYSIS_RATE // 20
"""Samples, 50 ms: a word at the slowest rate. In less there is nothing to find."""
_CENTRE_DISTANCE = 0.297
"""Distance of the centres of the two halves under a Hann taper, as a share of its length: 1/2 - 2/pi^2."""
_LOW_CUT_HZ = 500.0
"""Hertz below which the signal is removed. A run of zeros is a square wave of half the bit rate, 860 Hz at
the slowest; what is below is hum and voice, and shifts the integrals. Higher cuts into the signal."""
_MIN_LINE_RATIO = 6.0
"""Height of the line at the bit rate over the median of its surroundings. Measured over a second: LTC alone
has 200, under speech of its own level 30, under noise of its own level 14; noise alone has 4. Lower decodes
noise, which costs time, higher loses LTC under other sound."""
_MAX_LINES = 4
"""Lines tried as the bit rate, the highest ones. Judgement: words that differ little repeat 24 to 30 times a
second and put lines beside that of the bits, some of them higher under noise. More cost time."""
_CLEAR_BOUNDARY_SHARE = 0.95
"""Share of bits with a change of level from which no other line is tried. Judgement: a wrong clock has about
three quarters where labels differ little. Higher costs time."""
_SILENT_SHARE = 1e-3
"""Share of the loudest bits' power below which a bit is silent. Judgement: 30 dB; LTC has one level."""
_LINE_DISTANCE_HZ = 12.0
"""Hertz between two lines. Judgement: half of the least rate of frames."""


@dataclass(frozen=True, slots=True, eq=False)
class BitStream:
    """Consecutive bits: `values` are 0 or 1, bit k begins at `first + k * period`, in samples at 8 kHz.

    `boundary_share` is the share of bits that begin with a change of level: all, in LTC without noise;
    half of them by chance.
    """

    values: NDArray[np.uint8]
    first: float
    period: float
    boundary_share: float


def demodulate_bits(samples: Samples) -> BitStream | None:
    """Return the bits in `samples` (8 kHz); None where there is no line at any bit rate of LTC.

    The rate must be constant, so at most a few seconds should be passed. Bits that the ends cut are
    left out.
    """
    if samples.size < _MIN_SAMPLES:
        return None
    signal = _upsample_band(samples)
    energy = _compute_slope_energy(signal)
    best: BitStream | None = None
    for frequency in _find_lines(energy):
        stream = _decide_bits(signal, *_measure_clock(energy, frequency))
        if best is None or stream.boundary_share > best.boundary_share:
            best = stream
        if best.boundary_share > _CLEAR_BOUNDARY_SHARE:
            break
    return best


def has_bit_clock(samples: Samples) -> bool:
    """Whether `samples` (8 kHz, a quarter of a second) may be LTC: whether there is a line at a bit rate."""
    return samples.size >= _MIN_SAMPLES and bool(_find_lines(_compute_slope_energy(_upsample_band(samples))))


def _compute_slope_energy(signal: Samples) -> Samples:
    """Return the squared slope, without its mean and tapered, ready for its spectrum."""
    slope = np.diff(signal)
    energy = slope * slope
    tapered: Samples = (energy - energy.mean()) * np.hanning(energy.size).astype(np.float32)
    return tapered


def _upsample_band(samples: Samples) -> Samples:
    """Return the samples at four times the rate, without what is below 500 Hz."""
    spectrum = np.fft.rfft(samples)
    spectrum[: int(_LOW_CUT_HZ * samples.size / ANALYSIS_RATE) + 1] = 0.0
    return np.fft.irfft(spectrum, samples.size * _UPSAMPLING).astype(np.float32)


def _find_lines(energy: Samples) -> list[float]:
    """Return the frequencies of the highest lines at possible bit rates, in turns a sample; highest first."""
    size = 1 << (energy.size - 1).bit_length()
    resolution = ANALYSIS_RATE * _UPSAMPLING / size
    low, high = int(MIN_BIT_RATE_HZ / resolution), int(MAX_BIT_RATE_HZ / resolution) + 1
    height = np.abs(np.fft.rfft(energy, size)[low:high])
    threshold = _MIN_LINE_RATIO * float(np.median(height))
    reach = int(_LINE_DISTANCE_HZ / resolution) + 1
    lines: list[float] = []
    while len(lines) < _MAX_LINES:
        at = int(np.argmax(height))
        if height[at] <= threshold:
            break
        lines.append((low + at) / size)
        height[max(0, at - reach) : at + reach + 1] = 0.0
    return lines


def _measure_clock(energy: Samples, frequency: float) -> tuple[float, float]:
    """Return the start of the first bit and the period of the bits, in samples, near a frequency.

    The phase of a line that is a little off turns steadily: the two halves tell by how much.
    """
    middle = energy.size // 2
    turned = energy * np.exp(-2j * np.pi * frequency * (np.arange(energy.size) - middle))
    early, late = turned[:middle].sum(), turned[middle:].sum()
    # Under the taper, the halves' centres are 0.30 of the length apart.
    turn = float(np.angle(late * np.conj(early))) / (2 * np.pi)
    exact = frequency + turn / (_CENTRE_DISTANCE * energy.size)
    phase = float(np.angle(early + late)) / (2 * np.pi)
    # The slope between two samples belongs half a sample later.
    return (middle + 0.5 - phase / exact) % (1.0 / exact), 1.0 / exact


def _decide_bits(signal: Samples, first: float, period: float) -> BitStream:
    """Decide every bit by the integrals over its halves; `first` and `period` count samples of `signal`."""
    count = max(0, int((signal.size - 2 - first) / period))
    total = np.concatenate([[0.0], np.cumsum(signal, dtype=np.float64)])
    edges = first + period * np.arange(2 * count + 1) / 2
    whole = edges.astype(np.int64)
    part = edges - whole
    # The running sum between two samples, by the straight line.
    values = total[whole] * (1.0 - part) + total[whole + 1] * part
    halves = np.diff(values).reshape(-1, 2)
    across = halves[1:, 0] * halves[:-1, 1]
    # Silence, before the first word or after the last one, has no level that could change.
    changes = across[np.abs(across) > _SILENT_SHARE * np.abs(across).max(initial=0.0)] < 0
    return BitStream(
        (halves[:, 0] * halves[:, 1] < 0).astype(np.uint8),
        first / _UPSAMPLING,
        period / _UPSAMPLING,
        float(changes.mean()) if changes.size else 0.0,
    )
