"""Plan the renditions of a clip from profiles, media and grid. Pure.

Every decision is made here and is visible in the plan; the renderer only executes it.
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
from mcsyncd.conform.blanking import count_blanking_lines, crop_blanking
from mcsyncd.conform.colour_tags import (
    DNXHR_LIMITS,
    H264_LIMITS,
    PRORES_LIMITS,
    choose_tags,
    describe_tags,
)
from mcsyncd.conform.encoders import Encoder
from mcsyncd.conform.frame_conversion import FrameConversion, plan_conversion
from mcsyncd.conform.grid import Grid
from mcsyncd.conform.hardware_encoders import choose_usable_encoder
from mcsyncd.conform.rate_notes import describe_rate_change
from mcsyncd.conform.sprites import SpritePlan, plan_sprites
from mcsyncd.conform.start_timecode import compute_start_timecode
from mcsyncd.media.colour import HDR_TRANSFERS
from mcsyncd.model.clip import AudioStream, Media, VideoStream
from mcsyncd.model.session import ProfileRef
from mcsyncd.settings.profiles import Profile

_NOTABLE_CUT_US = 50_000
"""Microseconds. Less audio than this cut at either end is not reported.

Judgement: recorders pad the audio by up to a packet or two (AAC: 21 ms each). If it were smaller,
nearly every clip would carry a note.
"""

_TAG_LIMITS = {
    "h264": H264_LIMITS,
    "hevc": H264_LIMITS,
    "av1": H264_LIMITS,
    "prores": PRORES_LIMITS,
    "dnxhd": DNXHR_LIMITS,
}
"""The colour tags that each codec of a profile can carry."""

RenditionKind = Literal["mezzanine", "proxy"]


@dataclass(frozen=True, slots=True)
class FilePlan:
    """One file to write: where its content comes from and how it is encoded.

    `conversion` and `video_encoder` are None without video. `timecode` is that of the first frame, as it
    is written into the file, or None.
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
    """Everything that the renderer needs to know.

    `ticks` is the length that the source declares; the end of its stream decides. `sprites` is None
    without video, or if no proxy is planned.
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
    media: Media,
    grid: Grid,
    profiles: tuple[tuple[RenditionKind, ProfileRef, Profile], ...],
    usable_hardware: frozenset[str] = frozenset(),
) -> RenderPlan:
    """Plan the renditions of one clip, in the order of `profiles`. `media` is what probe found.

    `usable_hardware` are the hardware encoders that work here (`conform.hardware_check`). Raises McsyncError
    if a profile insists on one that does not.
    """
    tracks = tuple(plan_source_track(stream) for stream in media.audio)
    start = compute_start_timecode(media, grid)
    timecode = str(start) if start else None
    rate_notes = tuple(describe_rate_change(media.video, grid.rate)) if media.video else ()
    has_proxy = any(kind == "proxy" for kind, _, _ in profiles)
    return RenderPlan(
        grid=grid,
        origin_us=media.origin_us,
        ticks=grid.count_ticks(Fraction(media.duration_us, 1_000_000)),
        container=media.container,
        video=media.video,
        source_tracks=tracks,
        files=tuple(
            _plan_file(
                kind,
                ref,
                profile,
                media,
                tracks,
                timecode=timecode,
                rate_notes=rate_notes,
                usable_hardware=usable_hardware,
            )
            for kind, ref, profile in profiles
        ),
        sprites=plan_sprites(media.video, grid.rate) if media.video and has_proxy else None,
    )


def _plan_file(
    kind: RenditionKind,
    ref: ProfileRef,
    profile: Profile,
    media: Media,
    tracks: tuple[SourceTrack, ...],
    *,
    timecode: str | None,
    rate_notes: tuple[str, ...],
    usable_hardware: frozenset[str],
) -> FilePlan:
    encoder: Encoder | None = None
    fallback_notes: tuple[str, ...] = ()
    if media.video:
        encoder, fallback_notes = choose_usable_encoder(ref.name, profile.video, usable_hardware)
    conversion = None
    if media.video and encoder:
        conversion = plan_conversion(
            media.video,
            profile.short_side,
            encoder.fmt,
            _TAG_LIMITS[profile.video.codec],
            standard_range=kind == "proxy",
        )
        encoder = encoder.with_tags(conversion.tags)
    return FilePlan(
        kind=kind,
        profile=ref,
        container=profile.container,
        conversion=conversion,
        video_encoder=encoder,
        audio_tracks=plan_audio_tracks(profile, tracks),
        notes=(
            *describe_tracks(profile, tracks),
            *_describe_video(profile, media, encoder),
            *rate_notes,
            *fallback_notes,
        ),
        timecode=timecode,
    )


def _describe_video(profile: Profile, media: Media, encoder: Encoder | None) -> tuple[str, ...]:
    notes = _describe_cut_audio(media)
    video = media.video
    if video and encoder and (name := HDR_TRANSFERS.get(video.colour.transfer or "")):
        notes += _describe_dynamic_range(name, profile, encoder.bits)
    if video:
        picture = crop_blanking(video)
        notes += describe_tags(picture, choose_tags(picture, _TAG_LIMITS[profile.video.codec]))
        if lines := count_blanking_lines(video):
            notes.append(f"the top {lines} lines, which hold signals and no picture, are cropped")
    return tuple(notes)


def _describe_dynamic_range(name: str, profile: Profile, bits: int) -> list[str]:
    if profile.kind == "proxy":
        return [f"HDR ({name}) mapped to standard range for viewing"]
    if bits > 8:
        return []
    return [f"HDR ({name}) kept, in {bits} bits: smooth gradients may show banding"]


def _describe_cut_audio(media: Media) -> list[str]:
    """Describe the audio that is cut because it lies outside the video, whose length counts."""
    if media.video is None:
        return []
    return [
        f"{format_track_prefix(number, len(media.audio))}{note}"
        for number, track in enumerate(media.audio)
        for note in _describe_track_overhang(track, media.video)
    ]


def _describe_track_overhang(track: AudioStream, video: VideoStream) -> Iterator[str]:
    early_us = video.start_us - track.start_us
    late_us = track.start_us + track.duration_us - video.start_us - video.duration_us
    if early_us > _NOTABLE_CUT_US:
        yield f"{early_us / 1000:.1f} ms of audio before the first frame cut"
    if late_us > _NOTABLE_CUT_US:
        yield f"{late_us / 1000:.1f} ms of audio after the last frame cut"
