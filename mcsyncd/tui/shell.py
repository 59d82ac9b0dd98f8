"""The app as its screens see it: the world to show, and a way to send decisions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import ClassVar, Literal

from textual import events
from textual.app import App
from textual.binding import BindingType
from textual.filter import LineFilter, Monochrome, NoColor
from textual.reactive import reactive

from mcsyncd import api
from mcsyncd.client import Client, RevisionConflict
from mcsyncd.errors import McsyncError, Unreachable
from mcsyncd.model.text import escape_text
from mcsyncd.tui.hangup import CHECK_INTERVAL_S, watch_terminal
from mcsyncd.tui.hints import format_hint
from mcsyncd.tui.keymap import Keymap, build_binding
from mcsyncd.tui.still import HELD, LET_GO_S, TOO_SOON, Stillness
from mcsyncd.tui.theme import THEMES
from mcsyncd.tui.world import World

Severity = Literal["information", "error"]

UNCONFIRMED = "Sent, but not confirmed: the screen shows what took effect once the daemon answers."

_NOTICE_S = 8.0
"""Seconds a notice stays. Judgement: long enough to read an error and its hint twice."""


COMMANDS = build_binding("commands", "ctrl+p", "command_palette", "commands: go to a session, theme, quit")


class Shell(App[None]):
    """Base of the app. Values flow down through `world`, decisions go up through `send_decision`.

    `socket` is the daemon's; with `read_only` no decision is sent; `theme` is a key of `THEMES`;
    `keymap` has the keys that a person chose, `remarks` what is said at the start, and `once_published` what
    is said from the moment on at which a session is published. `has_images` tells that the terminal shows
    images (`image_terminals.can_show_images`).
    """

    BINDINGS: ClassVar[list[BindingType]] = [COMMANDS]
    world: reactive[World] = reactive(World())
    closing_line: reactive[str] = reactive("")
    """What is said from now on, because what the app was opened for is done."""

    def __init__(
        self,
        socket: Path,
        *,
        read_only: bool = False,
        theme: str = "dark",
        keymap: Keymap | None = None,
        remarks: Sequence[str] = (),
        once_published: str = "",
        has_images: bool = False,
    ) -> None:
        super().__init__()
        self._remarks = remarks
        self._once_published = once_published
        self.has_images = has_images
        self.keymap = keymap or {}
        self.set_keymap(self.keymap)
        self._colour_remover = NoColor()
        for known in THEMES.values():
            self.register_theme(known)
        self.use_theme(theme)
        self.client = Client(socket)
        self.read_only = read_only
        self.stillness = Stillness(monotonic)
        self.drafts: dict[str, dict[str, int]] = {}
        """Offsets in microseconds that were moved and not sent, by session and camera."""

    def on_mount(self) -> None:
        """Say what there is to say at the start, and end with the terminal."""
        for remark in self._remarks:
            self.show_notice(remark, severity="error")
        is_gone = watch_terminal()
        self.set_interval(CHECK_INTERVAL_S, lambda: self.exit() if is_gone() else None)

    def watch_world(self, old: World, new: World) -> None:
        """See whether what the app was opened for is done."""
        if self._once_published and new.list_published_since(old):
            self.closing_line = self._once_published

    @staticmethod
    def get_now() -> datetime:
        """Return the current time on the reader's clock."""
        return datetime.now().astimezone()

    def use_theme(self, name: str) -> None:
        """Draw everything in the theme of that name, a key of `THEMES`."""
        self.no_color = name == "none"
        self.theme = THEMES[name].name

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return Textual's filters, with the one for `NO_COLOR` following the theme instead."""
        kept = [one for one in super().get_line_filters() if not isinstance(one, Monochrome | NoColor)]
        return [*kept, self._colour_remover] if self.no_color else kept

    async def on_event(self, event: events.Event) -> None:
        """Note each key and click before it does anything."""
        if isinstance(event, events.Key | events.MouseDown) and not event.is_forwarded:
            self.stillness.note_key()
        await super().on_event(event)

    def decide_if_still(self, decide: Callable[[], object]) -> None:
        """Call `decide` for the key that was just pressed, unless the screen moved or the key is held."""
        if not self.stillness.is_still:
            self._explain_key(TOO_SOON)
            return
        is_let_go = self.stillness.watch_key()
        self.set_timer(LET_GO_S, lambda: decide() if is_let_go() else self._explain_key(HELD))

    def _explain_key(self, why: str) -> None:
        """Say once why a key decided nothing: a held one would fill the screen with it."""
        self.clear_notifications()
        self.show_notice(why)

    def find_objection(self, session: api.SessionBody | None = None) -> str:
        """Return why no decision can be sent now (on `session`); empty if it can."""
        status = self.world.status
        if self.world.assess_link(self.get_now()) != "live" or status is None:
            return "not connected: decisions are disabled until the daemon answers"
        if self.is_web:
            return "read-only in a browser: nobody knows who you are"
        if self.read_only:
            return "read-only: decisions are disabled"
        if not status.may_approve:
            return f"view only: {escape_text(status.you, 40) or 'this user'} may not decide"
        holder = session.claimed_by if session is not None else None
        if holder and holder != status.you:
            return f"{escape_text(holder, 40)} is reviewing this"
        return ""

    async def send_decision(
        self, session: api.SessionBody, decision: api.DecisionRequest, *, unsent: str = ""
    ) -> api.SessionBody | None:
        """Send a decision on `session` at the revision shown; return its new state, None if refused.

        It shows why it was refused: a conflict as a dialog, with the nudges that were `unsent`,
        anything else as a notice.
        """
        try:
            body = await self.client.send_decision(session.id, decision, session.revision)
        except RevisionConflict as conflict:
            self.show_conflict(conflict, unsent)
            return None
        except Unreachable as error:
            # It may have taken effect, and a second one would be refused by its revision: never "failed".
            self.show_notice(UNCONFIRMED, hint=error.message, severity="error")
            return None
        except McsyncError as error:
            self.show_error(error)
            return None
        self.world = self.world.with_session(body)
        return body

    async def direct_uploads(self, action: Literal["pause", "resume"]) -> None:
        """Pause or resume the uploads of all sessions; what was refused is shown."""
        try:
            storage = await self.client.direct_uploads(action)
        except Unreachable as error:
            self.show_notice(UNCONFIRMED, hint=error.message, severity="error")
            return
        except McsyncError as error:
            self.show_error(error)
            return
        if self.world.status is not None:
            status = self.world.status.model_copy(update={"storage": storage})
            self.world = replace(self.world, status=status)

    def show_conflict(self, conflict: RevisionConflict, unsent: str) -> None:
        """Show that somebody changed the session first."""
        raise NotImplementedError

    def show_error(self, error: McsyncError) -> None:
        """Show an error with its hint. Not as markup: it may contain file names."""
        self.show_notice(error.message, hint=error.hint, severity="error")

    def show_notice(self, message: str, *, hint: str = "", severity: Severity = "information") -> None:
        """Show a notice for a while."""
        text = escape_text(message, 300) + (f"\n{format_hint(hint)}" if hint else "")
        self.notify(text, severity=severity, markup=False, timeout=_NOTICE_S)
