"""Hear a clip: analysis audio and peaks in one streaming pass over its audio packets.

Every channel of every track is decoded by presentation time, brought to 8 kHz and laid on the
clip's own clock (t = 0 is the first picture). Holes become silence, overlaps are trimmed, edit
lists and encoder priming are as FFmpeg presents them. Sound before the first picture is kept, at
negative clip times. Memory does not grow with the clip: the channels are files from the start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from mcsyncd.listen.channels import ChannelGroup, SourceChannel, choose_channels, map_samples
from mcsyncd.listen.decode import AudioBlock, DamagedPacket, decode_tracks
from mcsyncd.listen.peaks.pyramid import write_peaks
from mcsyncd.listen.resample import ANALYSIS_RATE
from mcsyncd.listen.track_writer import SUPPORTED_RATES, TrackWriter
from mcsyncd.media.open import open_media
from mcsyncd.model.clip import AnalysisAudio, AnalysisChannel, AudioStream, Media

ReportFraction = Callable[[float], None]

_TIMESTAMP_SLACK_S = 60
"""Time stamps further than this behind the end that the probe saw are not believed."""
_MAX_TIMESTAMP_S = 48 * 3600
"""Nor are any later than two days: a header may claim a thousand hours for one packet."""
_MAX_DECODED_CHANNELS = 128
"""Of all tracks together: each is an open file while it is decoded."""
_MERGE_CHUNK_SAMPLES = 1 << 20


def extract_analysis_audio(
    source: Path,
    media: Media,
    folder: Path,
    report_progress: ReportFraction | None = None,
    *,
    with_peaks: bool = True,
) -> AnalysisAudio:
    """Write analysis audio and peaks of `source` into `folder` and return what is there.

    `media` is the probe's word on the same file; `progress` hears 0..1 now and then. The files
    appear under their names only when they are whole. Paths in the result are `folder / name`;
    with `peaks` False no eye will look, none are written and the path is empty. What cannot be
    decoded is said in the notes. Raises BadMedia when the file cannot be opened or read on, and
    OSError when `folder` cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    start_us = min((track.start_us for track in media.audio), default=media.origin_us) - media.origin_us
    tracks = _decode_to_files(source, media, folder, start_us, report_progress)
    try:
        voices, notes = choose_channels(_list_source_channels(media, tracks))
        notes = _describe_tracks(media, tracks) + notes
        channels = tuple(_write_channel(voice, folder) for voice in voices)
    finally:
        for track in tracks:
            for channel in track.channels:
                channel.path.unlink(missing_ok=True)
    length = max((channel.sample_count for track in tracks for channel in track.channels), default=0)
    drawn = folder / "peaks.bin"
    if with_peaks:
        write_peaks(drawn, [Path(channel.path) for channel in channels], length, start_us)
    return AnalysisAudio(
        ANALYSIS_RATE, start_us, length, channels, str(drawn) if with_peaks else "", tuple(notes)
    )


def _choose_tracks(media: Media) -> tuple[int, ...]:
    """The tracks to listen to: those with sound in them, in order, as far as there is room."""
    wanted, room = [], _MAX_DECODED_CHANNELS
    for track in media.audio:
        if track.sample_rate in SUPPORTED_RATES and track.channels <= room:
            wanted.append(track.index)
            room -= track.channels
    return tuple(wanted)


