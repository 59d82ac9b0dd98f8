"""Does this build have what a profile asks for? Asked when a profile is checked, not at picture one."""

from __future__ import annotations

import av

from mcsyncd.conform.encoders import audio_encoder, video_encoder
from mcsyncd.settings.profiles import Profile


def missing_encoders(profile: Profile) -> tuple[str, ...]:
    """Return the encoders that a profile needs and the library lacks, by ffmpeg's names."""
    needed = (video_encoder(profile.video).name, audio_encoder(profile.audio, 2, fine=False).name)
    return tuple(name for name in needed if not _has(name))


def _has(name: str) -> bool:
    try:
        av.Codec(name, "w")
    except av.codec.codec.UnknownCodecError:
        return False
    return True
