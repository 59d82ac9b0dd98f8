"""Clips as the solver takes them: analysis audio mapped from disk, times as microseconds."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from mcsyncd.daemon.places import Places
from mcsyncd.model.clip import Clip, Media
from mcsyncd.model.timecode import Timecode
from mcsyncd.sync.recording import Recording


def recording(clip: Clip, places: Places) -> Recording:
    """Return a clip (`media` set; `sound` where it was heard) as a recording of its angle."""
    media, sound = clip.media, clip.sound
    if media is None:
        raise ValueError(f"{clip.key} is not probed")
    channels = () if sound is None else sound.channels
    return Recording(
        angle=clip.camera,
        name=clip.name,
        rate=sound.rate if sound else 8000,
        start_us=sound.start_us if sound else 0,
        channels=tuple(
            np.memmap(path, "<i2", "r")
            for path in (places.file(channel.path) for channel in channels)
            if path.stat().st_size
        ),
        duration_us=media.duration_us,
        recorded_at_us=_recorded_at_us(media),
        timecode_us=_timecode_us(media),
    )


def _recorded_at_us(media: Media) -> int | None:
    if media.recorded_at is None:
        return None
    return round(datetime.fromisoformat(media.recorded_at).timestamp() * 1_000_000)


def _timecode_us(media: Media) -> int | None:
    if media.timecode is None or media.video is None:
        return None
    try:
        return round(Timecode.parse(media.timecode).since_midnight(media.video.rate) * 1_000_000)
    except ValueError:
        return None  # a label that does not exist at this rate is no evidence