def _decode_to_files(
    source: Path, media: Media, folder: Path, start_us: int, report_progress: ReportFraction | None
) -> list[TrackWriter]:
    wanted = _choose_tracks(media)
    if not wanted:
        return []
    origin = Fraction(media.origin_us + start_us, 1_000_000)
    limit = min(media.duration_us // 1_000_000 + _TIMESTAMP_SLACK_S, _MAX_TIMESTAMP_S) * ANALYSIS_RATE
    tracks = {index: TrackWriter(index, folder, origin, limit) for index in wanted}
    try:
        with open_media(source, streams=wanted) as container:
            for heard in _report_decode_progress(
                decode_tracks(container, wanted), origin, media.duration_us, report_progress
            ):
                tracks[heard.track].write(heard)

    finally:
        for track in tracks.values():
            track.close()
    return list(tracks.values())


def _report_decode_progress(
    blocks: Iterator[AudioBlock | DamagedPacket],
    origin: Fraction,
    duration_us: int,
    report_progress: ReportFraction | None,
) -> Iterator[AudioBlock | DamagedPacket]:
    """Pass blocks on and tell how far they have come, in steps of a hundredth."""
    told = 0.0
    for heard in blocks:
        yield heard
        if report_progress is not None and isinstance(heard, AudioBlock) and heard.start is not None:
            done = min(1.0, float(heard.start - origin) * 1e6 / max(1, duration_us))
            if done >= told + 0.01:
                told = done
                report_progress(done)
    if report_progress is not None:
        report_progress(1.0)


def _list_source_channels(media: Media, tracks: list[TrackWriter]) -> list[SourceChannel]:
    places = {stream.index: place for place, stream in enumerate(media.audio, 1)}
    headings = []
    for track in tracks:
        for number, channel in enumerate(track.channels):
            name = f"track {places[track.track]}"
            name += "" if len(track.channels) == 1 else f", channel {number + 1},"
            headings.append(SourceChannel(track.track, number, name, channel))
    return headings


def _describe_tracks(media: Media, tracks: list[TrackWriter]) -> list[str]:
    if not media.audio:
        return ["there is no sound track"]
    heard = {track.track: track for track in tracks}
    return [
        f"track {place} {fault}"
        for place, stream in enumerate(media.audio, 1)
        for fault in _describe_faults(stream, heard.get(stream.index))
    ]


def _describe_faults(stream: AudioStream, track: TrackWriter | None) -> list[str]:
    if stream.sample_rate not in SUPPORTED_RATES:
        return [
            f"has {_format_count(stream.sample_rate, 'sample')} a second, which carries no sound to sync by"
        ]
    if track is None:
        return [f"is not used: more than {_MAX_DECODED_CHANNELS} channels in one clip"]
    faults = []
    if not track.channels:
        faults.append("has no sound that can be decoded")
    if track.gaps:
        faults.append(f"has {_format_count(track.gaps, 'hole')}; silence stands there")
    if track.damaged_packets:
        faults.append(f"has {_format_count(track.damaged_packets, 'damaged packet')}")
    if track.invalid_samples:
        faults.append(
            f"has {_format_count(track.invalid_samples, 'broken sample')} (not a number);"
            " silence stands there"
        )
    return faults


def _format_count(number: int, thing: str) -> str:
    return f"{number} {thing}{'s' * (number != 1)}"


def _write_channel(group: ChannelGroup, folder: Path) -> AnalysisChannel:
    """Give the channel its final name; doubles are averaged into it, which lowers their noise."""
    heading = group.lead
    final = folder / f"track{heading.track}-channel{heading.index}.s16"
    if not group.duplicates:
        heading.file.path.replace(final)
        return AnalysisChannel(str(final), heading.track, heading.index)
    parts = [map_samples(one.file.path) for one in (heading, *group.duplicates)]
    whole = final.with_name(final.name + ".part")
    with whole.open("wb") as file:
        for at in range(0, max(part.size for part in parts), _MERGE_CHUNK_SAMPLES):
            pieces = [part[at : at + _MERGE_CHUNK_SAMPLES].astype(np.int32) for part in parts]
            length = max(piece.size for piece in pieces)
            total = np.sum([np.pad(piece, (0, length - piece.size)) for piece in pieces], axis=0)
            file.write((total // len(parts)).astype("<i2").tobytes())
    whole.replace(final)
    return AnalysisChannel(str(final), heading.track, heading.index)
