"""Colour tags: the numbers of ITU-T H.273, by the names ffmpeg gives them."""

from __future__ import annotations

from av.video.frame import VideoFrame

from mcsyncd.model.clip import Colour

PRIMARIES = {
    1: "bt709",
    4: "bt470m",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    8: "film",
    9: "bt2020",
    10: "smpte428",
    11: "smpte431",
    12: "smpte432",
    22: "ebu3213",
}
TRANSFER = {
    1: "bt709",
    4: "gamma22",
    5: "gamma28",
    6: "smpte170m",
    7: "smpte240m",
    8: "linear",
    9: "log100",
    10: "log316",
    11: "iec61966-2-4",
    12: "bt1361e",
    13: "iec61966-2-1",
    14: "bt2020-10",
    15: "bt2020-12",
    16: "smpte2084",
    17: "smpte428",
    18: "arib-std-b67",
}
MATRIX = {
    0: "gbr",
    1: "bt709",
    4: "fcc",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    8: "ycgco",
    9: "bt2020nc",
    10: "bt2020c",
    14: "ictcp",
}
FULL_RANGE = 2


def read_colour(frame: VideoFrame) -> Colour:
    """Return the tags of a decoded picture; an unspecified or unknown one is None."""
    return Colour(
        primaries=PRIMARIES.get(frame.color_primaries),
        transfer=TRANSFER.get(frame.color_trc),
        matrix=MATRIX.get(frame.colorspace),
        full_range=frame.color_range == FULL_RANGE or frame.format.name.startswith("yuvj"),
    )
