"""What the solver is given: one recording's analysis audio and what its file says of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from mcsyncd.model.clip import AnalysisAudio, Media
from mcsyncd.model.timecode import Timecode

ANALYSIS_RATE_HZ = 8000
"""Samples a second of all analysis audio."""


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """One clip as the solver sees it.

    `channels` are int16 at `rate` samples a second, sample 0 at clip time `start_us`; memory maps
    are welcome, the solver reads in passing and keeps no copy. Empty when nothing usable was heard.
    `recorded_at_us` is wall-clock time and `timecode_us` time of day, both of clip time 0, where
    the file has them. `name` names the clip within its angle. `channels` are played `speed` times as
    fast as they are; all times are those of what is heard then.
    """

    angle: str
    name: str
    rate: int
    start_us: int
    channels: tuple[NDArray[np.int16], ...]
    duration_us: int
    recorded_at_us: int | None = None
    timecode_us: int | None = None
    speed: float = 1.0

    @property
    def samples(self) -> int:
        """Length of the longest channel, as it is played."""
        return int(max((channel.size for channel in self.channels), default=0) / self.speed)


def build_recording(
    angle: str, name: str, media: Media, audio: AnalysisAudio | None, channels: Sequence[NDArray[np.int16]]
) -> Recording:
    """Make the solver's view of a clip from what probe and listen found.

    `channels` are the samples of `sound.channels`, mapped or read by the caller; the solver opens
    no files. `sound` is None for a clip that was not listened to.
    """
    return Recording(
        angle=angle,
        name=name,
        rate=audio.rate if audio else ANALYSIS_RATE_HZ,
        start_us=audio.start_us if audio else 0,
        channels=tuple(channels),
        duration_us=media.duration_us,
        recorded_at_us=_parse_recorded_at_us(media),
        timecode_us=_parse_timecode_us(media),
    )


def _parse_timecode_us(media: Media) -> int | None:
    if media.timecode is None or media.video is None:
        return None
    try:
        return round(Timecode.parse(media.timecode).to_seconds(media.video.rate) * 1_000_000)
    except ValueError:
        # A label that does not exist at this rate is no evidence.
        return None


def _parse_recorded_at_us(media: Media) -> int | None:
    try:
        when = datetime.fromisoformat(media.recorded_at or "")
    except ValueError:
        return None
    # Without a zone it is compared with other cameras' only, and those that leave it away all do.
    return round((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1_000_000)
