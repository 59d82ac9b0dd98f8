"""What the review says: in its first line, at each lane, beside its button. Pure."""

from __future__ import annotations

from textual.content import Content

from mcsyncd.api import SessionBody
from mcsyncd.model.text import escape_text
from mcsyncd.present.numbers import MINUS, format_offset, format_percent
from mcsyncd.present.session import get_camera_label, label_session
from mcsyncd.tui.angle_marks import get_angle_colour, get_angle_glyph
from mcsyncd.tui.content import build_content, format_bar
from mcsyncd.tui.review.draft import ReviewDraft

_BAR_CELLS = 10


def build_title(session: SessionBody) -> Content:
    """Which session, how sure, and how it stands."""
    shown = label_session(session)
    sure = f"   Sync Confidence: {format_percent(session.sync_confidence)}  "
    return build_content((escape_text(session.id, 60), "bold"), sure, (str(shown), shown.tone))


def build_lane_left(draft: ReviewDraft, index: int, camera: str) -> Content:
    """Which angle, where it lies under the hand, and whether that is sent."""
    current = camera == draft.camera
    at = draft.nudges.get_offset_us(camera)
    name = f"{'▸' if current else ' '} {get_angle_glyph(index)} {get_camera_label(draft.session, camera)} "
    moved = camera in draft.nudges.pending
    return build_content(
        (name, f"{get_angle_colour(index)}{' bold reverse' if current else ''}"),
        (f" {format_offset(None if at is None else at / 1000)}", "bold"),
        (" (moved)" if moved else "", "warning"),
    )


def build_lane_right(draft: ReviewDraft, camera: str) -> Content:
    """How sure the machine is of it."""
    if camera == draft.session.reference:
        return build_content(("reference", "muted"))
    evidence = draft.session.angles.get(camera)
    if evidence is None:
        return build_content(("no evidence", "muted"))
    unsure = camera in draft.checklist.list_unchecked(draft.session)
    word = "✔ seen" if draft.checklist.is_checked(camera) else "◐ unsure" if unsure else "● sure"
    tone = "warning" if unsure else "success"
    return build_content(
        f"{format_percent(evidence.confidence)} ",
        (format_bar(evidence.confidence, _BAR_CELLS), tone),
        f" {word}",
    )


def build_button_note(draft: ReviewDraft, reason: str) -> Content:
    """Three short lines: where the angle lies, what is not sent, or why nothing can be decided."""
    where = _format_position(draft)
    if reason:
        return build_content(where, "\n", (reason, "warning"))
    count = len(draft.nudges.pending)
    if count:
        moved = f"{count} angle{'s' if count > 1 else ''} moved, not sent yet"
        keys = "s send and approve   u undo   0 the machine's"
        return build_content(where, "\n", (moved, "warning"), "\n", (keys, "muted"))
    return build_content(where, "\n", ("s approve these offsets   x reject", "muted"))


def _format_position(draft: ReviewDraft) -> str:
    here, machine = draft.nudges.get_offset_us(draft.camera), draft.get_machine_offset_us(draft.camera)
    said = (
        f"{get_camera_label(draft.session, draft.camera)} "
        f"{format_offset(None if here is None else here / 1000)}"
    )
    if draft.camera == draft.session.reference:
        return f"{said}, the reference"
    if here is None or machine is None or here == machine:
        return f"{said}, as the machine has it"
    return f"{said}, {_format_distance(here - machine)} from the machine's {format_offset(machine / 1000)}"


def _format_distance(us: int) -> str:
    """A distance with its sign; below ten milliseconds the tenths matter."""
    ms = us / 1000
    sign = "+" if ms > 0 else MINUS
    return f"{sign}{abs(ms):.1f} ms" if abs(ms) < 10 and ms != round(ms) else f"{sign}{abs(ms):.0f} ms"
