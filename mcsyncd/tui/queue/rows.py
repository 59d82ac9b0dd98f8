"""The queue's lines, one for each session. Pure: a session, a width and the time in, `Content` out."""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePosixPath

from textual.content import Content

from mcsyncd.api import ProgressBody, SessionBody
from mcsyncd.model.text import escape_text
from mcsyncd.present.numbers import NO_VALUE, format_age, format_duration, format_percent, format_time
from mcsyncd.present.progress import format_progress
from mcsyncd.present.session import format_reasons, get_camera_label, label_action, label_session
from mcsyncd.present.standing import format_hand_set, format_next_try, format_reopened
from mcsyncd.tui.content import SHORT_BAR_CELLS, TonedText, build_content, format_bar

_STATE_CELLS, _ID_CELLS, _OPENED_CELLS, _ANGLES_CELLS = 14, 21, 19, 8
"""Widths of the columns, each one more than its longest text: `✖ quarantined`, a session id,
`21 Nov 2025 14:02`, the heading `ANGLES`.
"""

_OPENED_FROM_CELLS, _ANGLES_FROM_CELLS = 106, 70
"""Widths from which these two columns are shown. Judgement: the last column says what to do and needs
the room more; at 80 cells it must hold progress and time left.
"""

_WAITING_STATES = {"in_review", "failed", "quarantined", "stale"}
"""States in which a person is asked."""

COLUMN_HEADINGS = ("STATE", "SESSION", "OPENED", "ANGLES", "SYNC")


def build_header(width: int) -> Content:
    """Return the column headings for rows of this width."""
    state, session, opened, angles, sync = COLUMN_HEADINGS
    line = f"{state:{_STATE_CELLS}}{session:{_ID_CELLS}}"
    line += f"{opened:{_OPENED_CELLS}}" if width >= _OPENED_FROM_CELLS else ""
    line += f"{angles:{_ANGLES_CELLS}}" if width >= _ANGLES_FROM_CELLS else ""
    return build_content((f"{line}{sync}", "muted"))


def build_row(session: SessionBody, width: int, now: datetime) -> Content:
    """Return the line of a session, never longer than `width`; more width only adds columns.

    One that waits for a person has a second line: what was filmed, and why a person is asked.
    """
    label = label_session(session)
    opened = f"{format_time(session.opened_at, now):{_OPENED_CELLS}}" if width >= _OPENED_FROM_CELLS else ""
    angles = f"{len(session.cameras) or NO_VALUE:<{_ANGLES_CELLS}}" if width >= _ANGLES_FROM_CELLS else ""
    line = build_content(
        (f"{label!s:{_STATE_CELLS}}", label.tone),
        f"{escape_text(session.id, _ID_CELLS - 1):{_ID_CELLS}}",
        (opened, "muted"),
        angles,
    )
    room = width - line.cell_length
    first = build_content(line, *_build_detail(session, now, room)).truncate(width, ellipsis=True)
    if session.state not in _WAITING_STATES:
        return first
    second = build_content(f"{'':{_STATE_CELLS}}", (describe_shoot(session, now), "muted"))
    return Content("\n").join([first, second.truncate(width, ellipsis=True)])


def describe_shoot(session: SessionBody, now: datetime) -> str:
    """Return the first clip of the shoot, its length and age, and why a person is asked."""
    names = [clip.name for camera in session.cameras.values() for clip in camera.clips]
    more = f" +{len(names) - 1}" if len(names) > 1 else ""
    first = f"{escape_text(PurePosixPath(names[0]).name, 24)}{more}" if names else ""
    length = format_duration(session.duration_s) if session.duration_s is not None else ""
    why = format_hand_set(session, now) or [format_reopened(session, now) or format_reasons(session)]
    return " · ".join(part for part in (first, length, format_age(session.opened_at, now), why[0]) if part)


def _build_detail(session: SessionBody, now: datetime, room: int) -> list[TonedText]:
    """Return the last column: confidence, error, progress or approval, by the session's state."""
    if session.state == "in_review":
        return _build_review(session, room)
    if session.error is not None:
        next_try = format_next_try(session.error, now)
        return [
            (f"{next_try} · " if next_try else "", "warning"),
            (escape_text(session.error.message, 200), ""),
        ]
    if session.state == "collecting":
        return [(_format_clip_counts(session), "muted")]
    if session.progress is not None and session.state in {"working", "approved", "publishing"}:
        return _build_progress(session.progress, room)
    if session.approved_by:
        approved = f"{format_percent(session.sync_confidence):<5}by {escape_text(session.approved_by, 40)}"
        return [(f"{approved} {format_time(session.approved_at, now)}", "muted")]
    return []


def _build_progress(step: ProgressBody, room: int) -> list[TonedText]:
    """Return a bar and the progress; without room for the time left as well, the bar is left out."""
    progress = format_progress(step, room - SHORT_BAR_CELLS - 1)
    if "left" in progress or room > 2 * SHORT_BAR_CELLS + 8:
        return [(f"{format_bar(step.done, SHORT_BAR_CELLS)} ", "primary"), (progress, "")]
    return [(format_progress(step, room), "")]


def _build_review(session: SessionBody, room: int) -> list[TonedText]:
    if session.hand_set:
        return [("by hand  ", "bold"), (label_action(session) or "", "")]
    confidence = session.sync_confidence
    tone = label_session(session).tone
    detail: list[TonedText] = [(f"{format_percent(confidence):<5}", "bold")]
    if confidence is not None and room > SHORT_BAR_CELLS + 18:
        detail.append((f"{format_bar(confidence, SHORT_BAR_CELLS)}  ", tone))
    detail.append((label_action(session) or "", ""))
    if session.claimed_by:
        detail.append((f" · {escape_text(session.claimed_by, 20)}", "muted"))
    return detail


def _format_clip_counts(session: SessionBody) -> str:
    return "  ".join(
        f"{get_camera_label(session, key)} {len(camera.clips)}" for key, camera in session.cameras.items()
    )
