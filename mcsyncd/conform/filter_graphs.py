"""FFmpeg filter graphs for frames. A graph is rebuilt when the source changes its frame format."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import av
from av.filter import Graph
from av.video.frame import VideoFrame

from mcsyncd.conform.frame_conversion import LUT_PATH_PLACEHOLDER, FrameConversion, FrameFormat
from mcsyncd.conform.tone_mapping import build_cube_lut
from mcsyncd.integrity.derived_file import write_derived_file
from mcsyncd.media.frames import is_full_range, read_colour

_FrameShape = tuple[int, int, str, int, int, int]
"""Width, height, pixel format, matrix, transfer and range of a frame."""


class VideoFilterGraph:
    """One chain of filters for frames of one shape."""

    def __init__(self, first: VideoFrame, chain: str) -> None:
        self._graph = Graph()
        self._graph.threads = 1  # the encoders use the cores, and filters wait for them anyway
        source = self._graph.add(
            "buffer",
            video_size=f"{first.width}x{first.height}",
            pix_fmt=first.format.name,
            time_base=str(first.time_base),
            pixel_aspect="1/1",
            # Not the frame's own: a value that FFmpeg does not know cannot be negotiated.
            colorspace="gbr" if first.format.is_rgb else "unknown",
            range="pc" if is_full_range(first) or first.format.is_rgb else "tv",
        )
        for part in chain.split(","):
            name, _, arguments = part.partition("=")
            node = self._graph.add(name, arguments or None)
            source.link_to(node)
            source = node
        source.link_to(self._graph.add("buffersink"))
        self._graph.configure()

    def filter_frame(self, frame: VideoFrame | None) -> Iterator[VideoFrame]:
        """Push one frame (None: end of input) and yield the filtered frames that are ready."""
        self._graph.vpush(frame)
        while True:
            try:
                yield self._graph.vpull()
            except (av.BlockingIOError, av.EOFError):
                return


class FrameConverter:
    """Converts source frames to frames of a rendition."""

    def __init__(self, conversion: FrameConversion) -> None:
        self._conversion = conversion
        self._frame_shape: _FrameShape | None = None
        self._graph: VideoFilterGraph | None = None

    def convert_frame(self, frame: VideoFrame) -> VideoFrame:
        """Return a new frame. Never the source's object, because two files are encoded from that."""
        if self._graph is None or get_frame_shape(frame) != self._frame_shape:
            self._frame_shape = get_frame_shape(frame)
            self._graph = self._build_graph(frame)
        return next(self._graph.filter_frame(frame))

    def _build_graph(self, frame: VideoFrame) -> VideoFilterGraph:
        colour = read_colour(frame)
        source = FrameFormat(
            (frame.width, frame.height),
            frame.format.name,
            colour.full_range or frame.format.is_rgb,
            colour.matrix,
            colour.transfer,
        )
        chain = self._conversion.build_filter_chain(source)
        transfer = self._conversion.find_tone_mapping(colour.transfer)
        if transfer is None:
            return VideoFilterGraph(frame, chain)
        with TemporaryDirectory(prefix="mcsyncd-") as folder:
            table = Path(folder) / "tones.cube"
            lut = build_cube_lut(transfer)
            write_derived_file(table, lut.encode("ascii"), durable=False)
            # The filter reads the table when the graph is configured, so the file may go afterwards.
            return VideoFilterGraph(frame, chain.replace(LUT_PATH_PLACEHOLDER, str(table)))


def deinterlace_frames(frames: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
    """Deinterlace frames (bwdif), one frame out for each in; progressive frames pass unchanged."""
    shape: _FrameShape | None = None
    graph: VideoFilterGraph | None = None
    for frame in frames:
        if graph is None or get_frame_shape(frame) != shape:
            if graph is not None:
                yield from graph.filter_frame(None)
            shape = get_frame_shape(frame)
            graph = VideoFilterGraph(frame, "bwdif=mode=send_frame:deint=interlaced")
        yield from graph.filter_frame(frame)
    if graph is not None:
        yield from graph.filter_frame(None)


def get_frame_shape(frame: VideoFrame) -> _FrameShape:
    """Return the properties of a frame that a graph is built for: size, pixel format and colour."""
    return (
        frame.width,
        frame.height,
        frame.format.name,
        int(frame.colorspace),
        int(frame.color_trc),
        int(frame.color_range),
    )
