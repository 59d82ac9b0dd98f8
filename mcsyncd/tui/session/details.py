"""The long answer to "why?": the evidence behind each angle, its clips, and what happened. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from textual.content import Content

from mcsyncd.api import AngleBody, ClipBody, LogEntryBody, SessionBody
from mcsyncd.model.text import escape_text
from mcsyncd.present.numbers import (
    MINUS,
    format_duration,
    format_offset,
    format_percent,
    format_size,
    format_time,
)
from mcsyncd.present.session import format_reasons, get_camera_label, order_cameras
from mcsyncd.tui.angle_marks import get_angle_colour, get_angle_glyph
from mcsyncd.tui.content import build_content

_MAX_CANDIDATES = 4
_MAX_EVENTS = 12


def build_details(session: SessionBody, log: Sequence[LogEntryBody], now: datetime) -> Content:
    """Everything behind the number, angle by angle, then the last events, newest first."""
    lines = [build_content(("Why: ", "bold"), said)] if (said := format_reasons(session)) else []
    for index, key in enumerate(order_cameras(session)):
        lines += _build_angle(session, index, key)
    if log:
        lines += [Content(), build_content(("What happened", "bold"))]
        lines += [_build_event(entry, now) for entry in reversed(log[-_MAX_EVENTS:])]
    return Content("\n").join(lines)


def _build_angle(session: SessionBody, index: int, key: str) -> list[Content]:
    name = build_content(
        (f"{get_angle_glyph(index)} {get_camera_label(session, key)}", get_angle_colour(index))
    )
    evidence = session.angles.get(key)
    if key == session.reference or evidence is None:
        said = "reference: the session's clock" if key == session.reference else "no evidence yet"
        lines = [Content(), build_content(name, (f"  {said}", "muted"))]
    else:
        lines = [Content(), build_content(name, f"  {_format_measurements(session, key, evidence)}")]
        if others := _format_candidates(evidence):
            lines.append(build_content((f"    candidates  {others}", "muted")))
        lines += [
            build_content(f"    {escape_text(reason.text, 300)}")
            for reason in evidence.reasons
            if reason not in session.reasons
        ]
    return [*lines, *(_build_clip(clip) for clip in session.cameras[key].clips)]


def _format_measurements(session: SessionBody, key: str, evidence: AngleBody) -> str:
    told = [format_percent(evidence.confidence), format_offset(session.offsets_ms.get(key))]
    if evidence.overlap_s:
        told.append(f"{format_duration(evidence.overlap_s)} of shared sound")
    if evidence.residual_ms is not None:
        told.append(f"scatter {evidence.residual_ms:.2f} ms")
    if drift := session.drift_ppm.get(key):
        told.append(f"drift {drift:+.1f} ppm".replace("-", MINUS))
    return " · ".join(told)


def _format_candidates(evidence: AngleBody) -> str:
    found = evidence.candidates[:_MAX_CANDIDATES]
    return "   ".join(f"{format_offset(one.offset_ms)} ({one.score:.2f})" for one in found)


def _build_clip(clip: ClipBody) -> Content:
    length = f" · {format_duration(clip.duration_s)}" if clip.duration_s is not None else ""
    hashed = f" · sha256 {escape_text(clip.sha256[:12], 16)}" if clip.sha256 else ""
    line = build_content(
        (f"    {escape_text(clip.name, 80)} · {format_size(clip.bytes)}{length}{hashed}", "muted")
    )
    return build_content(
        line, *(build_content("\n      ▲ ", escape_text(said, 200)) for said in clip.warnings)
    )


def _build_event(entry: LogEntryBody, now: datetime) -> Content:
    by = entry.body.get("by")
    name = by.get("name") if isinstance(by, dict) else None
    who = f" by {escape_text(str(name), 40)}" if name else ""
    said = escape_text(entry.kind, 40).replace("_", " ")
    return build_content((f"    {format_time(entry.at, now)}  {said}{who}", "muted"))
