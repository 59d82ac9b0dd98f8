"""Filter graphs around single pictures. A graph is built anew when the source's shape changes."""

from __future__ import annotations

from collections.abc import Iterator
from tempfile import NamedTemporaryFile

import av
from av.filter import Graph
from av.video.frame import VideoFrame

from mcsyncd.conform.canvas import CUBE, Canvas, Shape
from mcsyncd.conform.dynamics import cube

_FULL_RANGE = 2
_Look = tuple[int, int, str, int, int]


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
        self._look: _Look | None = None
        self._graph: PictureGraph | None = None

    def paint(self, picture: VideoFrame) -> VideoFrame:
        """Return a picture of its own (never the source's object: two files are made of that one)."""
        if self._graph is None or look_of(picture) != self._look:
            self._look = look_of(picture)
            self._graph = self._built(picture)
        return next(self._graph.through(picture))

    def _built(self, picture: VideoFrame) -> PictureGraph:
        full = picture.color_range == _FULL_RANGE or picture.format.name.startswith("yuvj")
        size = (picture.width, picture.height)
        chain = self._canvas.filters(Shape(size, picture.format.name, full))
        if self._canvas.mapped is None:
            return PictureGraph(picture, chain)
        with NamedTemporaryFile("w", suffix=".cube", encoding="ascii") as table:
            table.write(cube(self._canvas.mapped.transfer))
            table.flush()
            return PictureGraph(picture, chain.replace(CUBE, table.name))  # read when it is configured


def whole_pictures(fields: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
    """Make whole pictures of interlaced ones (bwdif); progressive ones among them stay as they are."""
    shape: _Look | None = None
    graph: PictureGraph | None = None
    for picture in fields:
        if graph is None or look_of(picture) != shape:
            if graph is not None:
                yield from graph.through(None)
            shape, graph = look_of(picture), PictureGraph(picture, "bwdif=mode=send_frame:deint=interlaced")
        yield from graph.through(picture)
    if graph is not None:
        yield from graph.through(None)


def look_of(picture: VideoFrame) -> _Look:
    """Return what a graph is built for: size, pixel format, matrix and range."""
    return (
        picture.width,
        picture.height,
        picture.format.name,
        int(picture.colorspace),
        int(picture.color_range),
    )
