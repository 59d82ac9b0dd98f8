"""Map high dynamic range (PQ, HLG) to standard range, as a table for the `lut3d` filter. Pure.

FFmpeg's own filters do not help: PyAV's builds lack zscale, and tonemap alone needs linear light as
input. A table can hold the whole mapping, at the same cost whatever it contains:

1. signal to light: ITU-R BT.2100, PQ (table 4) or HLG with the system gamma of a 1000 cd/m2 display;
2. highlights compressed as in ITU-R BT.2390 (5.4.1), from 1000 to 203 cd/m2 (the reference white of
   BT.2408), by the largest of R, G and B, so that hues are preserved;
3. BT.2020 to BT.709 primaries (BT.2087); colours outside BT.709 are clipped;
4. light to signal: the inverse of BT.1886.

Everything below 90 cd/m2, skin included, keeps its intended brightness.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

_LightArray = NDArray[np.float64]
"""Light in cd/m2, or signals from 0 to 1, of shape (n, 3) in the order R, G, B."""

_LUT_SIZE = 33
"""Entries per axis: the usual size of a .cube table. Fewer would show as banding between entries."""
_PEAK_NITS, _WHITE_NITS = 1000.0, 203.0
"""In cd/m2: the brightest source light (brighter is clipped), and the light that becomes white (BT.2408)."""

# The constants of PQ and HLG and the luma coefficients are those of ITU-R BT.2100; the matrix is that
# of BT.2087. Any change to them is an error.
_PQ_M1, _PQ_M2, _PQ_C1, _PQ_C2, _PQ_C3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
_HLG_A, _HLG_B, _HLG_C = 0.17883277, 0.28466892, 0.55991073
_BT2020_LUMA = np.array([0.2627, 0.6780, 0.0593])
_BT2020_TO_BT709 = np.array([
    [1.660491, -0.587641, -0.072850],
    [-0.124550, 1.132900, -0.008349],
    [-0.018151, -0.100579, 1.118730],
])  # fmt: skip


@cache
def build_cube_lut(transfer: str) -> str:
    """Return the table as a .cube file, for full-range RGB; `transfer` is PQ's or HLG's name in ffmpeg."""
    steps = np.linspace(0.0, 1.0, _LUT_SIZE)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")  # red varies fastest
    signal = np.stack([red, green, blue], axis=-1).reshape(-1, 3)
    lines = (f"{r:.6f} {g:.6f} {b:.6f}" for r, g, b in map_to_standard_range(signal, transfer))
    return "\n".join((f"LUT_3D_SIZE {_LUT_SIZE}", *lines, ""))


def map_to_standard_range(signal: _LightArray, transfer: str) -> _LightArray:
    """Map BT.2020 signals with that transfer to BT.709 signals; shape (n, 3), from 0 to 1."""
    light = _decode_pq(signal) if transfer == "smpte2084" else _decode_hlg(signal)
    light = np.minimum(light, _PEAK_NITS)
    largest = np.maximum(light.max(axis=-1, keepdims=True), 1e-6)
    compressed = light * _compress_highlights(largest) / largest
    return np.asarray(np.clip(compressed @ _BT2020_TO_BT709.T / _WHITE_NITS, 0.0, 1.0) ** (1 / 2.4))


def _decode_pq(signal: _LightArray) -> _LightArray:
    power = signal ** (1 / _PQ_M2)
    return np.asarray(
        10_000.0 * (np.maximum(power - _PQ_C1, 0.0) / (_PQ_C2 - _PQ_C3 * power)) ** (1 / _PQ_M1)
    )


def _encode_pq(light: _LightArray | float) -> _LightArray:
    power = np.asarray(light / 10_000.0) ** _PQ_M1
    return np.asarray(((_PQ_C1 + _PQ_C2 * power) / (1 + _PQ_C3 * power)) ** _PQ_M2)


def _decode_hlg(signal: _LightArray) -> _LightArray:
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - _HLG_C) / _HLG_A) + _HLG_B) / 12)
    luma = np.maximum(scene @ _BT2020_LUMA, 1e-9)[..., None]
    return np.asarray(_PEAK_NITS * luma**0.2 * scene)


def _compress_highlights(light: _LightArray) -> _LightArray:
    """Apply BT.2390's knee: unchanged below it, a cubic above it that maps the peak to white."""
    source = _encode_pq(_PEAK_NITS)
    top = _encode_pq(_WHITE_NITS) / source
    knee = 1.5 * top - 0.5
    signal = _encode_pq(light) / source
    t = np.clip((signal - knee) / (1 - knee), 0.0, 1.0)
    curve = (
        (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * top
    )
    return _decode_pq(np.where(signal < knee, signal, curve) * source)
