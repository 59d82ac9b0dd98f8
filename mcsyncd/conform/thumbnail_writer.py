"""Write the thumbnails of a clip while it is decoded: JPEG sheets, and the WebVTT file that locates them."""

from __future__ import annotations

import hashlib
import shutil
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
from mcsyncd.integrity.derived_file import write_derived_file
from mcsyncd.model.rendition import Sprites, WrittenFile

_JPEG_QUANTISER = "4"
"""Quantiser of FFmpeg's mjpeg encoder (2 is best, 31 worst).

Measured: about 60 KiB for a sheet of calm footage and 250 KiB for grainy footage.
"""


class ThumbnailWriter:
    """Collects thumbnails from the frames of a rendition; one sheet is in memory at a time.

    It costs one downscale per second of footage, in the caller's thread. Sheets are named by their
    content, so the WebVTT file can refer to them wherever both are in the same folder.
    """

    def __init__(self, folder: Path, plan: SpritePlan) -> None:
        self._folder, self._plan = folder, plan
        self._converter = FrameConverter(plan.conversion)
        width, height = plan.conversion.size
        self._sheet = np.zeros((ROWS * height, COLUMNS * width, 3), np.uint8)
        self._sheets: list[WrittenFile] = []
        self._ticks = self._tiles = 0
        shutil.rmtree(folder, ignore_errors=True)  # left behind by a crash
        folder.mkdir()

    def add_frame(self, frame: VideoFrame, ticks: int) -> None:
        """Add a frame that the next `ticks` ticks show. Raises OSError (disk full)."""
        self._ticks += ticks
        due = self._plan.count_tiles(self._ticks) - self._tiles
        if due:
            tile = self._converter.convert_frame(frame).to_ndarray().astype(np.uint8, copy=False)
            for _ in range(due):
                self._draw_tile(tile)

    def finish(self) -> Sprites:
        """Write the last sheet and the WebVTT file. Raises OSError."""
        if self._tiles % TILES_PER_SHEET:
            self._write_sheet()
        names = [Path(sheet.path).name for sheet in self._sheets]
        text = format_webvtt(self._plan, self._ticks, names).encode()
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

    def abandon(self) -> None:
        """Remove everything that was written."""
        shutil.rmtree(self._folder, ignore_errors=True)

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
