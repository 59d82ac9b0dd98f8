"""The timecode of a rendition's first picture, so that an editing system finds the original by it. Pure.

A label is what relinking compares, so the camera's own is carried: it is counted on to the
picture that tick 0 shows, and hours, minutes and seconds stay as they are where the session
has another rate. Only the frame number is scaled then: 29.97 is relabelled 30 this way by every
editing system, where going by real time would move the label by 3.6 s an hour.
"""

from __future__ import annotations

from math import ceil

from mcsyncd.conform.grid import Grid
from mcsyncd.model.clip import Media
from mcsyncd.model.rate import Rate
from mcsyncd.model.timecode import Timecode


def compute_start_timecode(media: Media, grid: Grid) -> Timecode | None:
    """Return the label of tick 0; None where the clip has none, or one that its rate does not have."""
    if media.video is None or media.timecode is None:
        return None
    own = media.video.rate
    try:
        label = Timecode.parse(media.timecode)
        shown = label.to_frame_number(own) + max(0, round(grid.compute_clip_time(0) * own.fraction))
        return _convert_timecode(
            Timecode.from_frame_number(shown, own, drop_frame=label.drop_frame), own, grid.rate
        )
    except ValueError:
        return None


def _convert_timecode(timecode: Timecode, own: Rate, rate: Rate) -> Timecode:
    if rate == own:
        return timecode
    frames = timecode.frames * ceil(rate.fraction) // ceil(own.fraction)
    drops = timecode.drop_frame and _has_drop_frame(rate)
    made = Timecode(timecode.hours, timecode.minutes, timecode.seconds, frames, drops)
    made.to_frame_number(rate)
    return made


def _has_drop_frame(rate: Rate) -> bool:
    return rate.den == 1001 and ceil(rate.fraction) % 30 == 0
