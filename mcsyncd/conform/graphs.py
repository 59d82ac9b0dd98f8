"""Filter graphs around single pictures. A graph is built anew when the source's shape changes."""

from __future__ import annotations

from collections.abc import Iterator

import av
from av.filter import Graph
from av.video.frame import VideoFrame

from mcsyncd.conform.canvas import Canvas

_FULL_RANGE = 2
_Shape = tuple[int, int, str, int, int]


class PictureGraph:
    """One chain of filters for pictures of one shape."""

    def __init__(self, first: VideoFrame, chain: str) -> None:
        self._graph = Graph()
        self._graph.threads = 1  # the encoders have the cores; filters wait for them anyway
        source = self._graph.add(
            "buffer",
            video_size=f"{first.width}x{first.height}",
            pix_fmt=first.format.name,
            time_base=str(first.time_base),
            pixel_aspect="1/1",
            colorspace=str(int(first.colorspace)),
            range=str(int(first.color_range)),
        )
        for part in chain.split(","):
            name, _, arguments = part.partition("=")
            node = self._graph.add(name, arguments or None)
            source.link_to(node)
            source = node
        source.link_to(self._graph.add("buffersink"))
        self._graph.configure()

    def through(self, picture: VideoFrame | None) -> Iterator[VideoFrame]:
        """Push one picture (None: no more) and yield what comes out."""
        self._graph.vpush(picture)
        while True:
            try:
                yield self._graph.vpull()
            except (av.BlockingIOError, av.EOFError):
                return


class Painter:
    """Makes a rendition's picture of a source picture, by its canvas."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._shape: _Shape | None = None
        self._graph: PictureGraph | None = None

    def paint(self, picture: VideoFrame) -> VideoFrame:
        """Return a picture of its own (never the source's object: two files are made of that one)."""
        if self._graph is None or shape_of(picture) != self._shape:
            self._shape = shape_of(picture)
            full = picture.color_range == _FULL_RANGE or picture.format.name.startswith("yuvj")
            chain = self._canvas.filters(picture.width, picture.height, picture.format.name, full)
            self._graph = PictureGraph(picture, chain)
        return next(self._graph.through(picture))


def whole_pictures(fields: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
    """Make whole pictures of interlaced ones (bwdif); progressive ones among them stay as they are."""
    shape: _Shape | None = None
    graph: PictureGraph | None = None
    for picture in fields:
        if graph is None or shape_of(picture) != shape:
            if graph is not None:
                yield from graph.through(None)
            shape, graph = shape_of(picture), PictureGraph(picture, "bwdif=mode=send_frame:deint=interlaced")
        yield from graph.through(picture)
    if graph is not None:
        yield from graph.through(None)


def shape_of(picture: VideoFrame) -> _Shape:
    """Return what a graph is built for: size, pixel format, matrix and range."""
    return (
        picture.width,
        picture.height,
        picture.format.name,
        int(picture.colorspace),
        int(picture.color_range),
    )
