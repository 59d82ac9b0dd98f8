"""Whether the timestamps of a clip rise from its beginning to its end, so that a seek is unambiguous."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av

from mcsyncd.media.open import open_media
from mcsyncd.model.clip import VideoStream

_FORMATS_WITHOUT_INDEX = {"mpegts", "mpeg", "ogg"}
"""FFmpeg's names of the formats in which a seek halves the file until a timestamp fits. If the timestamps
begin again somewhere, it can end on the wrong side of that place without any sign. One too few, and such
a clip shows wrong pictures; one too many costs a read of the file."""

_TOLERANCE_S = Fraction(1, 2)
"""Seconds by which a timestamp may lie before an earlier one. Judgement: more than encoders reorder frames
by, and less than anything that a seek could confuse."""


def can_seek_by_time(path: Path, container: str, video: VideoStream) -> bool:
    """Tell whether a seek in this clip leads to the frames of the time that it is for.

    Reads the packets of a file without an index, and decodes nothing. Raises BadMedia, OSError.
    """
    if container not in _FORMATS_WITHOUT_INDEX:
        return True
    latest: Fraction | None = None
    with open_media(path, streams=(video.index,), expected_format=container) as opened:
        packets = opened.demux(opened.streams[video.index])
        while True:
            try:
                packet = next(packets)
            except (StopIteration, av.EOFError):
                return True
            except av.InvalidDataError:
                continue
            stamp = packet.dts if packet.dts is not None else packet.pts
            if stamp is None or not packet.time_base:
                continue
            time = stamp * packet.time_base
            if latest is not None and time < latest - _TOLERANCE_S:
                return False
            latest = time if latest is None else max(latest, time)
