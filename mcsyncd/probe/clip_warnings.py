"""Warnings about a clip for the operator, as plain sentences. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mcsyncd.media.colour import HDR_TRANSFERS
from mcsyncd.model.clip import MAX_END_GAP_US, AudioStream, Media, VideoStream
from mcsyncd.probe.frame_intervals import FrameIntervals

_MAX_START_GAP_US = 1_000
"""Microseconds between the starts of sound and picture that are not reported. Judgement: container rounding.
Lower, ordinary clips get a warning; higher, an editor may miss a shift that matters to sync."""


NO_PICTURE = "no picture: only its sound is used"


def build_warnings(media: Media) -> tuple[str, ...]:
    """Return a sentence on everything that is unusual about a clip."""
    return (*_warn_about_video(media), *_warn_about_audio(media))


def _warn_about_video(media: Media) -> list[str]:
    video = media.video
    if video is None:
        return [NO_PICTURE]
    warnings = []
    if video.variable_rate:
        warnings.append(f"variable frame rate, about {video.rate}: conform converts it to a constant rate")
    if video.mirrored:
        warnings.append("the picture is mirrored: conform flips it")
    if video.interlaced:
        warnings.append("interlaced: conform deinterlaces it")
    if video.pixel_aspect != (1, 1):
        warnings.append("pixels are not square: conform scales them to square")
    if transfer_name := HDR_TRANSFERS.get(video.colour.transfer or ""):
        warnings.append(f"high dynamic range ({transfer_name})")
    return warnings


def warn_about_intervals(intervals: FrameIntervals | None) -> tuple[str, ...]:
    """Return a sentence on the intervals between the first frames if they vary."""
    if intervals is None or not intervals.variable:
        return ()
    shortest, longest = float(intervals.shortest) * 1000, float(intervals.longest) * 1000
    return (f"its first frames are {shortest:.1f} to {longest:.1f} ms apart",)


def warn_about_reserved_tags(tags: Iterable[tuple[str, int]]) -> tuple[str, ...]:
    """Return a sentence on each colour tag that means nothing, by what it is about and its number."""
    return tuple(
        f"its colour tag for {kind} is {number}, a reserved number: ignored" for kind, number in tags
    )


def warn_about_undecodable(tracks: Mapping[int, str]) -> tuple[str, ...]:
    """Return what to say of audio tracks that cannot be decoded, by number (from 1) with what each is."""
    return tuple(
        sentence
        for number, what in tracks.items()
        for sentence in (
            f"audio track {number} of the file cannot be decoded and is left out",
            f"audio track {number} of the file is {what}",
        )
    )


def _warn_about_audio(media: Media) -> list[str]:
    if not media.audio:
        return ["no sound: it cannot be synced by sound"]
    if media.video is None:
        return []
    several = len(media.audio) > 1
    return [
        f"audio track {number}: {warning}" if several else warning
        for number, track in enumerate(media.audio, 1)
        for warning in _warn_about_gaps(track, media.video)
    ]


def _warn_about_gaps(track: AudioStream, video: VideoStream) -> Iterator[str]:
    late_us = track.start_us - video.start_us
    if abs(late_us) > _MAX_START_GAP_US:
        word = "after" if late_us > 0 else "before"
        yield f"sound begins {abs(late_us) / 1000:.1f} ms {word} the picture"
    apart_us = track.start_us + track.duration_us - video.start_us - video.duration_us
    if abs(apart_us) > MAX_END_GAP_US:
        word = "after" if apart_us > 0 else "before"
        yield f"sound ends {abs(apart_us) / 1e6:.1f} s {word} the picture"
