"""Extracting a clip's analysis audio and peaks in one streaming pass over its audio packets.

Every channel of every track is decoded, resampled to 8 kHz and placed on the clip's own clock
(t = 0 is the first frame) by presentation time. Gaps become silence, overlaps are trimmed; edit
lists and encoder priming are handled by FFmpeg. Audio before the first frame is kept, at negative
clip times. Memory does not grow with the clip, because each channel is streamed to a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcsyncd.integrity.derived_file import DerivedFile
from mcsyncd.listen.channels import ChannelGroup, SourceChannel, choose_channels
from mcsyncd.listen.decode import AudioBlock, DamagedPacket, decode_tracks
from mcsyncd.listen.early_ends import describe_early_end, find_early_ends
from mcsyncd.listen.ltc.leak import LEAK_BLOCK_SAMPLES, has_leak, subtract_leak
from mcsyncd.listen.ltc.track import read_ltc
from mcsyncd.listen.peaks.pyramid import write_peaks
from mcsyncd.listen.resample import ANALYSIS_RATE
from mcsyncd.listen.samples import map_samples
from mcsyncd.listen.track_writer import SUPPORTED_RATES, TrackWriter
from mcsyncd.media.failures import translate_media_errors
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

Samples = NDArray[np.int16]


def extract_analysis_audio(
    source: Path,
    media: Media,
    folder: Path,
    report_progress: ReportFraction | None = None,
    *,
    temporary: bool = False,
) -> AnalysisAudio:
    """Write analysis audio and peaks of `source` into `folder` and describe them.

    `media` is what probe found in the same file. `report_progress` is called in steps of at least a
    hundredth. The files get their names only when they are complete and flushed. Paths in the result
    are `folder / name`. With `temporary`, for a caller that removes the folder itself, no peaks are
    written, their path is empty, and nothing is flushed. The notes of the result say what cannot be
    decoded or is not used.

    Raises BadMedia if the file cannot be opened or decoded, and OSError if the file cannot be read
    or `folder` cannot be written.
    """
    durable = not temporary
    tracks = _build_track_writers(media, folder, durable=durable)
    with translate_media_errors(source), ExitStack() as undo:
        for track in tracks:
            undo.callback(track.discard)
        if tracks:
            _decode_to_files(source, media, tracks, report_progress)
        choice = choose_channels(_list_source_channels(media, tracks))
        timecode = [map_samples(one.file.path) for one in choice.timecode]
        channels = tuple(_write_channel(one, timecode, folder, durable=durable) for one in choice.groups)
        start_us = _find_start_us(media) - media.origin_us
        ltc = next((runs for one in timecode if (runs := read_ltc(one, start_us))), ())
    length = max((channel.sample_count for track in tracks for channel in track.channels), default=0)
    early_ends = find_early_ends(media, {track.track: start_us + track.end_us for track in tracks})
    audio = AnalysisAudio(
        ANALYSIS_RATE,
        start_us,
        length,
        channels,
        "",
        (*_describe_tracks(media, tracks), *choice.notes, *map(describe_early_end, early_ends)),
        early_ends=early_ends,
        ltc=ltc,
    )
    if temporary:
        return audio
    peaks = write_peaks(folder / "peaks.bin", [Path(one.path) for one in channels], length, start_us)
    return replace(audio, peaks=peaks.path, peaks_bytes=peaks.bytes, peaks_sha256=peaks.sha256)


def _choose_tracks(media: Media) -> tuple[int, ...]:
    """Return the stream indices of the tracks to decode: in file order, up to `_MAX_DECODED_CHANNELS`."""
    wanted, room = [], _MAX_DECODED_CHANNELS
    for track in media.audio:
        if track.sample_rate in SUPPORTED_RATES and track.channels <= room:
            wanted.append(track.index)
            room -= track.channels
    return tuple(wanted)


def _find_start_us(media: Media) -> int:
    """Return the presentation time of sample 0, in microseconds: that of the earliest track's start."""
    return min((track.start_us for track in media.audio), default=media.origin_us)


def _build_track_writers(media: Media, folder: Path, *, durable: bool) -> list[TrackWriter]:
    origin = Fraction(_find_start_us(media), 1_000_000)
    limit = min(media.duration_us // 1_000_000 + _TIMESTAMP_SLACK_S, _MAX_TIMESTAMP_S) * ANALYSIS_RATE
    return [TrackWriter(index, folder, origin, limit, durable=durable) for index in _choose_tracks(media)]


def _decode_to_files(
    source: Path, media: Media, tracks: list[TrackWriter], report_progress: ReportFraction | None
) -> None:
    writers = {track.track: track for track in tracks}
    origin = Fraction(_find_start_us(media), 1_000_000)
    with open_media(source, streams=tuple(writers)) as container:
        for block in _report_decode_progress(
            decode_tracks(container, tuple(writers)), origin, media.duration_us, report_progress
        ):
            writers[block.track].write(block)
    for track in tracks:
        track.finish()


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


def _write_channel(
    group: ChannelGroup, timecode: Sequence[Samples], folder: Path, *, durable: bool
) -> AnalysisChannel:
    """Give the channel its final name: averaged with its duplicates, without the `timecode` that leaks in."""
    lead = group.lead
    members = [map_samples(channel.file.path) for channel in (lead, *group.duplicates)]
    leaking = [one for one in timecode if has_leak(members[0], one)]
    if not group.duplicates and not leaking:
        written = lead.file.publish()
    else:
        path = folder / f"track{lead.track}-channel{lead.index}.s16"
        with DerivedFile(path, durable=durable) as file:
            for begin in range(0, max(samples.size for samples in members), LEAK_BLOCK_SAMPLES):
                sound = _average_channels(members, begin)
                for one in leaking:
                    sound = subtract_leak(sound, one, begin)
                file.write(np.clip(np.floor(sound), -32768, 32767).astype("<i2").tobytes())
        written = file.describe()
    return AnalysisChannel(written.path, lead.track, lead.index, written.bytes, written.sha256)


def _average_channels(members: Sequence[Samples], begin: int) -> NDArray[np.float32]:
    """Return the mean of a block of all channels; a shorter one is silent after its end."""
    chunks = [samples[begin : begin + LEAK_BLOCK_SAMPLES].astype(np.float32) for samples in members]
    total = np.zeros(max(chunk.size for chunk in chunks), np.float32)
    for chunk in chunks:
        total[: chunk.size] += chunk
    return total / np.float32(len(members))
