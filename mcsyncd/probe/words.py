"""What an operator should know about a clip before it is used, in plain sentences. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mcsyncd.model.clip import AudioStream, Media, VideoStream
from mcsyncd.probe.steps import Steps

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
    if video.mirrored:
        said.append("the picture is mirrored: conform turns it over")
    if video.interlaced:
        said.append("interlaced: conform makes whole pictures of it")
    if video.pixel_aspect != (1, 1):
        said.append("pixels are not square: conform makes them so")
    if kind := HDR_TRANSFERS.get(video.colour.transfer or ""):
        said.append(f"high dynamic range ({kind})")
    return said


def about_steps(steps: Steps | None) -> tuple[str, ...]:
    """Say how far apart the first pictures come, where that varies."""
    if steps is None or not steps.variable:
        return ()
    shortest, longest = float(steps.shortest) * 1000, float(steps.longest) * 1000
    return (f"its first pictures come {shortest:.1f} to {longest:.1f} ms apart",)


def about_lost(tracks: Iterable[int]) -> tuple[str, ...]:
    """Say which audio tracks (from 1) cannot be decoded."""
    return tuple(f"audio track {number} of the file cannot be decoded and is left out" for number in tracks)


def _about_sound(media: Media) -> list[str]:
    if not media.audio:
        return ["no sound: it cannot be synced by ear"]
    if media.video is None:
        return []
    several = len(media.audio) > 1
    return [
        f"audio track {number}: {said}" if several else said
        for number, track in enumerate(media.audio, 1)
        for said in _against(track, media.video)
    ]


def _against(track: AudioStream, video: VideoStream) -> Iterator[str]:
    late_us = track.start_us - video.start_us
    if abs(late_us) > _NOTICEABLE_US:
        word = "after" if late_us > 0 else "before"
        yield f"sound begins {abs(late_us) / 1000:.1f} ms {word} the picture"
    apart_us = track.start_us + track.duration_us - video.start_us - video.duration_us
    if abs(apart_us) > _PICTURE_AND_SOUND_APART_US:
        word = "after" if apart_us > 0 else "before"
        yield f"sound ends {abs(apart_us) / 1e6:.1f} s {word} the picture"
