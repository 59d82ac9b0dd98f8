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

import av
import numpy as np

from mcsyncd.errors import BadMedia
from mcsyncd.listen.choose import Heading, Voice, choose, samples
from mcsyncd.listen.lay import RATES, TrackOnDisk
from mcsyncd.listen.peaks import write_peaks
from mcsyncd.listen.resample import ANALYSIS_RATE
from mcsyncd.listen.tracks import Damage, Heard, decoded, open_sound
from mcsyncd.model.clip import AudioStream, Media, Sound, SoundChannel

Progress = Callable[[float], None]

_SLACK_S = 60
"""Time stamps further than this behind the end that the probe saw are not believed."""
_LONGEST_S = 48 * 3600
"""Nor are any later than two days: a header may claim a thousand hours for one packet."""
_MOST_CHANNELS = 128
"""Of all tracks together: each is an open file while it is decoded."""
_MERGE = 1 << 20


def hear(
    source: Path, media: Media, folder: Path, progress: Progress | None = None, *, peaks: bool = True
) -> Sound:
    """Write analysis audio and peaks of `source` into `folder` and return what is there.

    `media` is the probe's word on the same file; `progress` hears 0..1 now and then. The files
    appear under their names only when they are whole. Paths in the result are `folder / name`;
    with `peaks` False no eye will look, none are written and the path is empty. What cannot be
    decoded is said in the notes. Raises BadMedia when the file cannot be opened or read on, and
    OSError when `folder` cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    start_us = min((track.start_us for track in media.audio), default=media.origin_us) - media.origin_us
    tracks = _stream(source, media, folder, start_us, progress)
    try:
        voices, notes = choose(_headings(media, tracks))
        notes = _notes(media, tracks) + notes
        channels = tuple(_keep(voice, folder) for voice in voices)
    finally:
        for track in tracks:
            for channel in track.channels:
                channel.path.unlink(missing_ok=True)
    length = max((channel.samples for track in tracks for channel in track.channels), default=0)
    drawn = folder / "peaks.bin"
    if peaks:
        write_peaks(drawn, [Path(channel.path) for channel in channels], length, start_us)
    return Sound(ANALYSIS_RATE, start_us, length, channels, str(drawn) if peaks else "", tuple(notes))


def _wanted(media: Media) -> tuple[int, ...]:
    """The tracks to listen to: those with sound in them, in order, as far as there is room."""
    wanted, room = [], _MOST_CHANNELS
    for track in media.audio:
        if track.sample_rate in RATES and track.channels <= room:
            wanted.append(track.index)
            room -= track.channels
    return tuple(wanted)


def _stream(
    source: Path, media: Media, folder: Path, start_us: int, progress: Progress | None
) -> list[TrackOnDisk]:
    wanted = _wanted(media)
    if not wanted:
        return []
    origin = Fraction(media.origin_us + start_us, 1_000_000)
    limit = min(media.duration_us // 1_000_000 + _SLACK_S, _LONGEST_S) * ANALYSIS_RATE
    tracks = {index: TrackOnDisk(index, folder, origin, limit) for index in wanted}
    try:
        with open_sound(source) as container:
            for heard in _telling(decoded(container, wanted), origin, media.duration_us, progress):
                tracks[heard.track].put(heard)
    except av.FFmpegError as error:
        raise BadMedia(
            f"{source.name}: the sound cannot be read: {error}", "copy the clip from the card again"
        ) from error
    finally:
        for track in tracks.values():
            track.close()
    return list(tracks.values())


def _telling(
    blocks: Iterator[Heard | Damage], origin: Fraction, duration_us: int, progress: Progress | None
) -> Iterator[Heard | Damage]:
    """Pass blocks on and tell how far they have come, in steps of a hundredth."""
    told = 0.0
    for heard in blocks:
        yield heard
        if progress is not None and isinstance(heard, Heard) and heard.start is not None:
            done = min(1.0, float(heard.start - origin) * 1e6 / max(1, duration_us))
            if done >= told + 0.01:
                told = done
                progress(done)
    if progress is not None:
        progress(1.0)


def _headings(media: Media, tracks: list[TrackOnDisk]) -> list[Heading]:
    places = {stream.index: place for place, stream in enumerate(media.audio, 1)}
    headings = []
    for track in tracks:
        for number, channel in enumerate(track.channels):
            name = f"track {places[track.track]}"
            name += "" if len(track.channels) == 1 else f", channel {number + 1},"
            headings.append(Heading(track.track, number, name, channel))
    return headings


def _notes(media: Media, tracks: list[TrackOnDisk]) -> list[str]:
    if not media.audio:
        return ["there is no sound track"]
    heard = {track.track: track for track in tracks}
    return [
        f"track {place} {fault}"
        for place, stream in enumerate(media.audio, 1)
        for fault in _faults(stream, heard.get(stream.index))
    ]


def _faults(stream: AudioStream, track: TrackOnDisk | None) -> list[str]:
    if stream.sample_rate not in RATES:
        return [f"has {_count(stream.sample_rate, 'sample')} a second, which carries no sound to sync by"]
    if track is None:
        return [f"is not used: more than {_MOST_CHANNELS} channels in one clip"]
    faults = []
    if not track.channels:
        faults.append("has no sound that can be decoded")
    if track.holes:
        faults.append(f"has {_count(track.holes, 'hole')}; silence stands there")
    if track.damaged:
        faults.append(f"has {_count(track.damaged, 'damaged packet')}")
    if track.broken:
        faults.append(f"has {_count(track.broken, 'broken sample')} (not a number); silence stands there")
    return faults


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'s' * (number != 1)}"


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
