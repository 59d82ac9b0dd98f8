"""Final Cut Pro 7 XML (xmeml, version 5), which Premiere and Resolve read: a sequence, one track per angle.

Source: Apple, "Final Cut Pro XML Interchange Format". Positions are whole frames of the sequence.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from xml.etree import ElementTree as ET

from mcsyncd.handoff.addresses import build_file_url
from mcsyncd.handoff.timeline import Timeline, TimelineClip, TimelineTrack, format_timecode
from mcsyncd.model.rate import Rate

_DEFAULT_SIZE = (1920, 1080)
"""Size of a sequence whose angles are all sound; nothing is drawn in it."""


def write_xmeml(timeline: Timeline) -> str:
    """Return the sequence as an XML document."""
    root = ET.Element("xmeml", version="5")
    sequence = ET.SubElement(root, "sequence", id="sequence-1")
    _add_text(sequence, name=timeline.name, duration=timeline.ticks)
    _add_rate(sequence, timeline.rate)
    _add_timecode(sequence, timeline.rate, timeline.start, drop_frame=timeline.drop_frame)
    media = ET.SubElement(sequence, "media")
    writer = _TrackWriter(timeline)
    writer.add_video(ET.SubElement(media, "video"))
    writer.add_audio(ET.SubElement(media, "audio"))
    comments = ET.SubElement(ET.SubElement(sequence, "logginginfo"), "lognote")
    comments.text = "; ".join(f"{name} {value}" for name, value in timeline.facts.items())
    ET.indent(root)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE xmeml>\n'
    return f"{head}{ET.tostring(root, encoding='unicode')}\n"


class _TrackWriter:
    """Writes the tracks; the first mention of a file describes it, later ones name it."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._described: set[str] = set()
        clips = [clip for track in timeline.tracks for clip in track.clips]
        self._numbers = {clip.id: number for number, clip in enumerate(clips, 1)}
        self._places = dict(_number_items(timeline))

    def add_video(self, video: ET.Element) -> None:
        sizes = [clip.size for track in self._timeline.tracks for clip in track.clips if clip.size]
        shape = ET.SubElement(ET.SubElement(video, "format"), "samplecharacteristics")
        width, height = sizes[0] if sizes else _DEFAULT_SIZE
        _add_text(shape, width=width, height=height, pixelaspectratio="square", fielddominance="none")
        _add_rate(shape, self._timeline.rate)
        for track in _list_pictured(self._timeline):
            self._add_track(video, track, "video", 0)

    def add_audio(self, audio: ET.Element) -> None:
        _add_text(audio, numOutputChannels=2)
        shape = ET.SubElement(ET.SubElement(audio, "format"), "samplecharacteristics")
        _add_text(shape, depth=16, samplerate=48_000)
        for track, channel in _list_audio_tracks(self._timeline):
            self._add_track(audio, track, "audio", channel)

    def _add_track(self, parent: ET.Element, track: TimelineTrack, kind: str, channel: int) -> None:
        # A name of Premiere's, which others pass over; it shows none for audio tracks of one channel each.
        element = ET.SubElement(parent, "track", {"MZ.TrackName": track.label} if kind == "video" else {})
        for clip in _list_clips(track, kind, channel):
            self._add_item(element, clip, kind, channel)
        _add_text(element, enabled="TRUE", locked="FALSE")

    def _add_item(self, track: ET.Element, clip: TimelineClip, kind: str, channel: int) -> None:
        number = self._numbers[clip.id]
        item = ET.SubElement(track, "clipitem", id=_name_item(number, kind, channel))
        _add_text(item, masterclipid=f"master-{number}", name=clip.name, enabled="TRUE")
        _add_text(item, duration=clip.media_frames)
        _add_rate(item, clip.media_rate)
        _add_text(item, start=clip.start, end=clip.end)
        _add_text(item, **{"in": 0, "out": clip.count_used_frames(self._timeline.rate)})
        self._add_file(item, clip, number)
        source = ET.SubElement(item, "sourcetrack")
        _add_text(source, mediatype=kind, trackindex=channel + 1)
        for other in _list_items(clip):
            track_number, position = self._places[clip.id, *other]
            link = ET.SubElement(item, "link")
            _add_text(link, linkclipref=_name_item(number, *other), mediatype=other[0])
            _add_text(link, trackindex=track_number, clipindex=position)
        if drift := clip.describe_drift():
            note = ET.SubElement(ET.SubElement(item, "logginginfo"), "lognote")
            note.text = drift

    def _add_file(self, item: ET.Element, clip: TimelineClip, number: int) -> None:
        file = ET.SubElement(item, "file", id=f"file-{number}")
        if clip.id in self._described:
            return
        self._described.add(clip.id)
        _add_text(file, name=clip.name, pathurl=build_file_url(clip.path, "localhost"))
        _add_rate(file, clip.media_rate)
        _add_text(file, duration=clip.media_frames)
        timecode = _add_timecode(file, clip.media_rate, clip.media_start, drop_frame=clip.drop_frame)
        _add_text(ET.SubElement(timecode, "reel"), name=clip.reel)
        media = ET.SubElement(file, "media")
        if clip.size:
            shape = ET.SubElement(ET.SubElement(media, "video"), "samplecharacteristics")
            _add_text(shape, width=clip.size[0], height=clip.size[1])
        for track in clip.audio:
            audio = ET.SubElement(media, "audio")
            _add_text(ET.SubElement(audio, "samplecharacteristics"), samplerate=track.sample_rate)
            _add_text(audio, channelcount=track.channels)


