"""A published session as a timeline for an editor: angles, clips, and exact positions. Pure.

All formats are written from it. It is built from the manifest alone, so anyone who has that can do the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor
from typing import Any, Literal

from mcsyncd.model.drift_curve import DriftCurve, compute_shift_us, measure_bend_us, read_curve_document
from mcsyncd.model.rate import Rate
from mcsyncd.model.timecode import Timecode

MediaKind = Literal["mezzanine", "proxy", "original"]
"""Which of a clip's files the editor works with."""
_PROOF_RATE = 48_000
"""Samples per second in which a manifest counts a rendition's sound (docs/manifest.md)."""
HandoffFormat = Literal["fcpxml", "xmeml", "otio", "ale", "edl"]
"""What an editor's program may read: Final Cut and Resolve, Premiere and Resolve, others, Avid, all."""

MAX_TRIMMED_TICKS = 1
"""Ticks by which a clip may reach into the next one on its track, and is cut for it. Two chapters of one
recording do so by rounding; more would hide something, so such clips get tracks of their own."""


@dataclass(frozen=True, slots=True)
class AudioTrackShape:
    """One audio track of a file."""

    channels: int
    sample_rate: int


@dataclass(frozen=True, slots=True)
class TimelineClip:
    """A clip on the timeline.

    It lies on `ticks` frames of the timeline from frame `start` on; `position` is the exact time of its first
    frame in seconds from the timeline's beginning. Its file at `path` has `media_frames` frames at
    `media_rate`, the first with the number `media_start` (from its timecode; 0 without one). `size` is
    (width, height), None for sound alone. `drift_ppm` is the drift that the file still has: by so much its
    clock runs slow, and 0 where it is baked in; `drift_curve` is what that clock is off its line, and empty
    where it is baked in. `confidence` and `disposition` are None if nobody said any: a person set the offset,
    or an earlier version published it.
    """

    id: str
    name: str
    path: str
    start: int
    ticks: int
    position: Fraction
    media_rate: Rate
    media_frames: int
    media_start: int
    drop_frame: bool
    size: tuple[int, int] | None
    audio: tuple[AudioTrackShape, ...]
    drift_ppm: float
    drift_curve: DriftCurve
    confidence: float | None
    disposition: str | None

    @property
    def end(self) -> int:
        """The first frame of the timeline behind it."""
        return self.start + self.ticks

    @property
    def reel(self) -> str:
        """The clip's name without its extension: what editors call reel or tape."""
        return self.name.rpartition("/")[2].rpartition(".")[0] or self.name

    def count_used_frames(self, rate: Rate) -> int:
        """Return how many frames of its file lie on a timeline of that rate."""
        return min(self.media_frames, ceil(self.ticks * self.media_rate.fraction / rate.fraction))

    def describe_drift(self) -> str:
        """Say which drift its file still has; nothing where it has none."""
        if not self.drift_curve:
            return f"clock drift {self.drift_ppm:+} ppm, left in" if self.drift_ppm else ""
        off_ms = measure_bend_us(self.drift_curve) / 1000
        return f"clock drift {self.drift_ppm:+} ppm, off that line by {off_ms:.1f} ms at most, left in"

    def describe_timecode(self, frame: int) -> str:
        """Return the timecode of a frame of its file; the file's first one is 0."""
        return format_timecode(self.media_start + frame, self.media_rate, drop_frame=self.drop_frame)


