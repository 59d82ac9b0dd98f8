"""Write the thumbnails of a clip: JPEG sheets, and the WebVTT file that locates them."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from mcsyncd.conform.filter_graphs import FrameConverter
from mcsyncd.conform.sprites import COLUMNS, ROWS, TILES_PER_SHEET, SpritePlan, format_webvtt
from mcsyncd.integrity.derived_file import begin_folder, write_derived_file
from mcsyncd.model.rendition import Sprites, WrittenFile

_JPEG_QUANTISER = "4"
"""Quantiser of FFmpeg's mjpeg encoder (2 is best, 31 worst).

Measured: about 60 KiB for a sheet of calm footage and 250 KiB for grainy footage.
"""


class TileCollector:
    """Makes the thumbnails of a segment: those on its own ticks, of which `first_tick` is the first.

    It costs one downscale per second of footage, in the caller's thread.
    """

    def __init__(self, plan: SpritePlan, first_tick: int = 0) -> None:
        self._plan, self._converter = plan, FrameConverter(plan.conversion)
        self._ticks, self._tiles = first_tick, plan.count_tiles(first_tick)
        self._pixels: list[bytes] = []

    def add_frame(self, frame: VideoFrame, ticks: int) -> None:
        """Add a frame that the next `ticks` ticks show."""
        self._ticks += ticks
        due = self._plan.count_tiles(self._ticks) - self._tiles
        if due:
            tile = self._converter.convert_frame(frame).to_ndarray().astype(np.uint8, copy=False)
            self._pixels += [tile.tobytes()] * due
            self._tiles += due

    def join_pixels(self) -> bytes:
        """Return the RGB pixels of all thumbnails, uint8, row by row, one after the other."""
        return b"".join(self._pixels)


class ThumbnailWriter:
    """Draws thumbnails on sheets; one sheet is in memory at a time.

    Sheets are named by their content, so the WebVTT file can refer to them wherever both are in the same
    folder.
    """

    def __init__(self, folder: Path, plan: SpritePlan) -> None:
        self._folder, self._plan = folder, plan
        width, height = plan.conversion.size
        self._sheet = np.zeros((ROWS * height, COLUMNS * width, 3), np.uint8)
        self._sheets: list[WrittenFile] = []
        self._tiles = 0
        begin_folder(folder)

    def add_tiles(self, pixels: bytes) -> None:
        """Add the thumbnails of the next segment, from `TileCollector`. Raises OSError (disk full)."""
        width, height = self._plan.conversion.size
        for tile in np.frombuffer(pixels, np.uint8).reshape(-1, height, width, 3):
            self._draw_tile(tile)

    def finish(self, ticks: int) -> Sprites:
        """Write the last sheet and the WebVTT file for a clip of `ticks` ticks. Raises OSError."""
        if self._tiles % TILES_PER_SHEET:
            self._write_sheet()
        names = [Path(sheet.path).name for sheet in self._sheets]
        text = format_webvtt(self._plan, ticks, names).encode()
        width, height = self._plan.conversion.size
        return Sprites(
            webvtt=self._write_file(text, ".vtt"),
            sheets=tuple(self._sheets),
            width=width,
            height=height,
            columns=COLUMNS,
            rows=ROWS,
            count=self._tiles,
            step_ticks=self._plan.step_ticks,
        )

    def _draw_tile(self, tile: NDArray[np.uint8]) -> None:
        height, width, _ = tile.shape
        column, row = self._plan.locate_tile(self._tiles)
        self._sheet[row * height : (row + 1) * height, column * width : (column + 1) * width] = tile
        self._tiles += 1
        if self._tiles % TILES_PER_SHEET == 0:
            self._write_sheet()

    def _write_sheet(self) -> None:
        used = self._tiles - len(self._sheets) * TILES_PER_SHEET
        width, height = self._plan.conversion.size
        rows, columns = -(-used // COLUMNS), min(used, COLUMNS)
        filled = np.ascontiguousarray(self._sheet[: rows * height, : columns * width])
        self._sheets.append(self._write_file(_encode_jpeg(filled), ".jpg"))
        self._sheet[:] = 0

    def _write_file(self, data: bytes, suffix: str) -> WrittenFile:
        name = hashlib.sha256(data).hexdigest()[:16]
        return write_derived_file(self._folder / f"{name}{suffix}", data)


def _encode_jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """Encode RGB pixels, shape (height, width, 3), as JPEG."""
    # JFIF defines one matrix, BT.601, at full range. The conversion to RGB undid the footage's own.
    frame = VideoFrame.from_ndarray(pixels, format="rgb24").reformat(
        format="yuvj420p", dst_colorspace=Colorspace.ITU601, dst_color_range=ColorRange.JPEG
    )
    encoder = av.CodecContext.create("mjpeg", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, "yuvj420p"
    encoder.time_base, encoder.thread_count = Fraction(1, 25), 1
    encoder.options = {"qmin": _JPEG_QUANTISER, "qmax": _JPEG_QUANTISER, "flags": "+bitexact"}
    frame.pts, frame.time_base = 0, encoder.time_base
    return b"".join(bytes(packet) for packet in (*encoder.encode(frame), *encoder.encode(None)))
