"""Read where clips lie on a timeline that an editor or another program synced: FCPXML, xmeml, OTIO.

What is read of each clip is where the first frame or sample of its *file* would lie, whichever part of it is
used. Retimed clips lie where they begin; a transition, a compound clip or a nested sequence is passed over.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Any
from xml.etree import ElementTree as ET

from mcsyncd.errors import UsageError
from mcsyncd.handoff.otio_library import load_otio

MAX_TIMELINE_BYTES = 64 << 20
"""Bytes of a timeline that are read. Judgement: a film's has a few; it is held in memory many times over."""

_NTSC = Fraction(1000, 1001)
"""Ratio of the rates that xmeml marks as `ntsc` to their nominal rate (SMPTE)."""


@dataclass(frozen=True, slots=True)
class ReadClip:
    """A file on a timeline: its name, its track, and the time of its beginning in seconds, exactly."""

    file: str
    track: str
    position: Fraction


def read_timeline(path: Path) -> tuple[ReadClip, ...]:
    """Return each file of a timeline once, at its first use.

    Raises UsageError for a file that is none, and OSError.
    """
    if path.stat().st_size > MAX_TIMELINE_BYTES:
        raise UsageError(f"{path.name}: larger than any timeline", "name an FCPXML, xmeml or OTIO file")
    text = path.read_bytes()
    try:
        found = list(_read_otio(path) if text.lstrip()[:1] == b"{" else _read_xml(text))
    except (ET.ParseError, ValueError, KeyError, TypeError, ZeroDivisionError) as error:
        raise UsageError(
            f"{path.name}: not a timeline that can be read: {error}", "export it again"
        ) from error
    if not found:
        raise UsageError(
            f"{path.name}: no clips with files are on its timeline", "export the synced sequence"
        )
    return tuple({clip.file: clip for clip in reversed(found)}.values())[::-1]


def _read_xml(text: bytes) -> Iterator[ReadClip]:
    root = ET.fromstring(text)  # noqa: S314  # expat limits the growth of entities since 2.4
    match root.tag:
        case "fcpxml":
            return _FcpxmlReader(root).read()
        case "xmeml":
            return _read_xmeml(root)
        case other:
            raise ValueError(f"its root is <{other}>")


def _name_of_url(url: str) -> str:
    return PurePosixPath(urllib.parse.unquote(urllib.parse.urlsplit(url).path)).name


# --- FCPXML ---


class _FcpxmlReader:
    """Follows the story elements: each lies in its parent's time, which begins at the parent's `start`."""

    def __init__(self, root: ET.Element) -> None:
        self._root = root
        self._assets = {one.get("id", ""): one for one in root.iter("asset")}

    def read(self) -> Iterator[ReadClip]:
        for multicam in self._root.iter("multicam"):
            begin = _read_seconds(multicam.get("tcStart"))
            for angle in multicam.iter("mc-angle"):
                for item in angle:
                    yield from self._read_item(item, angle.get("name", "angle"), Fraction(0), begin)
        for sequence in self._root.iter("sequence"):
            begin = _read_seconds(sequence.get("tcStart"))
            for item in sequence.iterfind("spine/*"):
                yield from self._read_item(item, "spine", Fraction(0), begin)
        for holder in (self._root, *self._root.iter("event")):  # what was synchronized and not edited yet
            for item in holder.iterfind("sync-clip"):
                yield from self._read_item(item, "spine", Fraction(0), Fraction(0))

    def _read_item(
        self, item: ET.Element, track: str, base: Fraction, base_start: Fraction
    ) -> Iterator[ReadClip]:
        """Yield what is in an item; `base` is where its parent's time `base_start` lies."""
        at = base + _read_seconds(item.get("offset")) - base_start
        start = _read_seconds(item.get("start"))
        asset = (
            self._assets.get(item.get("ref", "")) if item.tag in {"asset-clip", "video", "audio"} else None
        )
        if asset is not None:
            asset_start = _read_seconds(asset.get("start"))
            start = _read_seconds(item.get("start"), asset_start)
            name = _name_of_url(_find_source(asset))
            if name:
                yield ReadClip(name, track, at - (start - asset_start))
        for child in item:
            if child.tag == "spine":  # of a synchronized clip, or a connected storyline
                inner = at if child.get("offset") is None else at + _read_seconds(child.get("offset")) - start
                begin = start if child.get("offset") is None else Fraction(0)
                for grandchild in child:
                    yield from self._read_item(grandchild, _name_lane(child, track), inner, begin)
            elif child.get("ref") or child.tag in {"clip", "gap", "sync-clip"}:
                yield from self._read_item(child, _name_lane(child, track), at, start)


def _find_source(asset: ET.Element) -> str:
    source = asset.find("media-rep")
    return (source.get("src") if source is not None else asset.get("src")) or ""


def _name_lane(element: ET.Element, track: str) -> str:
    lane = element.get("lane")
    return track if lane is None else f"lane {lane}"


def _read_seconds(text: str | None, default: Fraction = Fraction(0)) -> Fraction:
    return default if text is None else Fraction(text.removesuffix("s"))


# --- xmeml ---


def _read_xmeml(root: ET.Element) -> Iterator[ReadClip]:
    files = {one.get("id", ""): one for one in root.iter("file") if one.find("pathurl") is not None}
    for sequence in root.iter("sequence"):
        rate = _read_rate(sequence)
        for kind in ("video", "audio"):
            for number, track in enumerate(sequence.iterfind(f"media/{kind}/track"), 1):
                for item in track.iterfind("clipitem"):
                    file = item.find("file")
                    source = files.get(file.get("id", "")) if file is not None else None
                    start = int(item.findtext("start") or -1)
                    if source is None or start < 0:  # a transition hides where it begins
                        continue
                    used_from = int(item.findtext("in") or 0) / _read_rate(item, rate)
                    name = _name_of_url(source.findtext("pathurl") or "")
                    label = track.get("MZ_TrackName") or f"{kind[0].upper()}{number}"
                    yield ReadClip(name, label, start / rate - used_from)


def _read_rate(element: ET.Element, default: Fraction = Fraction(25)) -> Fraction:
    timebase = element.findtext("rate/timebase")
    if timebase is None:
        return default
    is_ntsc = (element.findtext("rate/ntsc") or "").strip().upper() == "TRUE"
    return Fraction(timebase) * (_NTSC if is_ntsc else 1)


# --- OpenTimelineIO ---


def _read_otio(path: Path) -> Iterator[ReadClip]:
    otio = load_otio()
    try:
        whole = otio.adapters.read_from_file(str(path), "otio_json")
    except otio.exceptions.OTIOError as error:
        raise ValueError(str(error)) from error
    for number, track in enumerate(whole.tracks, 1):
        for clip in track.find_clips():
            reference = clip.media_reference
            if not isinstance(reference, otio.schema.ExternalReference):
                continue
            begin = _read_time(clip.range_in_parent().start_time)
            offered = reference.available_range
            used_from = _read_time(clip.trimmed_range().start_time)
            first = _read_time(offered.start_time) if offered is not None else Fraction(0)
            label = track.name or f"track {number}"
            yield ReadClip(_name_of_url(reference.target_url), label, begin - (used_from - first))


def _read_time(time: Any) -> Fraction:
    """Return an OpenTimelineIO time in seconds; its rate is a float, such as 29.97."""
    value, rate = Fraction(time.value), float(time.rate)
    nominal = round(rate)
    is_ntsc = abs(rate - nominal * float(_NTSC)) < abs(rate - nominal)
    return value / (nominal * _NTSC if is_ntsc else Fraction(rate))
