"""Footage that behaves like a camera's, from nothing: what encoders and players find hard is in it.

Discs of power-law sizes that hide one another ("dead leaves", Lee, Mumford and Huang 2001) have the
edges and the spectrum of photographs. Over the ground move two such fields through each other, as
foliage, water and crowds do, so that no motion vector fits; in front sways a subject. The camera
stands still and is carried about in turn, by fractions of a pixel. Over all lies grain, new in each
picture and a little soft, as a sensor and its noise reduction leave it. A clean drawing would
flatter long groups of pictures, and every encoder.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

RATE = 30
"""Pictures a second."""

_PART_S = 4
"""The camera stands still this long, then is carried about as long."""
_SWAY = ((0.31, 26.0), (0.73, 9.0), (1.7, 3.0), (5.3, 0.6))
"""A hand that holds a camera: frequencies in hertz, amplitudes in pixels of 1080 lines."""
_GRAIN = 4.0
"""Standard deviation of the grain, in steps of eight bits."""
_RADII = (12.0, 700.0)
"""Smallest and largest disc, in pixels of 1080 lines."""
_DISCS = 6000

Plane = NDArray[np.uint8]


def pictures(size: tuple[int, int], count: int, seed: int = 1) -> Iterator[Plane]:
    """Yield `count` pictures as yuv420p blocks of shape (height * 3 / 2, width).

    `size` is width and height, both multiples of 4. Equal arguments give equal pictures.
    """
    width, height = size
    half = (width // 2, height // 2)
    random = np.random.default_rng(seed)
    backdrop, foliage, subject = (_leaves(random, size) for _ in range(3))
    tints = [_leaves(random, half) // 6 + 108 for _ in range(2)]
    grain, mask, ground = _grain(random, size), _silhouette(size), height // 2
    for number in range(count):
        x, y = _carried(number / RATE)
        luma = _seen(backdrop, x, y, size)
        rustle = _seen(foliage, *_swayed(number / RATE), size)[ground:]
        luma[ground:] = luma[ground:] // 2 + rustle // 2
        luma[mask] = _seen(subject, -x / 2, y, size)[mask]
        colours = [_seen(tint, x, y, half).reshape(height // 4, width) for tint in tints]
        yield _grainy(np.concatenate([luma, *colours]), grain, random)


def _margin(height: int) -> int:
    """How far a field reaches beyond the picture on each side: as far as the camera is carried, and a bit."""
    return height // 16


def _leaves(random: np.random.Generator, size: tuple[int, int]) -> Plane:
    unit, margin = size[1] / 1080, _margin(size[1])
    field = np.full((size[1] + 2 * margin, size[0] + 2 * margin), 90, np.uint8)
    high, wide = field.shape
    smallest, largest = (radius**-2 for radius in _RADII)
    for radius in unit * random.uniform(largest, smallest, _DISCS) ** -0.5:  # a density of 1/r^3
        x, y = random.uniform(0, wide), random.uniform(0, high)
        top, left = max(0, int(y - radius)), max(0, int(x - radius))
        part = field[top : int(y + radius) + 1, left : int(x + radius) + 1]
        rows, columns = np.ogrid[top : top + part.shape[0], left : left + part.shape[1]]
        slope = random.uniform(-0.1, 0.1) / unit
        shade = np.clip(random.uniform(50, 190) + slope * (columns - x), 16, 235).astype(np.uint8)
        np.copyto(part, shade, where=(rows - y) ** 2 + (columns - x) ** 2 < radius**2)
    return field


def _silhouette(size: tuple[int, int]) -> NDArray[np.bool_]:
    """Head and shoulders, about a sixth of the picture."""
    width, height = size
    rows, columns = np.ogrid[:height, :width]
    x, y = (columns - 0.58 * width) / height, rows / height
    head = (x / 0.12) ** 2 + ((y - 0.36) / 0.16) ** 2 < 1
    return np.asarray(head | ((x / 0.3) ** 2 + ((y - 1.0) / 0.45) ** 2 < 1))


def _carried(time_s: float) -> tuple[float, float]:
    """Return where the camera points, in pixels of 1080 lines from the middle of its field."""
    whole, rest = divmod(time_s, 2 * _PART_S)
    walked_s = whole * _PART_S + max(0.0, rest - _PART_S)
    x, y = (
        sum(far * np.sin(2 * np.pi * often * walked_s + often * turn) for often, far in _SWAY)
        for turn in (0, 2)
    )
    return float(x), float(y)


def _swayed(time_s: float) -> tuple[float, float]:
    """Return where the wind has the foliage, in pixels of 1080 lines."""
    return 25 * float(np.sin(2 * np.pi * 0.27 * time_s)), 12 * float(np.sin(2 * np.pi * 0.61 * time_s))


def _seen(field: Plane, x: float, y: float, size: tuple[int, int]) -> Plane:
    """Cut a picture out of a field, at a sixteenth of a pixel (bilinear)."""
    width, height = size
    left, right = divmod(round(16 * (x * height / 1080 + _margin(height))), 16)
    top, down = divmod(round(16 * (y * height / 1080 + _margin(height))), 16)
    block = field[top : top + height + 1, left : left + width + 1].astype(np.uint16)
    rows = block[:, :-1] * (16 - right) + block[:, 1:] * right
    return ((rows[:-1] * (16 - down) + rows[1:] * down) >> 8).astype(np.uint8)


def _grain(random: np.random.Generator, size: tuple[int, int]) -> NDArray[np.int8]:
    width, height = size
    rough = random.standard_normal((2 * height + 1, width + height // 2 + 1), np.float32)
    soft = rough[:-1, :-1] + rough[1:, :-1] + rough[:-1, 1:] + rough[1:, 1:]
    return np.asarray(np.rint(_GRAIN * soft / soft.std()), np.int8)


def _grainy(clean: Plane, grain: NDArray[np.int8], random: np.random.Generator) -> Plane:
    """Lay another part of the grain over each picture: making it anew would cost more than all the rest."""
    height, width = clean.shape
    top, left = (random.integers(0, room + 1) for room in (grain.shape[0] - height, grain.shape[1] - width))
    noisy = clean + grain[top : top + height, left : left + width].astype(np.int16)
    return np.clip(noisy, 16, 235).astype(np.uint8)
