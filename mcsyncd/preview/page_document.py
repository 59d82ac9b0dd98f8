"""What the preview page shows of a published session, in words and frames. Pure.

The page computes no offset and words no verdict: what it says is what the terminal says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mcsyncd.handoff.timeline import Timeline, TimelineClip, TimelineTrack, build_timeline
from mcsyncd.model.publishing import HeadState, StoreHead
from mcsyncd.model.reason import ReasonCode
from mcsyncd.model.text import escape_text
from mcsyncd.present.numbers import format_offset, format_percent, format_utc
from mcsyncd.present.session import describe_method

Locate = Callable[[str], str]
"""Turns a key into an address that the page can read."""


def build_page_document(manifest: Mapping[str, Any], head: StoreHead, locate: Locate) -> dict[str, Any]:
    """Return what `session.json` holds for the page (see page/page.mjs).

    Times are frames at the session's rate, counted from the earliest clip; `zero` is session time 0, from
    which the manifest counts. Raises KeyError for a document that is no manifest.
    """
    timeline = build_timeline(manifest, "proxy", locate)
    clips = {clip["id"]: clip for camera in manifest["cameras"] for clip in camera["clips"]}
    cameras = {camera["id"]: camera for camera in manifest["cameras"]}
    tracks = [track for track in timeline.tracks if track.clips]
    return {
        "name": timeline.name,
        "verdict": _describe_verdict(manifest),
        "approved": _describe_approval(manifest),
        "doubts": [*_list_doubts(manifest, head, timeline)],
        "rate": [timeline.rate.num, timeline.rate.den],
        "ticks": timeline.ticks,
        "zero": timeline.zero,
        "timecode": {"start": timeline.start, "dropFrame": timeline.drop_frame},
        "heard": _choose_heard(tracks, manifest["reference"]),
        "tracks": [
            _build_track(track, cameras[track.angle], manifest["reference"], clips, locate)
            for track in tracks
        ],
    }


def _describe_verdict(manifest: Mapping[str, Any]) -> str:
    said = f"Sync Confidence: {format_percent(manifest['sync_confidence'])}"
    method = describe_method(manifest["sync_method"] or "")
    return f"{said}, {method}" if method else said


def _describe_approval(manifest: Mapping[str, Any]) -> str:
    by, at = escape_text(manifest["approved_by"], 100), format_utc(manifest["approved_at"])
    return f"Approved by {by} at {at}, revision {manifest['revision']}"


def _list_doubts(manifest: Mapping[str, Any], head: StoreHead, timeline: Timeline) -> Iterator[str]:
    because = f": {escape_text(head.reason, 400)}" if head.reason else ""
    match head.state:
        case HeadState.UNDER_REVIEW:
            yield f"Under review again{because}. It may change."
        case HeadState.WITHDRAWN:
            yield f"Withdrawn{because}. Do not use it."
        case HeadState.CURRENT:
            pass
    reasons = [*manifest["reasons"], *(one for camera in manifest["cameras"] for one in camera["reasons"])]
    yield from dict.fromkeys(escape_text(one["text"], 400) for one in reasons if _is_doubt(one))
    if timeline.left_out:
        yield f"Not on the timeline: {escape_text(', '.join(timeline.left_out), 400)}"


def _is_doubt(reason: Mapping[str, Any]) -> bool:
    """Tell whether a reason makes anything doubtful. A drift that is corrected does not."""
    return reason["code"] not in {ReasonCode.DRIFT, ReasonCode.DRIFT_BENDS}


def _choose_heard(tracks: list[TimelineTrack], reference: str | None) -> int:
    """Return the track that is heard at first: a sound recorder's, or else the reference's."""
    recorders = [number for number, track in enumerate(tracks) if track.is_sound]
    references = [number for number, track in enumerate(tracks) if track.angle == reference]
    return next(iter([*recorders, *references]), 0)


def _build_track(
    track: TimelineTrack,
    camera: Mapping[str, Any],
    reference: str | None,
    clips: Mapping[str, Mapping[str, Any]],
    locate: Locate,
) -> dict[str, Any]:
    offset_us = camera["offset_us"]
    sure = "reference" if track.angle == reference else format_percent(camera["confidence"])
    return {
        "label": escape_text(track.label, 80),
        "facts": f"{format_offset(None if offset_us is None else offset_us / 1000)} · {sure}",
        "isDoubtful": any(_is_doubt(reason) for reason in camera["reasons"]),
        "clips": [_build_clip(clip, clips[clip.id], locate) for clip in track.clips],
    }


def _build_clip(clip: TimelineClip, document: Mapping[str, Any], locate: Locate) -> dict[str, Any]:
    peaks, sprites = document["peaks"], document["sprites"]
    return {
        "name": escape_text(clip.name, 200),
        "start": clip.start,
        "ticks": clip.ticks,
        "address": clip.path,
        "picture": clip.size is not None,
        "peaks": locate(peaks["key"]) if peaks else None,
        "sprites": _build_sprites(sprites, locate) if sprites else None,
    }


def _build_sprites(sprites: Mapping[str, Any], locate: Locate) -> dict[str, Any]:
    return {
        "step": sprites["step_ticks"],
        **{name: sprites[name] for name in ("count", "columns", "rows", "width", "height")},
        "sheets": [locate(sheet["key"]) for sheet in sprites["sheets"]],
    }
