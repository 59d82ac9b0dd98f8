"""Compute the timecode of a frame, and a rendition's first, by which an editor finds the original. Pure.

Relinking compares timecodes, so the camera's own is kept, counted on to the frame that tick 0 shows. If
the session has another rate, hours, minutes and seconds stay the same and only the frame number is
scaled. Every editing system relabels 29.97 as 30 in this way. Converting by real time instead would
move the timecode by 3.6 s per hour.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil

from mcsyncd.conform.grid import Grid
from mcsyncd.model.clip import Media
from mcsyncd.model.rate import Rate
from mcsyncd.model.timecode import Timecode


def compute_start_timecode(media: Media, grid: Grid) -> Timecode | None:
    """Return the timecode of tick 0, or None if the clip has none or one that is invalid at its rate."""
    shown = compute_frame_timecode(media, max(Fraction(0), grid.compute_clip_time(0)))
    if shown is None or media.video is None:
        return None
    try:
        return _convert_timecode(shown, media.video.rate, grid.rate)
    except ValueError:
        return None


def compute_frame_timecode(media: Media, time: Fraction) -> Timecode | None:
    """Return the camera's timecode `time` seconds after the first frame; None as above."""
    if media.video is None or media.timecode is None:
        return None
    own = media.video.rate
    try:
        first = Timecode.parse(media.timecode)
        number = first.to_frame_number(own) + round(time * own.fraction)
        return Timecode.from_frame_number(number, own, drop_frame=first.drop_frame)
    except ValueError:
        return None


def _convert_timecode(timecode: Timecode, own: Rate, rate: Rate) -> Timecode:
    if rate == own:
        return timecode
    frames = timecode.frames * ceil(rate.fraction) // ceil(own.fraction)
    drop_frame = timecode.drop_frame and _has_drop_frame(rate)
    converted = Timecode(timecode.hours, timecode.minutes, timecode.seconds, frames, drop_frame)
    converted.to_frame_number(rate)  # raises ValueError for a label that drop-frame counting skips
    return converted


def _has_drop_frame(rate: Rate) -> bool:
    return rate.den == 1001 and ceil(rate.fraction) % 30 == 0
