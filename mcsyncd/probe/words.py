"""What an operator should know about a clip before it is used, in plain sentences. Pure."""

from __future__ import annotations

from mcsyncd.model.clip import Media

_NOTICEABLE_US = 1_000
_PICTURE_AND_SOUND_APART_US = 500_000
HDR_TRANSFERS = {"smpte2084": "PQ", "arib-std-b67": "HLG"}


def warnings(media: Media) -> tuple[str, ...]:
    """Return what is unusual about a clip."""
    return (*_about_picture(media), *_about_sound(media))


def _about_picture(media: Media) -> list[str]:
    video = media.video
    if video is None:
        return ["no picture: only its sound is used"]
    said = []
    if video.variable_rate:
        said.append(f"variable picture rate, about {video.rate}: conform lays it on a constant one")
    if video.interlaced:
        said.append("interlaced: conform makes whole pictures of it")
    if video.pixel_aspect != (1, 1):
        said.append("pixels are not square: conform makes them so")
    if kind := HDR_TRANSFERS.get(video.colour.transfer or ""):
        said.append(f"high dynamic range ({kind})")
    return said


def _about_sound(media: Media) -> list[str]:
    if not media.audio:
        return ["no sound: it cannot be synced by ear"]
    if media.video is None:
        return []
    track = media.audio[0]
    said = []
    late_us = track.start_us - media.video.start_us
    if abs(late_us) > _NOTICEABLE_US:
        word = "after" if late_us > 0 else "before"
        said.append(f"sound begins {abs(late_us) / 1000:.1f} ms {word} the picture")
    apart_us = track.start_us + track.duration_us - media.video.start_us - media.video.duration_us
    if abs(apart_us) > _PICTURE_AND_SOUND_APART_US:
        word = "after" if apart_us > 0 else "before"
        said.append(f"sound ends {abs(apart_us) / 1e6:.1f} s {word} the picture")
    return said
