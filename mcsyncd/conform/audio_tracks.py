"""Plan the audio tracks of a rendition, and the source channels of each. Pure.

A mezzanine keeps every track of the source, in order, because an editor expects the lavalier on
track 3 if the recorder put it there. Browsers play one track, so a proxy has one. The reasons are in
docs/adr/0009.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mcsyncd.conform.encoders import Encoder, choose_audio_encoder
from mcsyncd.model.clip import AudioStream
from mcsyncd.settings.codecs import Aac, Flac
from mcsyncd.settings.profiles import Profile

_OVER_16_BIT_CODECS = ("pcm_s24", "pcm_s32", "pcm_f", "alac", "flac")
"""Prefixes of ffmpeg's names of codecs that can hold more than 16 bits per sample. One that is
missing here is truncated to 16 bits in FLAC."""

_USUAL_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
"""The layout assumed for a number of channels if the file does not name one: what FLAC (RFC 9639,
9.1.3) assigns, by ffmpeg's names. There is no usual layout for more channels."""

_MAX_MIXED_CHANNELS = max(_USUAL_LAYOUTS)
"""A track with more channels has no layout that ffmpeg could mix to stereo."""


@dataclass(frozen=True, slots=True)
class SourceTrack:
    """One audio track of the source, and the layout in which all its channels are kept."""

    stream: AudioStream
    layout: str


@dataclass(frozen=True, slots=True)
class AudioTrackPlan:
    """One audio track of a file: its encoder, and the source channels that it is made from.

    `source_channels` are (track, channel) of the source, from 0. `source_layout` is the layout of
    these channels together, `layout` the one that they are mixed to and encoded in (ffmpeg's names).
    """

    encoder: Encoder
    source_channels: tuple[tuple[int, int], ...]
    source_layout: str
    layout: str
    channels: int


def plan_source_track(stream: AudioStream) -> SourceTrack:
    """Return a source track with the layout that its channels are kept in.

    This is the track's own layout if encoders know it, otherwise the usual one for its number of channels.
    """
    # "downmix" is how some MP3 files name plain stereo; no encoder accepts it.
    known = not stream.layout.endswith("channels") and stream.layout != "downmix"
    # PCM keeps channels beyond the usual layouts under the name that the source gives them.
    keeps_own = known or stream.channels > _MAX_MIXED_CHANNELS
    return SourceTrack(stream, stream.layout if keeps_own else _get_usual_layout(stream.channels))


def plan_audio_tracks(profile: Profile, tracks: tuple[SourceTrack, ...]) -> tuple[AudioTrackPlan, ...]:
    """Return the audio tracks of a file made with `profile` from a source with these tracks."""
    if not tracks:
        return ()
    if profile.channels != "all":
        stereo = _plan_stereo_track(profile, tracks)
        return (stereo if profile.channels == "stereo" else _mix_to_mono(profile, tracks[0].stream, stereo),)
    return tuple(
        plan for number, track in enumerate(tracks) for plan in _keep_all_channels(profile, number, track)
    )


def describe_tracks(profile: Profile, tracks: tuple[SourceTrack, ...]) -> list[str]:
    """Return a sentence for each source track or channel that is not where an editor would expect it."""
    if profile.channels != "all":
        return _describe_mixed_track(profile.channels, tracks)
    limit = _get_max_channels(profile)
    return [
        f"audio track {number} has {track.stream.channels} channels: "
        f"split into {-(-track.stream.channels // limit)} tracks of at most {limit}"
        for number, track in enumerate(tracks, 1)
        if track.stream.channels > limit
    ]


def format_track_prefix(number: int, tracks: int) -> str:
    """Return the beginning of a sentence about audio track `number` (from 0), "" if there is only one."""
    return f"audio track {number + 1}: " if tracks > 1 else ""


def _keep_all_channels(profile: Profile, number: int, track: SourceTrack) -> list[AudioTrackPlan]:
    """Keep every channel of a track, in as many tracks as the codec needs."""
    channels, limit = track.stream.channels, _get_max_channels(profile)
    every_channel = tuple((number, channel) for channel in range(channels))
    if channels <= limit:
        return [_build_track_plan(profile, track.stream, every_channel, track.layout)]
    parts = [every_channel[first : first + limit] for first in range(0, channels, limit)]
    return [_build_track_plan(profile, track.stream, part, _get_usual_layout(len(part))) for part in parts]


def _plan_stereo_track(profile: Profile, tracks: tuple[SourceTrack, ...]) -> AudioTrackPlan:
    first = tracks[0]
    if _is_mono_pair(tracks):
        return _build_track_plan(profile, first.stream, ((0, 0), (1, 0)), "stereo")
    if first.layout.startswith("ambisonic"):
        # Channel 0 (W) is the omnidirectional one.
        return _build_track_plan(profile, first.stream, ((0, 0),), "mono")
    if first.stream.channels > _MAX_MIXED_CHANNELS:
        return _build_track_plan(profile, first.stream, ((0, 0), (0, 1)), "stereo")
    every_channel = tuple((0, channel) for channel in range(first.stream.channels))
    return _build_track_plan(
        profile, first.stream, every_channel, first.layout, mix_to_stereo=first.stream.channels > 2
    )


def _mix_to_mono(profile: Profile, stream: AudioStream, stereo: AudioTrackPlan) -> AudioTrackPlan:
    """Return the plan of a track that mixes everything that the stereo track would contain to one channel."""
    return replace(stereo, encoder=_choose_encoder(profile, stream, 1), layout="mono", channels=1)


def _describe_mixed_track(channels: str, tracks: tuple[SourceTrack, ...]) -> list[str]:
    notes = []
    used = 2 if _is_mono_pair(tracks) else 1
    if used == 2:
        use = "used as left and right" if channels == "stereo" else "mixed to one"
        notes.append(f"the first two audio tracks are mono: {use}")
    if len(tracks) > used:
        included = "first two" if used == 2 else "first"
        notes.append(f"only the {included} of {len(tracks)} audio tracks included")
    if tracks and tracks[0].stream.channels > _MAX_MIXED_CHANNELS:
        notes.append(f"only the first two of {tracks[0].stream.channels} channels included")
    return notes


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
    encoder = _choose_encoder(profile, stream, channels)
    layout = "stereo" if mix_to_stereo else source_layout
    return AudioTrackPlan(encoder, source_channels, source_layout, layout, channels)


def _choose_encoder(profile: Profile, stream: AudioStream, channels: int) -> Encoder:
    over_16_bits = stream.codec.startswith(_OVER_16_BIT_CODECS)
    return choose_audio_encoder(profile.audio, channels, over_16_bits=over_16_bits)


def _get_max_channels(profile: Profile) -> int:
    """Return how many channels a track may have: 8 for FLAC and AAC, for PCM as many as probe accepts."""
    return 8 if isinstance(profile.audio, Flac | Aac) else 64


def _get_usual_layout(channels: int) -> str:
    return _USUAL_LAYOUTS.get(channels, f"{channels} channels")
