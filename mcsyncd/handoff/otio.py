"""OpenTimelineIO: stacked tracks, one per angle, with what is known of each clip as metadata.

OpenTimelineIO has no multicam.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from mcsyncd.handoff.addresses import build_file_url
from mcsyncd.handoff.otio_library import load_otio
from mcsyncd.handoff.timeline import Timeline, TimelineClip, TimelineTrack
from mcsyncd.model.drift_curve import build_curve_document
from mcsyncd.model.rate import Rate


def write_otio(timeline: Timeline) -> str:
    """Return the timeline as OpenTimelineIO's JSON. Raises UsageError if the library is not installed."""
    return _OtioBuilder(load_otio(), timeline).build()


class _OtioBuilder:
    """Builds the objects of the library, which is passed in because it is an extra."""

    def __init__(self, otio: Any, timeline: Timeline) -> None:
        self._schema, self._time, self._timeline = otio.schema, otio.opentime, timeline

    def build(self) -> str:
        timeline = self._timeline
        whole = self._schema.Timeline(
            name=timeline.name,
            global_start_time=self._build_time(timeline.start, timeline.rate),
            metadata={"mcsyncd": {**timeline.facts, "zero_frame": timeline.zero}},
        )
        kinds = self._schema.TrackKind
        for kind in (kinds.Video, kinds.Audio):
            for track in timeline.tracks:
                if any(clip.size if kind == kinds.Video else clip.audio for clip in track.clips):
                    whole.tracks.append(self._build_track(track, kind))
        return f"{whole.to_json_string(indent=1)}\n"

    def _build_track(self, track: TimelineTrack, kind: str) -> Any:
        built = self._schema.Track(name=track.label, kind=kind)
        at = 0
        for clip in track.clips:
            if clip.start > at:
                length = self._build_time(clip.start - at, self._timeline.rate)
                built.append(self._schema.Gap(duration=length))
            built.append(self._build_clip(clip))
            at = clip.end
        return built

    def _build_clip(self, clip: TimelineClip) -> Any:
        start = self._build_time(clip.media_start, clip.media_rate)
        whole = self._time.TimeRange(start, self._build_time(clip.media_frames, clip.media_rate))
        # In frames of the timeline: whole frames of the clip's own rate would not add up.
        used = self._time.TimeRange(start, self._build_time(clip.ticks, self._timeline.rate))
        return self._schema.Clip(
            name=clip.name,
            media_reference=self._schema.ExternalReference(build_file_url(clip.path), whole),
            source_range=used,
            metadata={"mcsyncd": _describe_clip(clip)},
        )

    def _build_time(self, frames: int, rate: Rate) -> Any:
        return self._time.RationalTime(frames, float(rate.fraction))


def _describe_clip(clip: TimelineClip) -> dict[str, object]:
    return {
        "id": clip.id,
        "position": _write_fraction(clip.position),
        "drift_ppm": clip.drift_ppm,
        **({"drift_curve": build_curve_document(clip.drift_curve)} if clip.drift_curve else {}),
        "confidence": clip.confidence,
        "disposition": clip.disposition,
    }


def _write_fraction(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"
