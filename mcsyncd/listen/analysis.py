"""Extracting a clip's analysis audio and peaks in one streaming pass over its audio packets.

Every channel of every track is decoded, resampled to 8 kHz and placed on the clip's own clock
(t = 0 is the first frame) by presentation time. Gaps become silence, overlaps are trimmed; edit
lists and encoder priming are handled by FFmpeg. Audio before the first frame is kept, at negative
clip times. Memory does not grow with the clip, because each channel is streamed to a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from mcsyncd.listen.channels import ChannelGroup, SourceChannel, choose_channels, map_samples
from mcsyncd.listen.decode import AudioBlock, DamagedPacket, decode_tracks
from mcsyncd.listen.early_ends import describe_early_end, find_early_ends
from mcsyncd.listen.peaks.pyramid import write_peaks
from mcsyncd.listen.resample import ANALYSIS_RATE
from mcsyncd.listen.track_writer import SUPPORTED_RATES, TrackWriter
from mcsyncd.media.open import open_media
from mcsyncd.model.clip import AnalysisAudio, AnalysisChannel, AudioStream, Media

ReportFraction = Callable[[float], None]
"""Called with the part that is done, 0..1."""

_TIMESTAMP_SLACK_S = 60
"""Seconds after the clip's end, as probed, up to which time stamps are accepted. Judgement: declared
durations are inexact. Lower, the end of such clips is lost; higher, a broken time stamp adds silence."""

_MAX_TIMESTAMP_S = 48 * 3600
"""Seconds of clip time up to which time stamps are accepted, whatever the duration. Judgement: longer than
any recording. Without it, a header that claims a thousand hours for one packet adds hours of silence."""

_MAX_DECODED_CHANNELS = 128
"""Channels of all tracks together. Judgement: each is an open file while it is decoded, and the usual limit
is 1024 per process. Lower, the last tracks of large recorders are ignored."""

_MERGE_CHUNK_SAMPLES = 1 << 20
"""Samples averaged at once (131 s): bounds memory, whatever the length of the clip."""


def extract_analysis_audio(
    source: Path,
    media: Media,
    folder: Path,
    report_progress: ReportFraction | None = None,
    *,
    with_peaks: bool = True,
) -> AnalysisAudio:
    """Write analysis audio and peaks of `source` into `folder` and describe them.

    `media` is what probe found in the same file. `report_progress` is called in steps of at least a
    hundredth. The files get their names only when they are complete. Paths in the result are
    `folder / name`; without `with_peaks`, no peaks are written and their path is empty. The notes of
    the result say what cannot be decoded or is not used.

    Raises BadMedia if the file cannot be opened or decoded, and OSError if the file cannot be read
    or `folder` cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    start_us = min((track.start_us for track in media.audio), default=media.origin_us) - media.origin_us
    tracks = _decode_to_files(source, media, folder, start_us, report_progress)
    try:
        groups, notes = choose_channels(_list_source_channels(media, tracks))
        notes = _describe_tracks(media, tracks) + notes
        channels = tuple(_write_channel(group, folder) for group in groups)
    finally:
        for track in tracks:
            for channel in track.channels:
                channel.path.unlink(missing_ok=True)
    length = max((channel.sample_count for track in tracks for channel in track.channels), default=0)
    early_ends = find_early_ends(media, {track.track: start_us + track.end_us for track in tracks})
    peaks_path = folder / "peaks.bin"
    if with_peaks:
        write_peaks(peaks_path, [Path(channel.path) for channel in channels], length, start_us)
    return AnalysisAudio(
        ANALYSIS_RATE,
        start_us,
        length,
        channels,
        str(peaks_path) if with_peaks else "",
        (*notes, *map(describe_early_end, early_ends)),
        early_ends,
    )


def _choose_tracks(media: Media) -> tuple[int, ...]:
    """Return the stream indices of the tracks to decode: in file order, up to `_MAX_DECODED_CHANNELS`."""
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
            for block in _report_decode_progress(
                decode_tracks(container, wanted), origin, media.duration_us, report_progress
            ):
                tracks[block.track].write(block)
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
    """Yield the blocks unchanged and report their times as progress, in steps of at least a hundredth."""
    reported = 0.0
    for block in blocks:
        yield block
        if report_progress is not None and isinstance(block, AudioBlock) and block.start is not None:
            done = min(1.0, float(block.start - origin) * 1e6 / max(1, duration_us))
            if done >= reported + 0.01:
                reported = done
                report_progress(done)
    if report_progress is not None:
        report_progress(1.0)


def _list_source_channels(media: Media, tracks: list[TrackWriter]) -> list[SourceChannel]:
    numbers = {stream.index: number for number, stream in enumerate(media.audio, 1)}
    channels = []
    for track in tracks:
        for index, file in enumerate(track.channels):
            name = f"track {numbers[track.track]}"
            name += "" if len(track.channels) == 1 else f", channel {index + 1},"
            channels.append(SourceChannel(track.track, index, name, file))
    return channels


def _describe_tracks(media: Media, tracks: list[TrackWriter]) -> list[str]:
    if not media.audio:
        return ["the clip has no audio track"]
    tracks_by_index = {track.track: track for track in tracks}
    return [
        f"track {number} {fault}"
        for number, stream in enumerate(media.audio, 1)
        for fault in _describe_faults(stream, tracks_by_index.get(stream.index))
    ]


def _describe_faults(stream: AudioStream, track: TrackWriter | None) -> list[str]:
    if stream.sample_rate not in SUPPORTED_RATES:
        return [f"has {_format_count(stream.sample_rate, 'sample')} per second, too few or too many to use"]
    if track is None:
        return [f"is not used: more than {_MAX_DECODED_CHANNELS} channels in one clip"]
    faults = []
    if not track.channels:
        faults.append("has no sound that can be decoded")
    if track.gaps:
        faults.append(f"has {_format_count(track.gaps, 'gap')}, filled with silence")
    if track.damaged_packets:
        faults.append(f"has {_format_count(track.damaged_packets, 'damaged packet')}")
    if track.invalid_samples:
        count = _format_count(track.invalid_samples, "invalid sample")
        faults.append(f"has {count} (not a number), replaced by silence")
    return faults


def _format_count(number: int, thing: str) -> str:
    return f"{number} {thing}{'s' * (number != 1)}"


def _write_channel(group: ChannelGroup, folder: Path) -> AnalysisChannel:
    """Give the channel its final name. Duplicates are averaged into it, which lowers the noise."""
    lead = group.lead
    final = folder / f"track{lead.track}-channel{lead.index}.s16"
    if not group.duplicates:
        lead.file.path.replace(final)
        return AnalysisChannel(str(final), lead.track, lead.index)
    members = [map_samples(channel.file.path) for channel in (lead, *group.duplicates)]
    part = final.with_name(final.name + ".part")
    with part.open("wb") as file:
        for start in range(0, max(samples.size for samples in members), _MERGE_CHUNK_SAMPLES):
            chunks = [samples[start : start + _MERGE_CHUNK_SAMPLES].astype(np.int32) for samples in members]
            length = max(chunk.size for chunk in chunks)
            total = np.sum([np.pad(chunk, (0, length - chunk.size)) for chunk in chunks], axis=0)
            file.write((total // len(members)).astype("<i2").tobytes())
    part.replace(final)
    return AnalysisChannel(str(final), lead.track, lead.index)
