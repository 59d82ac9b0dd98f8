"""Check that this build of FFmpeg has the encoders of a profile, before a job depends on them."""

from __future__ import annotations

import av

from mcsyncd.conform.encoders import choose_audio_encoder, choose_video_encoder
from mcsyncd.settings.profiles import Profile


def find_missing_encoders(profile: Profile) -> tuple[str, ...]:
    """Return the encoders that a profile needs and this build lacks, by ffmpeg's names."""
    needed = (
        choose_video_encoder(profile.video).name,
        choose_audio_encoder(profile.audio, 2, over_16_bits=False).name,
    )
    return tuple(name for name in needed if not _has_encoder(name))


def _has_encoder(name: str) -> bool:
    try:
        av.Codec(name, "w")
    except av.codec.codec.UnknownCodecError:
        return False
    return True
