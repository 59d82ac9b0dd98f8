"""The day sheet: what was recorded, synced, approved and stored, as one HTML page. Pure.

It may be printed, and read in ten years: no script, no other file, no address outside of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from mcsyncd.api import CameraBody, ClipBody, SessionBody
from mcsyncd.model.text import escape_text
from mcsyncd.present.numbers import (
    NO_VALUE,
    format_drift,
    format_duration,
    format_offset,
    format_percent,
    format_size,
    format_utc,
)
from mcsyncd.present.session import (
    label_action,
    label_disposition,
    label_method,
    label_state,
    list_off_timeline,
    list_reasons,
)
from mcsyncd.present.stores import format_safety

_STYLE = """
body { font: 14px/1.45 system-ui, sans-serif; color: #111; background: #fff; margin: 2rem auto }
body { max-width: 64rem; padding: 0 1rem }
h1 { font-size: 1.5rem }
h2 { font-size: 1.2rem; margin: 2rem 0 .3rem; border-top: 2px solid #111; padding-top: .6rem }
table { border-collapse: collapse; width: 100%; margin: .6rem 0 } th { text-align: left; font-weight: 600 }
th, td { border-bottom: 1px solid #bbb; padding: .3rem .5rem; vertical-align: top }
td.number, th.number { text-align: right; white-space: nowrap }
code { font: 11px/1.3 ui-monospace, monospace; overflow-wrap: anywhere }
.verdict { font-size: 1.05rem }
.doubt { border-left: 4px solid #b45309; padding-left: .6rem; margin: .3rem 0 }
.picture { overflow: hidden; display: block; background: #ddd }
section { break-inside: avoid-page } tr { break-inside: avoid }
@media (max-width: 40rem) { body { margin: 1rem auto } td, th { padding: .2rem } .picture { zoom: .5 } }
"""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""What a browser may load: nothing. Security boundary: names of clips come from cards."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """One picture of a sheet of thumbnails: a JPEG as base64, and the part of it (pixels) that is shown."""

    jpeg_base64: str
    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class SheetSession:
    """A session on the sheet. `head` is the hash of its last event in the ledger; `thumbnails` by clip."""

    body: SessionBody
    head: str
    events: int
    thumbnails: Mapping[str, Thumbnail]


def build_day_sheet(title: str, sessions: Sequence[SheetSession]) -> str:
    """Return the page."""
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>{_text(title)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{_text(title)}</h1>",
        f"<p>{_summarize(sessions)}</p>",
        *(line for session in sessions for line in _build_session(session)),
        "</body></html>",
        "",
    ]
    return "\n".join(parts)


def _summarize(sessions: Sequence[SheetSession]) -> str:
    if not sessions:
        return "No session was opened."
    safe = sum(one.body.is_safe for one in sessions)
    approved = sum(one.body.approved_by is not None for one in sessions)
    count = len(sessions)
    noun = "session" if count == 1 else "sessions"
    return f"{count} {noun}: {approved} approved, {safe} published and read back from the store."


def _build_session(session: SheetSession) -> Iterator[str]:
    body = session.body
    yield f"<section><h2>{_text(body.id)}: {_text(label_state(body.state).word)}</h2>"
    yield f'<p class="verdict">{_describe_verdict(body)}</p>'
    for reason in list_reasons(body):
        yield f'<p class="doubt">{escape(reason)}</p>'
    if body.error is not None:
        yield f'<p class="doubt">{_text(body.error.message)} → {_text(body.error.hint)}</p>'
    yield from _build_cameras(body)
    yield "</section>"
    yield from _build_clips(session)
    yield from _build_left_out(body)
    yield from (f"<p>{escape(line)}</p>" for line in format_safety(body))
    yield f"<p>Revision {body.revision}, {session.events} events in the ledger, the last one "
    yield f"<code>{_text(session.head)}</code></p>"


def _describe_verdict(body: SessionBody) -> str:
    if body.sync_confidence is None:
        return "Not synced yet."
    said = f"Sync Confidence: <b>{format_percent(body.sync_confidence)}</b>, {escape(label_method(body))}"
    if body.approved_by is not None:
        at = format_utc(body.approved_at or "")
        return f"{said}. Approved by <b>{_text(body.approved_by)}</b> at {_text(at)}."
    action = label_action(body)
    return f"{said}. Waits for a person: {escape(action)}." if action else f"{said}. Approved by nobody."


def _build_cameras(body: SessionBody) -> Iterator[str]:
    if not body.angles:
        return
    yield "<table><tr><th>Camera</th><th class=number>Offset</th><th class=number>Drift</th>"
    yield "<th class=number>Confidence</th><th>Set by hand</th></tr>"
    for key, angle in body.angles.items():
        camera = body.cameras.get(key)
        offset = format_offset(body.offsets_ms.get(key))
        drift = format_drift(body.drift_ppm[key]) if key in body.drift_ppm else NO_VALUE
        confidence = "reference" if key == body.reference else format_percent(angle.confidence)
        by_hand = "; ".join(
            f"{one.clip or 'all clips'} {format_offset(one.offset_ms)} by {one.by} at {one.at}, "
            f"the machine had {format_offset(one.solved_ms)}"
            for one in body.hand_set
            if one.camera == key
        )
        cells = (offset, drift, confidence)
        numbers = "".join(f"<td class=number>{_text(cell)}</td>" for cell in cells)
        yield f"<tr><td>{_text(camera.label if camera else key)}</td>{numbers}<td>{_text(by_hand)}</td></tr>"
    yield "</table>"


def _build_clips(session: SheetSession) -> Iterator[str]:
    yield "<table><tr><th></th><th>Clip, SHA-256</th><th class=number>Length</th>"
    yield "<th class=number>Offset</th></tr>"
    for key, camera in session.body.cameras.items():
        for clip in camera.clips:
            yield _build_clip_row(session, key, camera, clip)
    yield "</table>"


def _build_clip_row(session: SheetSession, key: str, camera: CameraBody, clip: ClipBody) -> str:
    note = "; ".join(
        part
        for part in (
            label_disposition(session.body, clip),
            clip.disposition_reason,
            clip.fault,
            *clip.warnings,
        )
        if part
    )
    named = f"{_text(camera.label)}: {_text(clip.name)}, {_text(format_size(clip.bytes))}"
    named += f"<br><code>{_text(clip.sha256 or NO_VALUE)}</code>"
    told = f'<div class="doubt">{_text(note)}</div>' if note else ""
    picture = _draw_thumbnail(session.thumbnails.get(f"{key}/{clip.name}"), clip.name)
    return (
        f"<tr><td>{picture}</td><td>{named}{told}</td>"
        f"<td class=number>{_text(format_duration(clip.duration_s))}</td>"
        f"<td class=number>{_text(format_offset(clip.offset_ms))}</td></tr>"
    )


def _draw_thumbnail(thumbnail: Thumbnail | None, name: str) -> str:
    if thumbnail is None:
        return ""
    place = f"width:{thumbnail.width}px;height:{thumbnail.height}px"
    inside = f"margin:-{thumbnail.top}px 0 0 -{thumbnail.left}px"
    source = f"data:image/jpeg;base64,{thumbnail.jpeg_base64}"
    image = f'<img alt="{_text(name)}" style="{inside}" src="{source}">'
    return f'<span class="picture" style="{place}">{image}</span>'


def _build_left_out(body: SessionBody) -> Iterator[str]:
    lines = [
        *(
            f"{_text(clip.name)}: {_text(label_disposition(body, clip))}"
            for _, clip in list_off_timeline(body)
        ),
        *(
            f"{_text(name)}: left out when the session was sealed: {_text(why)}"
            for name, why in body.left_out.items()
        ),
        *(f"{_text(name)}: left in its drop folder: {_text(why)}" for name, why in body.left_behind.items()),
    ]
    if lines:
        yield "<p><b>Not on the timeline</b></p><ul>"
        yield from (f"<li>{line}</li>" for line in lines)
        yield "</ul>"


def _text(value: str) -> str:
    """Return text from outside without anything that could be markup or move a cursor."""
    return escape(escape_text(value, 400))