def _number_items(timeline: Timeline) -> Iterator[tuple[tuple[str, str, int], tuple[int, int]]]:
    """Yield clip, kind and channel of each item, with the number of its track and its place there, from 1."""
    pictured = [(track, "video", 0) for track in _list_pictured(timeline)]
    heard = [(track, "audio", channel) for track, channel in _list_audio_tracks(timeline)]
    for tracks in (pictured, heard):
        for number, (track, kind, channel) in enumerate(tracks, 1):
            for position, clip in enumerate(_list_clips(track, kind, channel), 1):
                yield (clip.id, kind, channel), (number, position)


def _list_pictured(timeline: Timeline) -> list[TimelineTrack]:
    return [track for track in timeline.tracks if any(clip.size for clip in track.clips)]


def _list_audio_tracks(timeline: Timeline) -> list[tuple[TimelineTrack, int]]:
    """Return a track for each channel of each angle: xmeml's audio tracks have one channel."""
    return [
        (track, channel)
        for track in timeline.tracks
        for channel in range(max((_count_channels(clip) for clip in track.clips), default=0))
    ]


def _list_clips(track: TimelineTrack, kind: str, channel: int) -> list[TimelineClip]:
    """Return the clips of an angle that have a picture, or that channel of sound."""
    return [
        clip
        for clip in track.clips
        if ((clip.size is not None) if kind == "video" else channel < _count_channels(clip))
    ]


def _count_channels(clip: TimelineClip) -> int:
    return sum(track.channels for track in clip.audio)


def _list_items(clip: TimelineClip) -> Iterator[tuple[str, int]]:
    """Yield kind and channel of each item that shows a part of the clip: they move together."""
    if clip.size:
        yield "video", 0
    for channel in range(_count_channels(clip)):
        yield "audio", channel


def _name_item(number: int, kind: str, channel: int) -> str:
    return f"clipitem-{number}-{kind}-{channel}"


def _add_text(parent: ET.Element, **values: object) -> None:
    for name, value in values.items():
        ET.SubElement(parent, name).text = str(value)


def _add_rate(parent: ET.Element, rate: Rate) -> None:
    """Add a rate as xmeml writes it: the nominal rate, and whether it is 1000/1001 of that."""
    timebase = ceil(rate.fraction - rate.fraction / 1000)
    is_ntsc = rate.den == 1001
    _add_text(ET.SubElement(parent, "rate"), timebase=timebase, ntsc=str(is_ntsc).upper())


def _add_timecode(parent: ET.Element, rate: Rate, frame: int, *, drop_frame: bool) -> ET.Element:
    element = ET.SubElement(parent, "timecode")
    _add_rate(element, rate)
    label = format_timecode(frame, rate, drop_frame=drop_frame)
    _add_text(element, string=label, frame=frame, displayformat="DF" if drop_frame else "NDF")
    return element
