"""Which audio tracks a rendition has, and of which channels of the source each is made. Pure.

A mezzanine has every track of the source, in order, because an editor looks for the lavalier on
track 3 where the recorder put it. A player in a browser plays one track, so that a file for
scrubbing has one. docs/adr/0009 gives the reasons.
"""

from __future__ import annotations

from dataclasses import dataclass

from mcsyncd.conform.encoders import Encoder, choose_audio_encoder
from mcsyncd.model.clip import AudioStream
from mcsyncd.settings.profiles import Aac, Flac, Profile

_OVER_16_BIT_CODECS = ("pcm_s24", "pcm_s32", "pcm_f", "alac", "flac")
"""Codecs that may hold more than 16 bits a sample."""
_USUAL_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
"""What each number of channels is taken for where the file does not say; more have no usual places."""
_MAX_MIXED_CHANNELS = max(_USUAL_LAYOUTS)


@dataclass(frozen=True, slots=True)
class SourceTrack:
    """One audio track of the source, and the layout in which all its channels are kept."""

    stream: AudioStream
    layout: str


@dataclass(frozen=True, slots=True)
class AudioTrackPlan:
    """One audio track of a file: its encoder, and the source's channels that it is made of.

    `taken` are (track, channel) of the source, from 0. `given` is the layout that they have
    together, `layout` the one that they are mixed to and written in (ffmpeg's names).
    """

    encoder: Encoder
    source_channels: tuple[tuple[int, int], ...]
    source_layout: str
    layout: str
    channels: int


def plan_source_track(stream: AudioStream) -> SourceTrack:
    """Return how the channels of a source's track are kept: in its own layout, if encoders know it."""
    known = not stream.layout.endswith("channels") and stream.layout != "downmix"  # a stereo of old, in MP3
    # More channels have no usual layout to be taken for; PCM keeps them as they are called.
    keeps = known or stream.channels > _MAX_MIXED_CHANNELS
    return SourceTrack(stream, stream.layout if keeps else _get_usual_layout(stream.channels))


def plan_audio_tracks(profile: Profile, tracks: tuple[SourceTrack, ...]) -> tuple[AudioTrackPlan, ...]:
    """Return the audio tracks of a file made with `profile` from a source with these tracks."""
    if not tracks:
        return ()
    if profile.channels == "stereo":
        return (_plan_stereo_track(profile, tracks),)
    return tuple(
        plan for number, track in enumerate(tracks) for plan in _keep_all_channels(profile, number, track)
    )


def describe_tracks(profile: Profile, tracks: tuple[SourceTrack, ...]) -> list[str]:
    """Say what of the source's tracks is not where an editor would look for it."""
    if profile.channels == "stereo":
        return _describe_stereo_track(tracks)
    return [
        f"audio track {number} has {track.stream.channels} channels: "
        f"kept as {-(-track.stream.channels // _get_max_channels(profile))} tracks of at most "
        f"{_get_max_channels(profile)}"
        for number, track in enumerate(tracks, 1)
        if track.stream.channels > _get_max_channels(profile)
    ]


def format_track_prefix(number: int, tracks: int) -> str:
    """Return how a sentence on the source's audio track `number` (from 0) begins, of so many."""
    return f"audio track {number + 1}: " if tracks > 1 else ""


def _keep_all_channels(profile: Profile, number: int, track: SourceTrack) -> list[AudioTrackPlan]:
    """Keep every channel of a track, in as many tracks as the codec needs for them."""
    channels, widest = track.stream.channels, _get_max_channels(profile)
    everything = tuple((number, channel) for channel in range(channels))
    if channels <= widest:
        return [_build_track_plan(profile, track.stream, everything, track.layout)]
    parts = [everything[first : first + widest] for first in range(0, channels, widest)]
    return [_build_track_plan(profile, track.stream, part, _get_usual_layout(len(part))) for part in parts]


def _plan_stereo_track(profile: Profile, tracks: tuple[SourceTrack, ...]) -> AudioTrackPlan:
    first = tracks[0]
    if _is_mono_pair(tracks):
        return _build_track_plan(profile, first.stream, ((0, 0), (1, 0)), "stereo")
    if first.layout.startswith("ambisonic"):
        return _build_track_plan(
            profile, first.stream, ((0, 0),), "mono"
        )  # the first is what comes from all sides
    if first.stream.channels > _MAX_MIXED_CHANNELS:
        return _build_track_plan(profile, first.stream, ((0, 0), (0, 1)), "stereo")
    everything = tuple((0, channel) for channel in range(first.stream.channels))
    return _build_track_plan(
        profile, first.stream, everything, first.layout, mix_to_stereo=first.stream.channels > 2
    )


def _describe_stereo_track(tracks: tuple[SourceTrack, ...]) -> list[str]:
    said = []
    used = 2 if _is_mono_pair(tracks) else 1
    if used == 2:
        said.append("the first two audio tracks are mono: heard as left and right")
    if len(tracks) > used:
        said.append(f"of {len(tracks)} audio tracks, only the first {'two are' if used == 2 else 'is'} heard")
    if tracks and tracks[0].stream.channels > _MAX_MIXED_CHANNELS:
        said.append(f"of {tracks[0].stream.channels} channels, only the first two are heard")
    return said


def _is_mono_pair(tracks: tuple[SourceTrack, ...]) -> bool:
    return len(tracks) > 1 and all(track.stream.channels == 1 for track in tracks[:2])


def _build_track_plan(
    profile: Profile,
    stream: AudioStream,
    source_channels: tuple[tuple[int, int], ...],
    source_layout: str,
    *,
    mix_to_stereo: bool = False,
) -> AudioTrackPlan:
    channels = 2 if mix_to_stereo else len(source_channels)
    encoder = choose_audio_encoder(
        profile.audio, channels, over_16_bits=stream.codec.startswith(_OVER_16_BIT_CODECS)
    )
    return AudioTrackPlan(
        encoder, source_channels, source_layout, "stereo" if mix_to_stereo else source_layout, channels
    )


def _get_max_channels(profile: Profile) -> int:
    """Return how many channels a track may have: FLAC and AAC end at 8, PCM at what probe lets in."""
    return 8 if isinstance(profile.audio, Flac | Aac) else 64


def _get_usual_layout(channels: int) -> str:
    return _USUAL_LAYOUTS.get(channels, f"{channels} channels")
