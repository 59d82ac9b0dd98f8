"""What is to be made of a clip: from profile, media and grid to a plan. Pure.

Everything that is decided is decided here and can be read in the plan; the renderer only does it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from mcsyncd.conform.audio_tracks import (
    AudioTrackPlan,
    SourceTrack,
    describe_tracks,
    format_track_prefix,
    plan_audio_tracks,
    plan_source_track,
)
from mcsyncd.conform.encoders import Encoder, choose_video_encoder
from mcsyncd.conform.frame_conversion import FrameConversion, plan_conversion
from mcsyncd.conform.grid import Grid
from mcsyncd.conform.sprites import SpritePlan, plan_sprites
from mcsyncd.conform.start_timecode import compute_start_timecode
from mcsyncd.media.colour import HDR_TRANSFERS
from mcsyncd.model.clip import AudioStream, Media, VideoStream
from mcsyncd.model.session import ProfileRef
from mcsyncd.settings.profiles import Profile

_NOTABLE_CUT_US = 50_000
"""Less than this at either end is how recorders fill their last packet, and not worth a word."""

RenditionKind = Literal["mezzanine", "proxy"]


@dataclass(frozen=True, slots=True)
class FilePlan:
    """One file to be written: where its parts come from and how they are encoded.

    `timecode` is the label of its first picture, as it is written down; None where there is none.
    """

    kind: RenditionKind
    profile: ProfileRef
    container: Literal["mp4", "mov"]
    conversion: FrameConversion | None
    video_encoder: Encoder | None
    audio_tracks: tuple[AudioTrackPlan, ...]
    notes: tuple[str, ...] = ()
    timecode: str | None = None


@dataclass(frozen=True, slots=True)
class RenderPlan:
    """All that the renderer needs to know. `ticks` is what the source declares; its end decides.

    `sprites` is None where there is no picture, or no proxy for which they would be made.
    """

    grid: Grid
    origin_us: int
    ticks: int
    container: str
    video: VideoStream | None
    source_tracks: tuple[SourceTrack, ...]
    files: tuple[FilePlan, ...]
    sprites: SpritePlan | None = None


def plan_renditions(
    media: Media, grid: Grid, profiles: tuple[tuple[RenditionKind, ProfileRef, Profile], ...]
) -> RenderPlan:
    """Plan the renditions of one clip."""
    tracks = tuple(plan_source_track(stream) for stream in media.audio)
    label = compute_start_timecode(media, grid)
    timecode = str(label) if label else None
    scrubbed = any(kind == "proxy" for kind, _, _ in profiles)
    return RenderPlan(
        grid=grid,
        origin_us=media.origin_us,
        ticks=grid.count_ticks(Fraction(media.duration_us, 1_000_000)),
        container=media.container,
        video=media.video,
        source_tracks=tracks,
        files=tuple(
            _plan_file(kind, ref, profile, media, tracks, timecode=timecode)
            for kind, ref, profile in profiles
        ),
        sprites=plan_sprites(media.video, grid.rate) if media.video and scrubbed else None,
    )


def _plan_file(
    kind: RenditionKind,
    ref: ProfileRef,
    profile: Profile,
    media: Media,
    tracks: tuple[SourceTrack, ...],
    *,
    timecode: str | None,
) -> FilePlan:
    picture = choose_video_encoder(profile.video) if media.video else None
    canvas = None
    if media.video and picture:
        canvas = plan_conversion(media.video, profile.short_side, picture.fmt, standard_range=kind == "proxy")
        picture = picture.with_tags(canvas.tags)
    return FilePlan(
        kind=kind,
        profile=ref,
        container=profile.container,
        conversion=canvas,
        video_encoder=picture,
        audio_tracks=plan_audio_tracks(profile, tracks),
        notes=(*describe_tracks(profile, tracks), *_describe_video(profile, media)),
        timecode=timecode,
    )


def _describe_video(profile: Profile, media: Media) -> tuple[str, ...]:
    said = _describe_cut_audio(media)
    video = media.video
    if video and (name := HDR_TRANSFERS.get(video.colour.transfer or "")):
        said += _describe_dynamic_range(name, profile)
    if video and video.colour.matrix is None:
        said.append("the source carries no colour tags: taken for what is usual at its size")
    return tuple(said)


def _describe_dynamic_range(name: str, profile: Profile) -> list[str]:
    if profile.kind == "proxy":
        return [f"high dynamic range ({name}) brought down to standard range, for looking at"]
    if profile.video.codec == "prores":
        return []
    return [f"high dynamic range ({name}) kept as it is, in 8 bits: smooth skies may show steps"]


def _describe_cut_audio(media: Media) -> list[str]:
    """Say what of the sound lies outside the picture; the picture's length rules."""
    if media.video is None:
        return []
    return [
        f"{format_track_prefix(number, len(media.audio))}{said}"
        for number, track in enumerate(media.audio)
        for said in _describe_track_overhang(track, media.video)
    ]


def _describe_track_overhang(track: AudioStream, video: VideoStream) -> Iterator[str]:
    early_us = video.start_us - track.start_us
    late_us = track.start_us + track.duration_us - video.start_us - video.duration_us
    if early_us > _NOTABLE_CUT_US:
        yield f"{early_us / 1000:.1f} ms of sound before the first picture are cut"
    if late_us > _NOTABLE_CUT_US:
        yield f"{late_us / 1000:.1f} ms of sound after the last picture are cut"
