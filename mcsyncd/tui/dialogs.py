"""The dialogs: for a reason, for a conflict, and for the list of keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
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
from mcsyncd.tui.keymap import build_binding, build_hints
from mcsyncd.tui.shell import Shell

_MAX_REASON_CHARS = 2000
"""The API's own limit (`RejectRequest.reason`); a longer text would be refused after it was typed."""


class ReasonDialog(ModalScreen[str | None]):
    """Asks for a reason, or another line of text, and returns it; None if it was cancelled."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss(None)", "Cancel")]

    def __init__(self, question: str, hint: str, placeholder: str = "reason (kept in the log)") -> None:
        super().__init__()
        self._question = question
        self._hint = hint
        self._placeholder = placeholder

    def compose(self) -> ComposeResult:
        """Yield the question and an input line."""
        with Vertical(classes="dialog"):
            yield Static(build_content((self._question, "bold")))
            yield Static(build_content((self._hint, "muted")))
            yield Input(placeholder=self._placeholder, max_length=_MAX_REASON_CHARS)
            yield Static(
                build_content(("enter", "bold"), (" send   ", "muted"), ("esc", "bold"), (" cancel", "muted"))
            )

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Return the reason; blanks alone are none."""
        if reason := event.value.strip():
            self.dismiss(reason)


_LEAVE_KEYS = (
    Binding("enter", "dismiss(True)", "keep as a draft"),
    build_binding("drop", "d", "dismiss(False)", "drop what was not sent", "drop"),
    Binding("escape", "dismiss(None)", "stay here"),
)


class LeaveDialog(ModalScreen[bool | None]):
    """Asks what becomes of moves that were not sent: True keeps them, False drops them, None stays."""

    BINDINGS: ClassVar[list[BindingType]] = list(_LEAVE_KEYS)
    KEYS = _LEAVE_KEYS

    def __init__(self, unsent: str) -> None:
        super().__init__()
        self._unsent = unsent

    def compose(self) -> ComposeResult:
        """Yield what was moved, and the three keys."""
        with Vertical(classes="dialog"):
            yield Static(build_content(("Not sent yet", "bold")))
            yield Static(build_content(self._unsent))
            yield Static(build_content(("A draft is kept until the app ends.", "muted")))
            yield Static(build_hint_line(self, self.KEYS))


class ConsentDialog(ModalScreen[bool]):
    """Asks whether to go on with what makes something void. No key that repeats in a list agrees to it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("y", "dismiss(True)", "Yes"),
        ("escape,n", "dismiss(False)", "No"),
    ]

    def __init__(self, question: str, costs: Sequence[str]) -> None:
        super().__init__()
        self._question = question
        self._costs = costs

    def compose(self) -> ComposeResult:
        """Yield the question, what becomes void, and the two keys."""
        hints = [("y", "bold"), (" yes   ", "muted"), ("esc", "bold"), (" no", "muted")]
        with Vertical(classes="dialog"):
            yield Static(build_content((self._question, "bold")))
            yield from (Static(build_content(cost)) for cost in self._costs)
            yield Static(build_content(*hints))


class ConflictDialog(ModalScreen[None]):
    """Says that somebody changed the session first: how it is now, and what was not sent."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss(None)", "Close")]

    def __init__(self, conflict: RevisionConflict, summary: Content) -> None:
        super().__init__()
        self._conflict = conflict
        self._summary = summary

    def compose(self) -> ComposeResult:
        """Yield the news and one button."""
        with Vertical(classes="dialog"):
            yield Static(build_content(("This session changed while you had it open", "bold")))
            yield Static(build_content((escape_text(self._conflict.message, 300), "muted")))
            yield Static(self._summary)
            yield Button(Content("Show Session"), classes="main")

    def on_button_pressed(self) -> None:
        """Close; the screen below already shows the current state."""
        self.dismiss(None)


def build_conflict_summary(current: SessionBody | None, approved_at: str, unsent: str) -> Content:
    """Return how the session is now, and which pending nudges were not sent."""
    if current is None:
        return build_content("It is being loaded again.")
    offsets = ", ".join(
        f"{get_camera_label(current, key)} {format_offset(current.offsets_ms.get(key))}"
        for key in order_cameras(current)
    )
    by = f" by {escape_text(current.approved_by, 60)} {approved_at}" if current.approved_by else ""
    not_sent = build_content("\n\n", ("Not sent: ", "bold"), unsent) if unsent else build_content()
    state = build_content(
        "\n", (str(label_session(current)), "bold"), f"{by} · revision {current.revision}\n"
    )
    return build_content(state, offsets, not_sent)


class ListDialog(ModalScreen[None]):
    """Shows lines under a title until a key closes it; a long list scrolls."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "dismiss(None)", "Close"),
        build_binding("help", "question_mark", "dismiss(None)", "close"),
        ("enter", "dismiss(None)", "Close"),
    ]

    def __init__(self, title: str, lines: Sequence[Content]) -> None:
        super().__init__()
        self._title = title
        self._lines = lines

    def compose(self) -> ComposeResult:
        """Yield the title and the list."""
        with Vertical(classes="dialog list"):
            yield Static(build_content((self._title, "bold")))
            with VerticalScroll(can_focus=True):
                yield Static(Content("\n").join(self._lines))
            yield Static(build_content(("esc", "bold"), (" close", "muted")))


def build_key_lines(keys: Sequence[tuple[str, str]]) -> list[Content]:
    """Return a line for each key: the key, and what it does."""
    width = max(len(key) for key, _ in keys)
    return [build_content((f"{key:>{width}}", "bold"), f"  {effect}") for key, effect in keys]


def build_hint_line(dialog: ModalScreen[Any], keys: Iterable[Binding]) -> Content:
    """Return the keys of a dialog with what they do, side by side."""
    shell = dialog.app
    assert isinstance(shell, Shell)
    hints = build_hints(keys, shell.keymap)
    return build_content(*(part for key, hint in hints for part in ((key, "bold"), (f" {hint}   ", "muted"))))
