"""Clips as the solver takes them: their analysis audio mapped from disk."""

from __future__ import annotations

import numpy as np

from mcsyncd.daemon.places import Places
from mcsyncd.model.clip import Clip
from mcsyncd.sync.recording import Recording, build_recording


def recorded(clip: Clip, places: Places) -> Recording:
    """Return a clip (`media` set; `sound` where it was heard) as a recording of its angle."""
    if clip.media is None:
        raise ValueError(f"{clip.key} is not probed")
    paths = [places.file(channel.path) for channel in clip.sound.channels] if clip.sound else []
    channels = [np.memmap(path, "<i2", "r") for path in paths if path.stat().st_size]
    return build_recording(clip.camera, clip.name, clip.media, clip.sound, channels)
