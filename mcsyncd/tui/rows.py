"""One session in one line of the queue. Pure: a session, a width and a moment in, `Content` out."""

from __future__ import annotations

from datetime import datetime

from textual.content import Content

from mcsyncd.api import ProgressBody, SessionBody
from mcsyncd.model.text import visible
from mcsyncd.tui import view
from mcsyncd.tui.paint import Word, words

_STATE, _ID, _OPENED, _ANGLES = 14, 21, 14, 8
_WIDE, _NARROW = 106, 70
_BAR = 10
HEADS = ("STATE", "SESSION", "OPENED", "ANGLES", "SYNC")


def heads(width: int) -> Content:
    """The names of the columns, as `row` lays them."""
    state, session, opened, angles, sync = HEADS
    line = f"{state:{_STATE}}{session:{_ID}}" + (f"{opened:{_OPENED}}" if width >= _WIDE else "")
    return words((f"{line}{angles:{_ANGLES}}{sync}" if width >= _NARROW else f"{line}{sync}", "muted"))


def row(session: SessionBody, width: int, now: datetime) -> Content:
    """The line of a session, never longer than `width`; a wider one only adds."""
    shown = view.look(session)
    opened = _fit(view.when(session.opened_at, now), _OPENED) if width >= _WIDE else ""
    angles = f"{len(session.cameras) or view.NONE:<{_ANGLES}}" if width >= _NARROW else ""
    line = words(
        (_fit(str(shown), _STATE), shown.tone),
        _fit(visible(session.id, _ID - 1), _ID),
        (opened, "muted"),
        angles,
    )
    room = width - line.cell_length
    return words(line, *_detail(session, now, room)).truncate(width, ellipsis=True)


def _fit(text: str, width: int) -> str:
    return f"{text:<{width}}"


def _detail(session: SessionBody, now: datetime, room: int) -> list[Word]:
    """What one wants to know of it at a glance."""
    if session.state == "in_review":
        return _asked(session, room)
    if session.error is not None:
        return [(visible(session.error.message, 200), "")]
    if session.state == "collecting":
        return [(_cards(session), "muted")]
    if session.progress is not None and session.state in {"working", "approved", "publishing"}:
        return _running(session.progress, room)
    if session.approved_by:
        said = f"{view.percent(session.sync_confidence):<5}by {visible(session.approved_by, 40)} "
        return [(said + view.when(session.approved_at, now), "muted")]
    return []


def _running(step: ProgressBody, room: int) -> list[Word]:
    """The end of it matters more than the bar."""
    told = view.progress(step, room - _BAR - 1)
    if "ETA" in told or room > 2 * _BAR + 8:
        return [(f"{view.bar(step.done, _BAR)} ", "primary"), (told, "")]
    return [(view.progress(step, room), "")]


def _asked(session: SessionBody, room: int) -> list[Word]:
    confidence = session.sync_confidence
    tone = view.look(session).tone
    detail: list[Word] = [(f"{view.percent(confidence):<5}", "bold")]
    if confidence is not None and room > _BAR + 18:
        detail.append((f"{view.bar(confidence, _BAR)}  ", tone))
    detail.append((view.button(session) or "", ""))
    if session.claimed_by:
        detail.append((f" · {visible(session.claimed_by, 20)}", "muted"))
    return detail


def _cards(session: SessionBody) -> str:
    return "  ".join(
        f"{view.label(session, key)} {len(camera.clips)}" for key, camera in session.cameras.items()
    )
