"""The details behind the confidence: each angle's evidence and clips, and the latest events. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from textual.content import Content

from mcsyncd.api import AngleBody, ClipBody, LogEntryBody, SessionBody
from mcsyncd.model.text import escape_text
from mcsyncd.present.events import format_event
from mcsyncd.present.numbers import (
    format_drift,
    format_duration,
    format_offset,
    format_percent,
    format_size,
    format_time,
)
from mcsyncd.present.session import (
    format_witnesses,
    get_camera_label,
    list_camera_labels,
    order_cameras,
)
from mcsyncd.tui.angle_marks import get_angle_colour, get_angle_glyph
from mcsyncd.tui.content import build_content

_MAX_CANDIDATES = 4
"""Candidates shown for an angle. Judgement: more do not fit in 80 cells; the API has them all."""

_MAX_EVENTS = 12
"""Latest events shown. Judgement: half a screen; `mcsyncd log` prints them all."""


def build_details(session: SessionBody, log: Sequence[LogEntryBody], now: datetime) -> Content:
    """Return the evidence, angle by angle, then the latest events, newest first."""
    lines: list[Content] = []
    for index, key in enumerate(order_cameras(session)):
        lines += _build_angle(session, index, key)
    if log:
        latest = build_history(log[-_MAX_EVENTS:], list_camera_labels(session), now)
        lines += [Content(), build_content(("Latest events", "bold")), *latest]
    return Content("\n").join(lines)


def build_history(log: Sequence[LogEntryBody], labels: Mapping[str, str], now: datetime) -> list[Content]:
    """Return a sentence for each event, newest first."""
    return [
        build_content((f"    {format_time(entry.at, now)}  {format_event(entry, labels)}", "muted"))
        for entry in reversed(log)
    ]


def _build_angle(session: SessionBody, index: int, key: str) -> list[Content]:
    label = f"{get_angle_glyph(index)} {get_camera_label(session, key)}"
    name = build_content((label, get_angle_colour(index)))
    evidence = session.angles.get(key)
    if key == session.reference or evidence is None:
        note = "reference: its clock is the session clock" if key == session.reference else "no evidence yet"
        lines = [Content(), build_content(name, (f"  {note}", "muted"))]
    else:
        lines = [Content(), build_content(name, f"  {_format_measurements(session, key, evidence)}")]
        if candidates := _format_candidates(evidence):
            lines.append(build_content((f"    candidates  {candidates}", "muted")))
        lines += [build_content((f"    {said}", "muted")) for said in format_witnesses(session, key)]
        lines += [
            build_content(f"    {escape_text(reason.text, 300)}")
            for reason in evidence.reasons
            if reason not in session.reasons
        ]
    return [*lines, *(_build_clip(clip) for clip in session.cameras[key].clips)]


def _format_measurements(session: SessionBody, key: str, evidence: AngleBody) -> str:
    parts = [format_percent(evidence.confidence), format_offset(session.offsets_ms.get(key))]
    if evidence.overlap_s:
        parts.append(f"{format_duration(evidence.overlap_s)} overlap")
    if evidence.residual_ms is not None:
        parts.append(f"residual {evidence.residual_ms:.2f} ms")
    if drift_ppm := session.drift_ppm.get(key):
        parts.append(f"drift {format_drift(drift_ppm)}")
    return " · ".join(parts)


def _format_candidates(evidence: AngleBody) -> str:
    shown = evidence.candidates[:_MAX_CANDIDATES]
    return "   ".join(f"{format_offset(one.offset_ms)} ({one.score:.2f})" for one in shown)


def _build_clip(clip: ClipBody) -> Content:
    duration = f" · {format_duration(clip.duration_s)}" if clip.duration_s is not None else ""
    digest = f" · sha256 {escape_text(clip.sha256[:12], 16)}" if clip.sha256 else ""
    if clip.former_sha256:
        digest += f", before: {escape_text(clip.former_sha256[:12], 16)}"
    line = f"    {escape_text(clip.name, 80)} · {format_size(clip.bytes)}{duration}{digest}"
    warnings = [build_content("\n      ▲ ", escape_text(warning, 200)) for warning in clip.warnings]
    return build_content((line, "muted"), *warnings)
