"""What an operator should know about a clip before it is used, in plain sentences. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mcsyncd.media.colour import HDR_TRANSFERS
from mcsyncd.model.clip import AudioStream, Media, VideoStream
from mcsyncd.probe.frame_intervals import FrameIntervals

_MAX_START_GAP_US = 1_000
_MAX_END_GAP_US = 500_000


def build_warnings(media: Media) -> tuple[str, ...]:
    """Return what is unusual about a clip."""
    return (*_warn_about_video(media), *_warn_about_audio(media))


def _warn_about_video(media: Media) -> list[str]:
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


def warn_about_intervals(intervals: FrameIntervals | None) -> tuple[str, ...]:
    """Say how far apart the first pictures come, where that varies."""
    if intervals is None or not intervals.variable:
        return ()
    shortest, longest = float(intervals.shortest) * 1000, float(intervals.longest) * 1000
    return (f"its first pictures come {shortest:.1f} to {longest:.1f} ms apart",)


def warn_about_undecodable(track_numbers: Iterable[int]) -> tuple[str, ...]:
    """Say which audio tracks (from 1) cannot be decoded."""
    return tuple(
        f"audio track {number} of the file cannot be decoded and is left out" for number in track_numbers
    )


def _warn_about_audio(media: Media) -> list[str]:
    if not media.audio:
        return ["no sound: it cannot be synced by ear"]
    if media.video is None:
        return []
    several = len(media.audio) > 1
    return [
        f"audio track {number}: {said}" if several else said
        for number, track in enumerate(media.audio, 1)
        for said in _warn_about_gaps(track, media.video)
    ]


def _warn_about_gaps(track: AudioStream, video: VideoStream) -> Iterator[str]:
    late_us = track.start_us - video.start_us
    if abs(late_us) > _MAX_START_GAP_US:
        word = "after" if late_us > 0 else "before"
        yield f"sound begins {abs(late_us) / 1000:.1f} ms {word} the picture"
    apart_us = track.start_us + track.duration_us - video.start_us - video.duration_us
    if abs(apart_us) > _MAX_END_GAP_US:
        word = "after" if apart_us > 0 else "before"
        yield f"sound ends {abs(apart_us) / 1e6:.1f} s {word} the picture"