@dataclass(frozen=True, slots=True)
class TimelineTrack:
    """Clips of one angle that follow each other; an angle that recorded two files at once has two tracks."""

    angle: str
    label: str
    is_sound: bool
    clips: tuple[TimelineClip, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """A session for an editor. `ticks` are frames at `rate`; the first has the number `start`.

    `zero` is the frame of session time 0. `facts` are said in the file, for people.
    """

    name: str
    rate: Rate
    start: int
    drop_frame: bool
    ticks: int
    zero: int
    tracks: tuple[TimelineTrack, ...]
    facts: Mapping[str, str]
    left_out: tuple[str, ...]

    def describe_timecode(self, tick: int) -> str:
        """Return the timecode of a frame of the timeline."""
        return format_timecode(self.start + tick, self.rate, drop_frame=self.drop_frame)


def format_timecode(number: int, rate: Rate, *, drop_frame: bool) -> str:
    """Return the label of a frame, counted from midnight."""
    return str(Timecode.from_frame_number(number, rate, drop_frame=drop_frame))


def build_timeline(manifest: Mapping[str, Any], media: MediaKind, locate: Callable[[str], str]) -> Timeline:
    """Build the timeline of a manifest (docs/manifest.md). `locate` turns a key into the path of a file.

    The earliest clip begins it. Raises KeyError for a document that is no manifest.
    """
    rate = Rate(*manifest["rate"])
    found = [(camera, [*_list_clips(camera, media, rate, locate)]) for camera in manifest["cameras"]]
    placed = [clip for _, clips in found for clip in clips]
    first = min((clip.start for clip in placed), default=0)
    tracks = tuple(
        TimelineTrack(camera["id"], label, camera.get("kind") == "sound", clips)
        for camera, own in found
        for label, clips in _assign_tracks(camera["label"], [_shift(clip, first, rate) for clip in own])
    )
    names = {clip.id for clip in placed}
    start, drop_frame = _read_start(manifest["origin"]["timecode"], rate)
    return Timeline(
        name=manifest["session"]["id"],
        rate=rate,
        start=max(0, start + first),
        drop_frame=drop_frame,
        ticks=max((clip.end for track in tracks for clip in track.clips), default=0),
        zero=-first,
        tracks=tracks,
        facts=_list_facts(manifest),
        left_out=tuple(
            clip["id"]
            for camera in manifest["cameras"]
            for clip in camera["clips"]
            if clip["id"] not in names
        ),
    )


def _list_facts(manifest: Mapping[str, Any]) -> dict[str, str]:
    names = ("revision", "sync_confidence", "sync_method", "approved_by", "approved_at", "chain_head")
    return {name: str(manifest[name]) for name in names if manifest[name] is not None}


def _list_clips(
    camera: Mapping[str, Any], media: MediaKind, rate: Rate, locate: Callable[[str], str]
) -> Iterator[TimelineClip]:
    """Yield the placed clips of an angle; the timeline's beginning is still session time 0."""
    for clip in camera["clips"]:
        made = clip["original"] if media == "original" else clip[media]
        if made is None or clip["offset_us"] is None:
            continue
        build = _build_original if media == "original" else _build_rendition
        yield build(clip, made, rate, locate(made["key"]))


def _build_rendition(clip: Mapping[str, Any], made: Mapping[str, Any], rate: Rate, path: str) -> TimelineClip:
    frames = made["frames"] or _count_sound_ticks(made, rate)
    start, drop_frame = _read_start(made["timecode"], rate)
    return TimelineClip(
        id=clip["id"],
        name=clip["name"],
        path=path,
        start=made["start_tick"],
        ticks=frames,
        position=made["start_tick"] / rate.fraction,
        media_rate=rate,
        media_frames=frames,
        media_start=start,
        drop_frame=drop_frame,
        size=(made["width"], made["height"]) if made["frames"] else None,
        audio=tuple(
            AudioTrackShape(track["channels"], track.get("sample_rate", 48_000))
            for track in made["audio_tracks"]
        ),
        drift_ppm=0.0,
        drift_curve=(),
        confidence=clip.get("confidence"),
        disposition=clip.get("disposition"),
    )


def _count_sound_ticks(made: Mapping[str, Any], rate: Rate) -> int:
    """Return the whole ticks that a rendition of sound alone lasts: nothing is asked for after its end."""
    length_s = Fraction(made["proof"]["samples"], _PROOF_RATE)
    return max(1, floor(length_s * rate.fraction + Fraction(1, 1000)))


def _build_original(clip: Mapping[str, Any], made: Mapping[str, Any], rate: Rate, path: str) -> TimelineClip:
    found, video = made["media"], made["media"]["video"]
    media_rate = Rate(*video["rate"]) if video else rate
    length_s = Fraction(found["duration_us"], 1_000_000)
    curve = read_curve_document(clip.get("drift_curve", ()))
    position = (clip["offset_us"] + compute_shift_us(curve, Fraction(0))) / 1_000_000
    start, drop_frame = _read_start(found["timecode"], media_rate)
    return TimelineClip(
        id=clip["id"],
        name=clip["name"],
        path=path,
        start=round(position * rate.fraction),
        ticks=max(
            1, floor(length_s * rate.fraction + Fraction(1, 1000))
        ),  # an editor plays it at its own speed
        position=position,
        media_rate=media_rate,
        media_frames=(video["frames"] if video else 0) or max(1, round(length_s * media_rate.fraction)),
        media_start=start,
        drop_frame=drop_frame,
        size=_turn(video) if video else None,
        audio=tuple(AudioTrackShape(track["channels"], track["sample_rate"]) for track in found["audio"]),
        drift_ppm=clip["drift_ppm"] or 0.0,
        drift_curve=curve,
        confidence=clip.get("confidence"),
        disposition=clip.get("disposition"),
    )


def _turn(video: Mapping[str, Any]) -> tuple[int, int]:
    width, height = video["width"], video["height"]
    return (height, width) if video["rotation"] in {90, 270} else (width, height)


def _read_start(timecode: str | None, rate: Rate) -> tuple[int, bool]:
    """Return the number of the frame with a timecode, and whether it is drop frame."""
    if timecode is None:
        return 0, False
    try:
        label = Timecode.parse(timecode)
        return label.to_frame_number(rate), label.drop_frame
    except ValueError:
        return 0, False  # a label that does not exist at this rate


def _shift(clip: TimelineClip, first: int, rate: Rate) -> TimelineClip:
    return replace(clip, start=clip.start - first, position=clip.position - first / rate.fraction)


def _assign_tracks(
    label: str, clips: Sequence[TimelineClip]
) -> Iterator[tuple[str, tuple[TimelineClip, ...]]]:
    """Spread an angle's clips over as few tracks as hold them, and name each."""
    tracks: list[list[TimelineClip]] = []
    for clip in sorted(clips, key=lambda one: (one.start, one.id)):
        own = next((track for track in tracks if track[-1].end - clip.start <= MAX_TRIMMED_TICKS), None)
        if own is None:
            tracks.append([clip])
            continue
        if own[-1].end > clip.start:
            own[-1] = replace(own[-1], ticks=clip.start - own[-1].start)
        own.append(clip)
    for number, track in enumerate(tracks, 1):
        yield label if number == 1 else f"{label} ({number})", tuple(track)
