"""Generate footage that is as hard for encoders and players as a camera's.

Overlapping discs with power-law sizes ("dead leaves", Lee, Mumford and Huang 2001) have the edges and the
spectrum of photographs. In the lower half, two such fields move through each other, as foliage, water
and crowds do, so that no motion vector fits. A subject moves in front. The camera alternates between
standing still and moving, by fractions of a pixel. Everything is covered by grain, new in each frame and
slightly soft, as after a sensor's noise reduction. Clean drawings would flatter long GOPs and every
encoder.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

RATE = 30
"""Frames per second."""

_PART_S = 4
"""Seconds for which the camera stands still, and then moves for as long."""
_SWAY = ((0.31, 26.0), (0.73, 9.0), (1.7, 3.0), (5.3, 0.6))
"""Motion of a handheld camera: frequencies in hertz, amplitudes in pixels at 1080 lines."""
_GRAIN = 4.0
"""Standard deviation of the grain, in 8-bit steps."""
_RADII = (12.0, 700.0)
"""Smallest and largest radius of a disc, in pixels at 1080 lines."""
_DISCS = 6000
"""Discs of a field: enough to cover it."""

Plane = NDArray[np.uint8]


def generate_frames(size: tuple[int, int], count: int, seed: int = 1) -> Iterator[Plane]:
    """Yield `count` frames as yuv420p blocks of shape (height * 3 / 2, width).

    `size` is width and height, both multiples of 4. Equal arguments give equal frames.
    """
    width, height = size
    half = (width // 2, height // 2)
    random = np.random.default_rng(seed)
    backdrop, foliage, subject = (_draw_dead_leaves(random, size) for _ in range(3))
    tints = [_draw_dead_leaves(random, half) // 6 + 108 for _ in range(2)]
    grain, mask, ground = _draw_grain(random, size), _draw_silhouette(size), height // 2
    for number in range(count):
        x, y = _compute_camera_position(number / RATE)
        luma = _crop_field(backdrop, x, y, size)
        overlay = _crop_field(foliage, *_compute_foliage_position(number / RATE), size)[ground:]
        luma[ground:] = luma[ground:] // 2 + overlay // 2
        luma[mask] = _crop_field(subject, -x / 2, y, size)[mask]
        colours = [_crop_field(tint, x, y, half).reshape(height // 4, width) for tint in tints]
        yield _add_grain(np.concatenate([luma, *colours]), grain, random)


def _compute_margin(height: int) -> int:
    """Return how far a field extends beyond the frame on each side: a little more than the camera moves."""
    return height // 16


def _draw_dead_leaves(random: np.random.Generator, size: tuple[int, int]) -> Plane:
    unit, margin = size[1] / 1080, _compute_margin(size[1])
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


def _draw_silhouette(size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the mask of head and shoulders, about a sixth of the frame."""
    width, height = size
    rows, columns = np.ogrid[:height, :width]
    x, y = (columns - 0.58 * width) / height, rows / height
    head = (x / 0.12) ** 2 + ((y - 0.36) / 0.16) ** 2 < 1
    return np.asarray(head | ((x / 0.3) ** 2 + ((y - 1.0) / 0.45) ** 2 < 1))


def _compute_camera_position(time_s: float) -> tuple[float, float]:
    """Return where the camera points, in pixels at 1080 lines from the middle of its field."""
    cycles, rest = divmod(time_s, 2 * _PART_S)
    moving_s = cycles * _PART_S + max(0.0, rest - _PART_S)
    x, y = (
        sum(amplitude * np.sin(2 * np.pi * hertz * moving_s + hertz * phase) for hertz, amplitude in _SWAY)
        for phase in (0, 2)
    )
    return float(x), float(y)


def _compute_foliage_position(time_s: float) -> tuple[float, float]:
    """Return the displacement of the foliage, in pixels at 1080 lines."""
    return 25 * float(np.sin(2 * np.pi * 0.27 * time_s)), 12 * float(np.sin(2 * np.pi * 0.61 * time_s))


def _crop_field(field: Plane, x: float, y: float, size: tuple[int, int]) -> Plane:
    """Crop a frame from a field, at a position in sixteenths of a pixel (bilinear)."""
    width, height = size
    left, right = divmod(round(16 * (x * height / 1080 + _compute_margin(height))), 16)
    top, down = divmod(round(16 * (y * height / 1080 + _compute_margin(height))), 16)
    block = field[top : top + height + 1, left : left + width + 1].astype(np.uint16)
    rows = block[:, :-1] * (16 - right) + block[:, 1:] * right
    return ((rows[:-1] * (16 - down) + rows[1:] * down) >> 8).astype(np.uint8)


def _draw_grain(random: np.random.Generator, size: tuple[int, int]) -> NDArray[np.int8]:
    width, height = size
    rough = random.standard_normal((2 * height + 1, width + height // 2 + 1), np.float32)
    soft = rough[:-1, :-1] + rough[1:, :-1] + rough[:-1, 1:] + rough[1:, 1:]
    return np.asarray(np.rint(_GRAIN * soft / soft.std()), np.int8)


def _add_grain(clean: Plane, grain: NDArray[np.int8], random: np.random.Generator) -> Plane:
    """Add a different part of the grain to each frame: new grain would cost more than everything else."""
    height, width = clean.shape
    top, left = (random.integers(0, room + 1) for room in (grain.shape[0] - height, grain.shape[1] - width))
    noisy = clean + grain[top : top + height, left : left + width].astype(np.int16)
    return np.clip(noisy, 16, 235).astype(np.uint8)
