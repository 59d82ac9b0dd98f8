"""The dialog of a session's clips: what becomes of each, and the keys that decide about one."""

from __future__ import annotations

from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from mcsyncd.api import ClipBody, ClipRequest, NudgeRequest, SessionBody
from mcsyncd.model.text import escape_text
from mcsyncd.present.numbers import format_offset
from mcsyncd.present.session import get_camera_label, label_disposition, list_off_timeline, order_cameras
from mcsyncd.tui.content import build_content
from mcsyncd.tui.dialogs import ReasonDialog, build_hint_line
from mcsyncd.tui.keymap import build_binding
from mcsyncd.tui.widgets.marked_list import ROW_KEYS, MarkedList

ClipDecision = ClipRequest | NudgeRequest
"""What the dialog returns: a decision about one clip."""

_MAX_OFFSET_CHARS = 40
"""The API's own limit (`NudgeRequest.to`)."""


_KEYS = (
    build_binding("set_aside", "s", "set_disposition('set_aside')", "set the clip aside", "set aside"),
    build_binding("leave_out", "l", "leave_out", "leave the clip out", "leave out"),
    build_binding("place", "p", "place", "place the clip", "place"),
    build_binding("give_back", "b", "set_disposition('back')", "give the clip back", "give back"),
    Binding("escape", "dismiss(None)", "close"),
)


class ClipsDialog(ModalScreen[ClipDecision | None]):
    """Lists the clips, those off the timeline first, and returns one decision; None if it was closed."""

    BINDINGS: ClassVar[list[BindingType]] = list(_KEYS)
    KEYS = (*_KEYS, *ROW_KEYS)

    def __init__(self, session: SessionBody) -> None:
        super().__init__()
        off = list_off_timeline(session)
        rest = [(key, clip) for key in order_cameras(session) for clip in session.cameras[key].clips]
        self._clips = [*off, *(one for one in rest if one not in off)]
        self._session = session

    def compose(self) -> ComposeResult:
        """Yield the list and the keys."""
        with Vertical(classes="dialog clips"):
            yield Static(build_content(("What becomes of each clip", "bold")))
            yield MarkedList()
            yield Static(build_hint_line(self, _KEYS))

    def on_mount(self) -> None:
        """Fill the list."""
        rows = [(str(at), self._build_row(*one)) for at, one in enumerate(self._clips)]
        self.query_one(MarkedList).show_rows(rows)

    def _build_row(self, key: str, clip: ClipBody) -> Content:
        place = format_offset(clip.offset_ms) if clip.offset_ms is not None else "—"
        name = f"{get_camera_label(self._session, key)}  {escape_text(clip.name, 60)}"
        why = f": {escape_text(clip.disposition_reason, 60)}" if clip.disposition_reason else ""
        label = label_disposition(self._session, clip)
        return build_content(f"{place:>12}  {name}  ", (f"{label}{why}", "bold"))

    def _get_clip(self) -> str | None:
        at = self.query_one(MarkedList).highlighted
        if at is None:
            return None
        key, clip = self._clips[at]
        return f"{key}/{clip.name}"

    def action_set_disposition(self, disposition: str) -> None:
        """Set the clip aside, or give it back to the machine."""
        if (clip := self._get_clip()) is not None:
            self.dismiss(ClipRequest.model_validate({"clip": clip, "disposition": disposition}))

    @work(exclusive=True)
    async def action_leave_out(self) -> None:
        """Ask why, and leave the clip out."""
        clip = self._get_clip()
        if clip is None:
            return
        dialog = ReasonDialog(f"Leave {escape_text(clip, 60)} out?", "It is not published, and not deleted.")
        if reason := await self.app.push_screen_wait(dialog):
            self.dismiss(ClipRequest(clip=clip, disposition="left_out", reason=reason))

    @work(exclusive=True)
    async def action_place(self) -> None:
        """Ask where the clip begins on the session clock, and place it there."""
        clip = self._get_clip()
        if clip is None:
            return
        question, hint = (
            f"Where does {escape_text(clip, 60)} begin?",
            "For example =12.5s; nobody checks it by sound.",
        )
        answer = await self.app.push_screen_wait(ReasonDialog(question, hint, placeholder="=12.5s"))
        if answer is not None:
            camera, _, name = clip.partition("/")
            self.dismiss(NudgeRequest(camera=camera, clip=name, to=answer[:_MAX_OFFSET_CHARS]))
