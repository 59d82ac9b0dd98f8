"""Hear a clip: analysis audio and peaks in one streaming pass over its audio packets.

Every channel of every track is decoded by presentation time, brought to 8 kHz and laid on the
clip's own clock (t = 0 is the first picture). Holes become silence, overlaps are trimmed, edit
lists and encoder priming are as FFmpeg presents them. Sound before the first picture is kept, at
negative clip times. Memory does not grow with the clip: the channels are files from the start.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from mcsyncd.errors import BadMedia
from mcsyncd.listen.choose import Heading, Voice, choose, samples
from mcsyncd.listen.lay import TrackOnDisk
from mcsyncd.listen.peaks import write_peaks
from mcsyncd.listen.resample import ANALYSIS_RATE
from mcsyncd.listen.tracks import Heard, decoded, open_sound
from mcsyncd.model.clip import Media, Sound, SoundChannel

Progress = Callable[[float], None]

_SLACK_S = 60
"""Time stamps further than this behind the end that the probe saw are not believed."""
_MERGE = 1 << 20


def hear(source: Path, media: Media, folder: Path, progress: Progress | None = None) -> Sound:
    """Write analysis audio and peaks of `source` into `folder` and return what is there.

    `media` is the probe's word on the same file; `progress` hears 0..1 now and then. The files
    appear under their names only when they are whole. Paths in the result are `folder / name`.
    Raises BadMedia when the file cannot be opened or nothing in its audio can be decoded.
    """
    folder.mkdir(parents=True, exist_ok=True)
    start_us = min((track.start_us for track in media.audio), default=media.origin_us) - media.origin_us
    tracks = _stream(source, media, folder, start_us, progress) if media.audio else []
    try:
        voices, notes = choose(_headings(tracks))
        notes = _notes(media, tracks) + notes
        channels = tuple(_keep(voice, folder) for voice in voices)
    finally:
        for track in tracks:
            for channel in track.channels:
                channel.path.unlink(missing_ok=True)
    length = max((channel.samples for track in tracks for channel in track.channels), default=0)
    peaks = folder / "peaks.bin"
    write_peaks(peaks, [Path(channel.path) for channel in channels], length, start_us)
    return Sound(ANALYSIS_RATE, start_us, length, channels, str(peaks), tuple(notes))


def _stream(
    source: Path, media: Media, folder: Path, start_us: int, progress: Progress | None
) -> list[TrackOnDisk]:
    origin = Fraction(media.origin_us + start_us, 1_000_000)
    limit = (media.duration_us // 1_000_000 + _SLACK_S) * ANALYSIS_RATE
    tracks: dict[int, TrackOnDisk] = {}
    told = 0.0
    try:
        with open_sound(source) as container:
            for heard in decoded(container):
                track = tracks.setdefault(heard.track, TrackOnDisk(heard.track, folder, origin, limit))
                track.put(heard)
                if progress is not None and isinstance(heard, Heard) and heard.start is not None:
                    done = min(1.0, float(heard.start - origin) * 1e6 / max(1, media.duration_us))
                    if done >= told + 0.01:
                        told = done
                        progress(done)
    except av.FFmpegError as error:
        raise BadMedia(
            f"{source.name}: the sound cannot be read: {error}", "copy the clip from the card again"
        ) from error
    finally:
        for track in tracks.values():
            track.close()
    if progress is not None:
        progress(1.0)
    return [tracks[index] for index in sorted(tracks)]


def _headings(tracks: list[TrackOnDisk]) -> list[Heading]:
    headings = []
    for place, track in enumerate(tracks, 1):
        for number, channel in enumerate(track.channels):
            name = f"track {place}" if len(track.channels) == 1 else f"track {place}, channel {number + 1},"
            headings.append(Heading(track.track, number, name, channel))
    return headings


def _notes(media: Media, tracks: list[TrackOnDisk]) -> list[str]:
    if not media.audio:
        return ["there is no sound track"]
    notes = []
    heard = {track.track for track in tracks if track.channels}
    for place, stream in enumerate(media.audio, 1):
        if stream.index not in heard:
            notes.append(f"track {place} has no sound that can be decoded")
    for place, track in enumerate(tracks, 1):
        if track.holes:
            notes.append(
                f"track {place} has {track.holes} hole{'s' * (track.holes > 1)}; silence stands there"
            )
        if track.damaged:
            notes.append(f"track {place} has {track.damaged} damaged packet{'s' * (track.damaged > 1)}")
    return notes


def _keep(voice: Voice, folder: Path) -> SoundChannel:
    """Give the channel its final name; doubles are averaged into it, which lowers their noise."""
    heading = voice.heading
    final = folder / f"track{heading.track}-channel{heading.number}.s16"
    if not voice.doubles:
        heading.file.path.replace(final)
        return SoundChannel(str(final), heading.track, heading.number)
    parts = [samples(one.file.path) for one in (heading, *voice.doubles)]
    whole = final.with_name(final.name + ".part")
    with whole.open("wb") as file:
        for at in range(0, max(part.size for part in parts), _MERGE):
            pieces = [part[at : at + _MERGE].astype(np.int32) for part in parts]
            length = max(piece.size for piece in pieces)
            total = np.sum([np.pad(piece, (0, length - piece.size)) for piece in pieces], axis=0)
            file.write((total // len(parts)).astype("<i2").tobytes())
    whole.replace(final)
    return SoundChannel(str(final), heading.track, heading.number)
