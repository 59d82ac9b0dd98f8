"""What is to be made of a clip: from profile, media and grid to a plan. Pure.

Everything that is decided is decided here and can be read in the plan; the renderer only does it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from mcsyncd.conform.canvas import Canvas, canvas_for
from mcsyncd.conform.encoders import Encoder, audio_encoder, video_encoder
from mcsyncd.conform.grid import Grid
from mcsyncd.conform.labels import first_label
from mcsyncd.conform.sprites import SpritePlan, sprite_plan
from mcsyncd.conform.tags import HDR
from mcsyncd.errors import BadMedia
from mcsyncd.model.clip import AudioStream, Media, VideoStream
from mcsyncd.model.session import ProfileRef
from mcsyncd.settings.profiles import Profile

_FLAC_CHANNELS = 8
_FINE_SOUND = ("pcm_s24", "pcm_s32", "pcm_f", "alac", "flac")
"""Codecs that may hold more than 16 bits a sample."""
_AUDIBLE_US = 50_000
"""Less than this at either end is how recorders fill their last packet, and not worth a word."""
_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
"""What each number of channels is taken for where the file does not say."""

Kind = Literal["mezzanine", "proxy"]


@dataclass(frozen=True, slots=True)
class SoundPlan:
    """The sound of one file: the encoder, its channels and their layout (ffmpeg's name)."""

    encoder: Encoder
    channels: int
    layout: str


@dataclass(frozen=True, slots=True)
class FilePlan:
    """One file to be written: where its parts come from and how they are encoded.

    `timecode` is the label of its first picture, as it is written down; None where there is none.
    """

    kind: Kind
    profile: ProfileRef
    container: Literal["mp4", "mov"]
    canvas: Canvas | None
    picture: Encoder | None
    sound: SoundPlan | None
    notes: tuple[str, ...] = ()
    timecode: str | None = None


@dataclass(frozen=True, slots=True)
class TrackPlan:
    """The source's sound: the track, and the layout in which all its channels are kept."""

    stream: AudioStream
    layout: str


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
    track: TrackPlan | None
    files: tuple[FilePlan, ...]
    sprites: SpritePlan | None = None


def plan(
    name: str, media: Media, grid: Grid, profiles: tuple[tuple[Kind, ProfileRef, Profile], ...]
) -> RenderPlan:
    """Plan the renditions of one clip. `name` is the clip's, for messages. Raises BadMedia."""
    track = _track(name, media)
    label = first_label(media, grid)
    timecode = str(label) if label else None
    scrubbed = any(kind == "proxy" for kind, _, _ in profiles)
    return RenderPlan(
        grid=grid,
        origin_us=media.origin_us,
        ticks=grid.ticks_of(Fraction(media.duration_us, 1_000_000)),
        container=media.container,
        video=media.video,
        track=track,
        files=tuple(
            _file(kind, ref, profile, media, track, timecode=timecode) for kind, ref, profile in profiles
        ),
        sprites=sprite_plan(media.video, grid.rate) if media.video and scrubbed else None,
    )


def _track(name: str, media: Media) -> TrackPlan | None:
    if not media.audio:
        return None
    stream = media.audio[0]
    if stream.channels > _FLAC_CHANNELS:
        raise BadMedia(
            f"{name}: its first audio track has {stream.channels} channels, more than {_FLAC_CHANNELS}",
            "split the track in the recorder or with an audio tool, and drop the clip again",
        )
    known = not stream.layout.endswith("channels")
    return TrackPlan(stream, stream.layout if known else _LAYOUTS[stream.channels])


def _file(
    kind: Kind,
    ref: ProfileRef,
    profile: Profile,
    media: Media,
    track: TrackPlan | None,
    *,
    timecode: str | None,
) -> FilePlan:
    picture = video_encoder(profile.video) if media.video else None
    canvas = None
    if media.video and picture:
        canvas = canvas_for(media.video, profile.short_side, picture.fmt, standard=kind == "proxy")
        picture = picture.tagged(canvas.tags)
    return FilePlan(
        kind=kind,
        profile=ref,
        container=profile.container,
        canvas=canvas,
        picture=picture,
        sound=_sound(profile, track) if track else None,
        notes=_notes(profile, media),
        timecode=timecode,
    )


def _sound(profile: Profile, track: TrackPlan) -> SoundPlan:
    everything = profile.channels == "all" or track.stream.channels <= 2
    channels = track.stream.channels if everything else 2
    fine = track.stream.codec.startswith(_FINE_SOUND)
    layout = track.layout if everything else "stereo"
    return SoundPlan(audio_encoder(profile.audio, channels, fine=fine), channels, layout)


def _notes(profile: Profile, media: Media) -> tuple[str, ...]:
    said = []
    if len(media.audio) > 1:
        said.append(f"the first of {len(media.audio)} audio tracks is carried")
    said += _cut(media)
    video = media.video
    if video and (name := HDR.get(video.colour.transfer or "")):
        said += _about_range(name, profile)
    if video and video.colour.matrix is None:
        said.append("the source carries no colour tags: taken for what is usual at its size")
    return tuple(said)


def _about_range(name: str, profile: Profile) -> list[str]:
    if profile.kind == "proxy":
        return [f"high dynamic range ({name}) brought down to standard range, for looking at"]
    if profile.video.codec == "prores":
        return []
    return [f"high dynamic range ({name}) kept as it is, in 8 bits: smooth skies may show steps"]


def _cut(media: Media) -> list[str]:
    """Say what of the sound lies outside the picture; the picture's length rules."""
    if media.video is None or not media.audio:
        return []
    track, first = media.audio[0], media.video.start_us
    early_us = first - track.start_us
    late_us = track.start_us + track.duration_us - first - media.video.duration_us
    said = (
        [f"{early_us / 1000:.1f} ms of sound before the first picture are cut"]
        if early_us > _AUDIBLE_US
        else []
    )
    if late_us > _AUDIBLE_US:
        said.append(f"{late_us / 1000:.1f} ms of sound after the last picture are cut")
    return said
