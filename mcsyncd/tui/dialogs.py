"""The dialogs: a reason to give, a conflict to take note of, all keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from mcsyncd.api import SessionBody
from mcsyncd.client import RevisionConflict
from mcsyncd.model.text import escape_text
from mcsyncd.present.numbers import format_offset
from mcsyncd.present.session import get_camera_label, label_session, order_cameras
from mcsyncd.tui.content import build_content

_MAX_REASON_CHARS = 2000


class ReasonDialog(ModalScreen[str | None]):
    """Asks for a reason and gives it back; None when it was left with escape."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss(None)", "Cancel")]

    def __init__(self, question: str, hint: str) -> None:
        super().__init__()
        self._question = question
        self._hint = hint

    def compose(self) -> ComposeResult:
        """A question and a line to write in."""
        with Vertical(classes="dialog"):
            yield Static(build_content((self._question, "bold")))
            yield Static(build_content((self._hint, "muted")))
            yield Input(placeholder="the reason, for the record", max_length=_MAX_REASON_CHARS)
            yield Static(
                build_content(("enter", "bold"), (" send   ", "muted"), ("esc", "bold"), (" cancel", "muted"))
            )

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """A reason of blanks is none."""
        if reason := event.value.strip():
            self.dismiss(reason)


class ConflictDialog(ModalScreen[None]):
    """Somebody was faster: what the session is now, and what of one's own was not sent."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss(None)", "Close")]

    def __init__(self, conflict: RevisionConflict, summary: Content) -> None:
        super().__init__()
        self._conflict = conflict
        self._summary = summary

    def compose(self) -> ComposeResult:
        """The news, and one button."""
        with Vertical(classes="dialog"):
            yield Static(build_content(("This session moved on while you looked at it", "bold")))
            yield Static(build_content((escape_text(self._conflict.message, 300), "muted")))
            yield Static(self._summary)
            yield Button(Content("Show Me"), classes="main")

    def on_button_pressed(self) -> None:
        """Close; the screen below already shows the session as it is."""
        self.dismiss(None)


def build_conflict_summary(current: SessionBody | None, when: str, unsent: str) -> Content:
    """Say how the session stands now, and which offsets of the hand were not sent."""
    if current is None:
        return build_content("It is read again now.")
    offsets = ", ".join(
        f"{get_camera_label(current, key)} {format_offset(current.offsets_ms.get(key))}"
        for key in order_cameras(current)
    )
    by = f" by {escape_text(current.approved_by, 60)} {when}" if current.approved_by else ""
    mine = build_content("\n\n", ("Not sent: ", "bold"), unsent) if unsent else build_content()
    state = build_content(
        "\n", (str(label_session(current)), "bold"), f"{by} · revision {current.revision}\n"
    )
    return build_content(state, offsets, mine)


class HelpDialog(ModalScreen[None]):
    """All keys of a screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "dismiss(None)", "Close"),
        ("question_mark", "dismiss(None)", "Close"),
        ("enter", "dismiss(None)", "Close"),
    ]

    def __init__(self, keys: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._keys = keys

    def compose(self) -> ComposeResult:
        """A list, long ones scroll."""
        told = [build_content((f"{key:>14}", "bold"), f"  {does}") for key, does in self._keys]
        with Vertical(classes="dialog help"):
            yield Static(build_content(("Keys", "bold")))
            with VerticalScroll(can_focus=True):
                yield Static(Content("\n").join(told))
            yield Static(build_content(("esc", "bold"), (" close", "muted")))
