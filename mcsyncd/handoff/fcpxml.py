"""Final Cut Pro's XML (FCPXML 1.11), which Resolve reads, too: a multicam clip of all angles, in a project.

Source: Apple, "FCPXML Reference". Every time is a multiple of the timeline's frame, as a fraction of seconds.
"""

from __future__ import annotations

from fractions import Fraction
from xml.etree import ElementTree as ET

from mcsyncd.handoff.addresses import build_file_url
from mcsyncd.handoff.timeline import Timeline, TimelineClip, TimelineTrack
from mcsyncd.model.rate import Rate

_VERSION = "1.11"
_DEFAULT_SIZE = (1920, 1080)
"""Size of a project whose angles are all sound; nothing is drawn in it."""


def write_fcpxml(timeline: Timeline) -> str:
    """Return library, event, multicam clip and project as an XML document."""
    root = ET.Element("fcpxml", version=_VERSION)
    resources = ET.SubElement(root, "resources")
    formats = _Formats(resources)
    sizes = [clip.size for track in timeline.tracks for clip in track.clips if clip.size]
    own = formats.find(timeline.rate, sizes[0] if sizes else _DEFAULT_SIZE)
    assets = {
        clip.id: _add_asset(resources, clip, number, formats)
        for number, clip in enumerate((clip for track in timeline.tracks for clip in track.clips), 1)
    }
    _add_multicam(resources, timeline, own, assets)
    event = ET.SubElement(ET.SubElement(root, "library"), "event", name=timeline.name)
    _add_project(event, timeline, own)
    ET.indent(root)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n'
    return f"{head}{ET.tostring(root, encoding='unicode')}\n"


class _Formats:
    """The picture formats among the resources, each once."""

    def __init__(self, resources: ET.Element) -> None:
        self._resources = resources
        self._ids: dict[tuple[Rate, tuple[int, int]], str] = {}

    def find(self, rate: Rate, size: tuple[int, int]) -> str:
        """Return the id of a format."""
        if (rate, size) not in self._ids:
            name = self._ids[rate, size] = f"format-{len(self._ids) + 1}"
            ET.SubElement(
                self._resources,
                "format",
                id=name,
                frameDuration=_write_time(1 / rate.fraction),
                width=str(size[0]),
                height=str(size[1]),
            )
        return self._ids[rate, size]


def _add_asset(resources: ET.Element, clip: TimelineClip, number: int, formats: _Formats) -> str:
    name = f"asset-{number}"
    asset = ET.SubElement(resources, "asset", id=name, name=clip.name)
    asset.set("start", _write_time(clip.media_start / clip.media_rate.fraction))
    asset.set("duration", _write_time(clip.media_frames / clip.media_rate.fraction))
    if clip.size:
        asset.set("hasVideo", "1")
        asset.set("format", formats.find(clip.media_rate, clip.size))
        asset.set("videoSources", "1")
    if clip.audio:
        asset.set("hasAudio", "1")
        asset.set("audioSources", str(len(clip.audio)))
        asset.set("audioChannels", str(clip.audio[0].channels))
        asset.set("audioRate", str(clip.audio[0].sample_rate))
    ET.SubElement(asset, "media-rep", kind="original-media", src=build_file_url(clip.path))
    metadata = ET.SubElement(asset, "metadata")
    ET.SubElement(metadata, "md", key="com.apple.proapps.studio.reel", value=clip.reel)
    return name


def _add_multicam(resources: ET.Element, timeline: Timeline, own: str, assets: dict[str, str]) -> None:
    media = ET.SubElement(resources, "media", id="multicam", name=timeline.name)
    multicam = ET.SubElement(media, "multicam", {"format": own, **_describe_start(timeline)})
    for number, track in enumerate(timeline.tracks, 1):
        angle = ET.SubElement(multicam, "mc-angle", name=track.label, angleID=f"angle-{number}")
        _add_clips(angle, timeline, track, assets)


def _add_clips(angle: ET.Element, timeline: Timeline, track: TimelineTrack, assets: dict[str, str]) -> None:
    tick_s, start_s = 1 / timeline.rate.fraction, timeline.start / timeline.rate.fraction
    at = 0
    for clip in track.clips:
        if clip.start > at:
            offset, duration = _write_time(start_s + at * tick_s), _write_time((clip.start - at) * tick_s)
            ET.SubElement(angle, "gap", name="Gap", offset=offset, start="0s", duration=duration)
        element = ET.SubElement(
            angle,
            "asset-clip",
            ref=assets[clip.id],
            name=clip.name,
            offset=_write_time(start_s + clip.start * tick_s),
            start=_write_time(clip.media_start / clip.media_rate.fraction),
            duration=_write_time(clip.ticks * tick_s),
            tcFormat="DF" if clip.drop_frame else "NDF",
        )
        if clip.audio:
            element.set("audioRole", "dialogue")
        if drift := clip.describe_drift():
            ET.SubElement(element, "note").text = drift
        at = clip.end


def _add_project(event: ET.Element, timeline: Timeline, own: str) -> None:
    duration = _write_time(timeline.ticks / timeline.rate.fraction)
    start = _describe_start(timeline)
    project = ET.SubElement(event, "project", name=timeline.name)
    shape = {"format": own, "duration": duration, **start, "audioLayout": "stereo", "audioRate": "48k"}
    sequence = ET.SubElement(project, "sequence", shape)
    ET.SubElement(sequence, "note").text = "; ".join(
        f"{key} {value}" for key, value in timeline.facts.items()
    )
    clip = ET.SubElement(
        ET.SubElement(sequence, "spine"),
        "mc-clip",
        ref="multicam",
        name=timeline.name,
        offset=start["tcStart"],
        start=start["tcStart"],
        duration=duration,
    )
    seen = next((n for n, track in enumerate(timeline.tracks, 1) if not track.is_sound), None)
    heard = next((n for n, track in enumerate(timeline.tracks, 1) if track.is_sound), seen)
    sources = {seen: ["video"]} if seen is not None else {}
    if heard is not None:
        sources.setdefault(heard, []).append("audio")
    for number, kinds in sources.items():
        enabled = "all" if len(kinds) > 1 else kinds[0]
        ET.SubElement(clip, "mc-source", angleID=f"angle-{number}", srcEnable=enabled)


def _describe_start(timeline: Timeline) -> dict[str, str]:
    start = _write_time(timeline.start / timeline.rate.fraction)
    return {"tcStart": start, "tcFormat": "DF" if timeline.drop_frame else "NDF"}


def _write_time(seconds: Fraction | float) -> str:
    exact = Fraction(seconds)
    return f"{exact.numerator}s" if exact.denominator == 1 else f"{exact.numerator}/{exact.denominator}s"
