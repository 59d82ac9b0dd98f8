"""What the review says: in its first line, at each lane, beside its button. Pure."""

from __future__ import annotations

from textual.content import Content

from mcsyncd.api import SessionBody
from mcsyncd.model.text import visible
from mcsyncd.tui import view
from mcsyncd.tui.desk import Desk
from mcsyncd.tui.paint import words

_BAR = 10


def place(session: SessionBody) -> Content:
    """Which session, how sure, and how it stands."""
    shown = view.look(session)
    sure = f"   Sync Confidence: {view.percent(session.sync_confidence)}  "
    return words((visible(session.id, 60), "bold"), sure, (str(shown), shown.tone))


def lane_left(desk: Desk, index: int, camera: str) -> Content:
    """Which angle, where it lies under the hand, and whether that is sent."""
    current = camera == desk.camera
    at = desk.nudges.offset_us(camera)
    name = f"{'▸' if current else ' '} {view.glyph(index)} {view.label(desk.session, camera)} "
    moved = camera in desk.nudges.changed
    return words(
        (name, f"{view.colour(index)}{' bold reverse' if current else ''}"),
        (f" {view.offset(None if at is None else at / 1000)}", "bold"),
        (" (moved)" if moved else "", "warning"),
    )


def lane_right(desk: Desk, camera: str) -> Content:
    """How sure the machine is of it."""
    if camera == desk.session.reference:
        return words(("reference", "muted"))
    evidence = desk.session.angles.get(camera)
    if evidence is None:
        return words(("no evidence", "muted"))
    unsure = camera in desk.walk.unsettled(desk.session)
    word = "✔ seen" if desk.walk.settled(camera) else "◐ unsure" if unsure else "● sure"
    tone = "warning" if unsure else "success"
    return words(
        f"{view.percent(evidence.confidence)} ", (view.bar(evidence.confidence, _BAR), tone), f" {word}"
    )


def said_beside(desk: Desk, reason: str) -> Content:
    """Three short lines: where the angle lies, what is not sent, or why nothing can be decided."""
    where = _where(desk)
    if reason:
        return words(where, "\n", (reason, "warning"))
    count = len(desk.nudges.changed)
    if count:
        moved = f"{count} angle{'s' if count > 1 else ''} moved, not sent yet"
        keys = "s send and approve   u undo   0 the machine's"
        return words(where, "\n", (moved, "warning"), "\n", (keys, "muted"))
    return words(where, "\n", ("s approve these offsets   x reject", "muted"))


def _where(desk: Desk) -> str:
    here, machine = desk.nudges.offset_us(desk.camera), desk.machine_us(desk.camera)
    said = f"{view.label(desk.session, desk.camera)} {view.offset(None if here is None else here / 1000)}"
    if desk.camera == desk.session.reference:
        return f"{said}, the reference"
    if here is None or machine is None or here == machine:
        return f"{said}, as the machine has it"
    return f"{said}, {_apart(here - machine)} from the machine's {view.offset(machine / 1000)}"


def _apart(us: int) -> str:
    """A distance with its sign; below ten milliseconds the tenths matter."""
    ms = us / 1000
    sign = "+" if ms > 0 else view.MINUS
    return f"{sign}{abs(ms):.1f} ms" if abs(ms) < 10 and ms != round(ms) else f"{sign}{abs(ms):.0f} ms"
