"""The long answer to "why?": the evidence behind each angle, its clips, and what happened. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from textual.content import Content

from mcsyncd.api import AngleBody, ClipBody, LogEntryBody, SessionBody
from mcsyncd.model.text import visible
from mcsyncd.tui import view
from mcsyncd.tui.paint import words

_CANDIDATES = 4
_EVENTS = 12


def details(session: SessionBody, log: Sequence[LogEntryBody], now: datetime) -> Content:
    """Everything behind the number, angle by angle, then the last events, newest first."""
    lines = [words(("Why: ", "bold"), said)] if (said := view.why(session)) else []
    for index, key in enumerate(view.angles(session)):
        lines += _angle(session, index, key)
    if log:
        lines += [Content(), words(("What happened", "bold"))]
        lines += [_event(entry, now) for entry in reversed(log[-_EVENTS:])]
    return Content("\n").join(lines)


def _angle(session: SessionBody, index: int, key: str) -> list[Content]:
    name = words((f"{view.glyph(index)} {view.label(session, key)}", view.colour(index)))
    evidence = session.angles.get(key)
    if key == session.reference or evidence is None:
        said = "reference: the session's clock" if key == session.reference else "no evidence yet"
        lines = [Content(), words(name, (f"  {said}", "muted"))]
    else:
        lines = [Content(), words(name, f"  {_measured(session, key, evidence)}")]
        if others := _candidates(evidence):
            lines.append(words((f"    candidates  {others}", "muted")))
        lines += [
            words(f"    {visible(reason, 300)}")
            for reason in evidence.reasons
            if reason not in session.reasons
        ]
    return [*lines, *(_clip(clip) for clip in session.cameras[key].clips)]


def _measured(session: SessionBody, key: str, evidence: AngleBody) -> str:
    told = [view.percent(evidence.confidence), view.offset(session.offsets_ms.get(key))]
    if evidence.overlap_s:
        told.append(f"{view.clock(evidence.overlap_s)} of shared sound")
    if evidence.residual_ms is not None:
        told.append(f"scatter {evidence.residual_ms:.2f} ms")
    if drift := session.drift_ppm.get(key):
        told.append(f"drift {drift:+.1f} ppm".replace("-", view.MINUS))
    return " · ".join(told)


def _candidates(evidence: AngleBody) -> str:
    found = evidence.candidates[:_CANDIDATES]
    return "   ".join(f"{view.offset(one.offset_ms)} ({one.score:.2f})" for one in found)


def _clip(clip: ClipBody) -> Content:
    length = f" · {view.clock(clip.duration_s)}" if clip.duration_s is not None else ""
    hashed = f" · sha256 {visible(clip.sha256[:12], 16)}" if clip.sha256 else ""
    line = words((f"    {visible(clip.name, 80)} · {view.size(clip.bytes)}{length}{hashed}", "muted"))
    return words(line, *(words("\n      ▲ ", visible(said, 200)) for said in clip.warnings))


def _event(entry: LogEntryBody, now: datetime) -> Content:
    by = entry.body.get("by")
    name = by.get("name") if isinstance(by, dict) else None
    who = f" by {visible(str(name), 40)}" if name else ""
    said = visible(entry.kind, 40).replace("_", " ")
    return words((f"    {view.when(entry.at, now)}  {said}{who}", "muted"))
