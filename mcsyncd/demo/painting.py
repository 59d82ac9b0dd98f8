"""Paint with numpy: soft-edged shapes, and sprites pasted into a yuv420p frame.

Coordinates are pixels: x points right, y down, and the first pixel's centre is at (0.5, 0.5). Colours are
RGB from 0 to 1. Shapes are distance fields clipped at their edge, so they are smooth at every size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
"""One value per pixel, shape (height, width)."""
Pixels = NDArray[np.uint8]
Colour = tuple[float, float, float]
"""Red, green and blue, from 0 to 1."""


class Canvas:
    """An RGB image with coverage (alpha) to paint on; float32, shape (height, width)."""

    def __init__(self, width: int, height: int) -> None:
        self.x = np.arange(width, dtype=np.float32)[None, :] + np.float32(0.5)
        self.y = np.arange(height, dtype=np.float32)[:, None] + np.float32(0.5)
        self.rgb = np.zeros((height, width, 3), dtype=np.float32)
        self.alpha = np.zeros((height, width), dtype=np.float32)

    def paint(self, coverage: Plane, colour: Colour, shade: Plane | None = None) -> None:
        """Paint a colour where `coverage` is above 0; `shade` scales the colour pixel by pixel."""
        body = np.asarray(colour, dtype=np.float32)
        painted = body if shade is None else body * shade[..., None]
        self.rgb += coverage[..., None] * (painted - self.rgb)
        self.alpha += coverage * (1 - self.alpha)

    def draw_disc(self, x: float, y: float, radius: float, soft: float = 1.0) -> Plane:
        """Return the coverage of a disc whose edge is `soft` pixels wide."""
        distance = np.sqrt((self.x - x) ** 2 + (self.y - y) ** 2)
        return np.asarray(np.clip((radius - distance) / soft + 0.5, 0, 1), dtype=np.float32)

    def draw_box(self, x: float, y: float, half: tuple[float, float], corner: float) -> Plane:
        """Return the coverage of a box with round corners; `half` is half its width and height."""
        right = np.abs(self.x - x) - (half[0] - corner)
        down = np.abs(self.y - y) - (half[1] - corner)
        outside = np.sqrt(np.maximum(right, 0) ** 2 + np.maximum(down, 0) ** 2)
        distance = outside + np.minimum(np.maximum(right, down), 0) - corner
        return np.asarray(np.clip(0.5 - distance, 0, 1), dtype=np.float32)

    def draw_glow(self, x: float, y: float, reach: float) -> Plane:
        """Return the coverage of a soft light that falls to 1/e at `reach` pixels."""
        square = ((self.x - x) ** 2 + (self.y - y) ** 2) / np.float32(reach * reach)
        return np.asarray(np.exp(-square), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Sprite:
    """An image that is painted once and pasted often.

    `keep` are the weights of the pixels below (luma, chroma), `add` is what is added to Y, U and V. Both
    are in 256ths, uint16, ready for `below * keep + add >> 8`. Width and height are even.
    """

    keep: tuple[NDArray[np.uint16], NDArray[np.uint16]]
    add: tuple[NDArray[np.uint16], NDArray[np.uint16], NDArray[np.uint16]]


class YuvFrame:
    """A yuv420p frame in one block of memory, in PyAV's shape: (height * 3 / 2, width)."""

    def __init__(self, width: int, height: int) -> None:
        self.block = np.zeros((height * 3 // 2, width), dtype=np.uint8)
        flat, luma = self.block.reshape(-1), width * height
        small = (height // 2, width // 2)
        self.planes: tuple[Pixels, Pixels, Pixels] = (
            flat[:luma].reshape(height, width),
            flat[luma : luma + luma // 4].reshape(small),
            flat[luma + luma // 4 :].reshape(small),
        )

    def paste(self, sprite: Sprite, x: float, y: float) -> None:
        """Paste a sprite with its centre at (x, y), rounded to even pixels; it is clipped at the edges."""
        height, width = sprite.add[0].shape
        left, top = 2 * round((x - width / 2) / 2), 2 * round((y - height / 2) / 2)
        for number, (plane, add) in enumerate(zip(self.planes, sprite.add, strict=True)):
            step = 2 if number else 1
            keep = sprite.keep[1 if number else 0]
            _blend_plane(plane, keep, add, left // step, top // step)

    def apply_flash(self) -> None:
        """Brighten the whole frame, three quarters of the way to white."""
        luma, *colours = self.planes
        luma += (235 - np.minimum(luma, 235)) // 4 * 3
        for plane in colours:
            plane[:] = plane // 4 + 96


def _blend_plane(
    plane: Pixels, keep: NDArray[np.uint16], add: NDArray[np.uint16], left: int, top: int
) -> None:
    height, width = add.shape
    rows = slice(max(0, -top), min(height, plane.shape[0] - top))
    columns = slice(max(0, -left), min(width, plane.shape[1] - left))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    below = plane[top + rows.start : top + rows.stop, left + columns.start : left + columns.stop]
    mixed = below * keep[rows, columns]
    mixed += add[rows, columns]
    mixed >>= 8
    below[:] = mixed


def build_sprite(canvas: Canvas, white_balance: Colour) -> Sprite:
    """Return a canvas of even size as a sprite, seen with a camera's white balance."""
    planes, alphas = _convert_to_yuv(canvas, white_balance)
    weights = [np.rint(256 * alpha) for alpha in alphas]
    return Sprite(
        keep=(_round_to_uint16(256 - weights[0]), _round_to_uint16(256 - weights[1])),
        add=(
            _round_to_uint16(256 * planes[0]),
            _round_to_uint16(256 * planes[1]),
            _round_to_uint16(256 * planes[2]),
        ),
    )


def build_background(canvas: Canvas, white_balance: Colour) -> YuvFrame:
    """Return a fully painted canvas as a frame, seen with a camera's white balance."""
    height, width = canvas.alpha.shape
    frame = YuvFrame(width, height)
    for plane, painted in zip(frame.planes, _convert_to_yuv(canvas, white_balance)[0], strict=True):
        plane[:] = np.rint(painted)
    return frame


def _round_to_uint16(values: Plane) -> NDArray[np.uint16]:
    return np.rint(values).astype(np.uint16)


def _convert_to_yuv(
    canvas: Canvas, white_balance: Colour
) -> tuple[tuple[Plane, Plane, Plane], tuple[Plane, Plane]]:
    """Return Y, U and V times coverage (ITU-R BT.709, limited range), and the coverage of luma and chroma."""
    rgb = np.minimum(canvas.rgb * np.asarray(white_balance, dtype=np.float32), canvas.alpha[..., None])
    alpha = canvas.alpha
    luma = rgb @ np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
    blue = (rgb[..., 2] - luma) / np.float32(1.8556)
    red = (rgb[..., 0] - luma) / np.float32(1.5748)
    small = _halve_plane(alpha)
    chroma = tuple(128 * small + 224 * _halve_plane(plane) for plane in (blue, red))
    return (16 * alpha + 219 * luma, chroma[0], chroma[1]), (alpha, small)


def _halve_plane(plane: Plane) -> Plane:
    height, width = plane.shape
    return np.asarray(plane.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3)), dtype=np.float32)
