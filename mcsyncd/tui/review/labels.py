"""The texts of the review: its title, the header of each lane, the note beside the button. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from textual.content import Content

from mcsyncd.api import SessionBody
from mcsyncd.model.text import escape_text
from mcsyncd.present.numbers import format_offset, format_offset_change, format_percent, format_time
from mcsyncd.present.session import get_camera_label, label_session
from mcsyncd.tui.angle_marks import get_angle_colour, get_angle_glyph
from mcsyncd.tui.content import SHORT_BAR_CELLS, build_content, format_bar
from mcsyncd.tui.review.draft import US_PER_MS, ReviewDraft


def build_title(draft: ReviewDraft) -> Content:
    """Return the session's name, confidence and state.

    The confidence is the machine's, for its own offsets, so none is shown beside others.
    """
    session, state = draft.session, label_session(draft.session)
    name = (escape_text(session.id, 60), "bold")
    if moved := draft.list_moved():
        labels = ", ".join(get_camera_label(session, camera) for camera in moved)
        return build_content(name, "   ", (f"◐ {labels} moved, not sent", "warning"))
    percent = format_percent(session.sync_confidence)
    confidence = "   Set by hand  " if session.hand_set else f"   Sync Confidence: {percent}  "
    return build_content(name, confidence, (str(state), state.tone))


def build_lane_left(draft: ReviewDraft, index: int, camera: str, rival_us: int | None = None) -> Content:
    """Return the left of a lane's header: the angle, its offset, whether that is still unsent.

    And `rival_us`, where the angle is drawn a second time.
    """
    is_current = camera == draft.camera
    label = get_camera_label(draft.session, camera)
    name = f"{'▸' if is_current else ' '} {get_angle_glyph(index)} {label} "
    return build_content(
        (name, f"{get_angle_colour(index)}{' bold reverse' if is_current else ''}"),
        (f" {_format_draft_offset(draft, camera)}", "bold"),
        (_mark_pending(draft, camera), "warning"),
        (f"  beside {format_offset(rival_us / US_PER_MS)}" if rival_us is not None else "", "error"),
    )


def _mark_pending(draft: ReviewDraft, camera: str) -> str:
    if camera not in draft.nudges.pending:
        return ""
    return " (moved)" if draft.nudges.recorded.get(camera) is not None else " (placed by hand)"


def build_lane_right(draft: ReviewDraft, camera: str) -> Content:
    """Return the right of a lane's header: the confidence of the angle."""
    if camera == draft.session.reference:
        return build_content(("reference", "muted"))
    if camera in draft.checklist.list_hand_set(draft.session):
        word = "✔ checked" if draft.checklist.is_checked(camera) else "◐ set by hand"
        return build_content((word, "warning"))
    evidence = draft.session.angles.get(camera)
    if camera in draft.list_moved():
        return build_content(("◐ moved by you", "warning"))
    if draft.session.offsets_ms.get(camera) is None:
        return build_content(("◐ no place", "warning"))
    if evidence is None:
        return build_content(("no evidence", "muted"))
    is_unsure = camera in draft.checklist.list_unchecked(draft.session)
    word = "✔ checked" if draft.checklist.is_checked(camera) else "◐ unsure" if is_unsure else "● sure"
    return build_content(
        f"{format_percent(evidence.confidence)} ",
        (format_bar(evidence.confidence, SHORT_BAR_CELLS), "warning" if is_unsure else "success"),
        f" {word}",
    )


def explain_unplaced(draft: ReviewDraft, keys: Mapping[str, str]) -> str:
    """Return why keys that move the current angle do nothing; `keys` has the label of each action's key."""
    label = get_camera_label(draft.session, draft.camera)
    return f"{label} has no place yet, so it cannot be moved; {keys['type_offset']} gives it one"


def build_button_note(
    draft: ReviewDraft, keys: Mapping[str, str], objection: str = "", playing: str = ""
) -> Content:
    """Return up to three short lines beside the button.

    They say where the current angle is, and then what is `playing`, or the `objection` to a decision if
    there is one, or else what is unsent and which `keys` decide (the label of each action's key).
    """
    position = _format_position(draft, keys)
    if playing:
        return build_content(position, "\n", (playing, "primary"), "\n", (f"{keys['listen']} stops", "muted"))
    if objection:
        return build_content(position, "\n", (objection, "warning"))
    count = len(draft.nudges.pending)
    if draft.awaits_place and not count:
        return build_content(position, "\n", (f"{keys['reject']} reject", "muted"))
    if count:
        moved = f"{count} angle{'s' if count > 1 else ''} moved, not sent yet"
        ways = f"{keys['approve']} send and approve   {keys['undo']} undo   {keys['reset']} reset"
        return build_content(position, "\n", (moved, "warning"), "\n", (ways, "muted"))
    ways = f"{keys['approve']} approve these offsets   {keys['reject']} reject"
    return build_content(position, "\n", (ways, "muted"))


def explain_decided(session: SessionBody, now: datetime) -> str:
    """Return why a session takes no decision: who was faster, or what it does."""
    if session.approved_by:
        by, at = escape_text(session.approved_by, 40), format_time(session.approved_at, now)
        return f"{by} approved this {at}\nnothing of yours was sent"
    return f"no decision is due: {label_session(session).word}"


def _format_position(draft: ReviewDraft, keys: Mapping[str, str]) -> str:
    camera = draft.camera
    position = f"{get_camera_label(draft.session, camera)} {_format_draft_offset(draft, camera)}"
    if camera == draft.session.reference:
        return f"{position}, the reference"
    offset_us, computed_us = draft.nudges.get_offset_us(camera), draft.get_computed_offset_us(camera)
    if offset_us is None:
        return f"{position}; {keys['type_offset']} types its offset"
    if computed_us is None:
        return f"{position} by hand; nothing confirms it"
    if offset_us == computed_us:
        return f"{position}, as computed"
    change = format_offset_change((offset_us - computed_us) / US_PER_MS)
    return f"{position}, {change} from the computed {format_offset(computed_us / US_PER_MS)}"


def _format_draft_offset(draft: ReviewDraft, camera: str) -> str:
    offset_us = draft.nudges.get_offset_us(camera)
    return format_offset(None if offset_us is None else offset_us / US_PER_MS)
