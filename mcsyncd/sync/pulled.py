"""The 0.1 % mistake: sound of 29.97 pictures a second laid against pictures of 30, or the other way.

A thousand parts per million are beyond any clock, so the search does not look for them: where a
recording finds no place, it is tried once more at either speed.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mcsyncd.sync.graph import Place
from mcsyncd.sync.recording import Recording

PULLS = (1e-3, 1 / 1.001 - 1)
_TAPS = 16
_STEPS = 512
_BLOCK = 1 << 16


def pulled(recording: Recording, by: float) -> Recording:
    """Return `recording` played 1 + `by` times as fast: what lay at time t lies at t / (1 + by)."""
    return replace(
        recording,
        channels=tuple(_faster(channel, 1.0 + by) for channel in recording.channels),
        start_us=round(recording.start_us / (1.0 + by)),
        duration_us=round(recording.duration_us / (1.0 + by)),
    )


def put_back(place: Place, by: float) -> Place:
    """The place of a recording, given that of itself played 1 + `by` times as fast."""
    return Place(place.offset_s, (1.0 + place.slope) / (1.0 + by) - 1.0)


def _faster(channel: NDArray[np.int16], speed: float) -> NDArray[np.int16]:
    """Resample with a windowed sinc from a table of `_STEPS` phases: 60 dB, plenty for a correlation."""
    taps = np.arange(_TAPS) - _TAPS // 2 + 1
    phases = np.arange(_STEPS + 1)[:, None] / _STEPS
    table = np.sinc(taps - phases) * np.kaiser(_TAPS + 2, 8.0)[1:-1]
    table = (table / table.sum(axis=1, keepdims=True)).astype(np.float32)
    out = np.empty(int(channel.size / speed), np.int16)
    for at in range(0, out.size, _BLOCK):
        places = np.arange(at, min(at + _BLOCK, out.size)) * speed
        whole = np.floor(places).astype(np.int64)
        first = int(whole[0]) + int(taps[0])
        piece = channel[max(0, first) : int(whole[-1]) + _TAPS].astype(np.float32)
        piece = np.pad(piece, (max(0, -first), _TAPS))
        views = np.lib.stride_tricks.sliding_window_view(piece, _TAPS)[whole - whole[0]]
        sound = np.einsum("nt,nt->n", views, table[np.rint((places - whole) * _STEPS).astype(np.int64)])
        out[at : at + _BLOCK] = np.clip(np.rint(sound), -32768, 32767)
    return out
