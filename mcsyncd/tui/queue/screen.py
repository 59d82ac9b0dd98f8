"""The queue: what wants a person first, then what is at work, then what is done."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from mcsyncd.api import RetryRequest, SessionBody, StatusBody
from mcsyncd.model.text import escape_text
from mcsyncd.tui.content import build_content
from mcsyncd.tui.live_screen import KeyHints, LiveScreen
from mcsyncd.tui.queue.rows import build_header, build_row
from mcsyncd.tui.review.screen import ReviewScreen
from mcsyncd.tui.session.screen import SessionScreen
from mcsyncd.tui.widgets.health import HealthLine, build_folder_line
from mcsyncd.tui.widgets.lazy_static import LazyStatic
from mcsyncd.tui.world import World


class QueueScreen(LiveScreen):
    """Home. Enter opens a session; nothing is decided here."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "down", show=False),
        Binding("k", "up", show=False),
        ("v", "review", "Waveforms"),
        ("r", "retry", "Try again"),
        ("q", "app.quit", "Quit"),
    ]
    ALL_KEYS: ClassVar[KeyHints] = (
        ("enter", "open the session"),
        ("↑ ↓  k j", "choose a session"),
        ("v", "its waveforms"),
        ("r", "try a failed session again"),
        ("ctrl+p", "commands: theme, quit"),
        ("q", "quit"),
    )

    _auto_highlighted: str | None = None
    """The session that the cursor was laid on by the app; another one means a person moved it."""

    def compose_body(self) -> Iterable[Widget]:
        """The list, or what to do when there is none, above the state of the machine."""
        yield LazyStatic(id="heads")
        yield OptionList(id="rows", markup=False)
        yield VerticalScroll(LazyStatic(id="told"), id="empty", can_focus=False)
        yield HealthLine()

    def on_mount(self) -> None:
        """Rows are laid by hand: a new width means new rows; the ages in them count on."""
        self.set_interval(15.0, self._refresh_rows)

    def on_resize(self) -> None:
        """Lay the rows for the new width."""
        self.call_after_refresh(self._refresh_rows)

    def show_world(self, world: World) -> None:
        """Show the sessions, or how to begin."""
        status = world.status
        self.top_bar.title = build_content(
            ("mcsyncd", "bold"), f" · {escape_text(status.host, 40)}" if status else ""
        )
        sessions = world.build_queue()
        health = self.query_one(HealthLine)
        health.status, health.folders = status, bool(sessions)
        self.query_one("#empty").display = not sessions
        self.query_one("#heads").display = self._option_list.display = bool(sessions)
        if sessions:
            self._fill_rows(sessions)
        else:
            self.query_one("#told", LazyStatic).show(_build_empty_state(world))
        self.show_keys(
            [("enter", "Open"), ("↑↓", "Choose"), ("v", "Waveforms"), ("r", "Try again"), ("q", "Quit")]
            if sessions
            else [("q", "Quit")]
        )

    @property
    def _option_list(self) -> OptionList:
        return self.query_one("#rows", OptionList)

    def _refresh_rows(self) -> None:
        if self.is_active:
            self.show_world(self.shell.world)

    def _fill_rows(self, sessions: list[SessionBody]) -> None:
        """Fill the list.

        What a person chose stays chosen, wherever it now stands. Otherwise the cursor is on the
        first session, the one that needs somebody: enter must not open yesterday's.
        """
        rows, now = self._option_list, self.shell.get_now()
        width = max(40, self.size.width - 4)
        self.query_one("#heads", LazyStatic).show(build_header(width))
        lines = {session.id: build_row(session, width, now) for session in sessions}
        if [option.id for option in rows.options] == list(lines):
            for option in rows.options:
                line = lines[option.id or ""]
                # Replacing lays out the whole screen; most rows say what they said before.
                if not (isinstance(option.prompt, Content) and option.prompt.is_same(line)):
                    rows.replace_option_prompt(option.id or "", line)
            return
        chosen = self._get_chosen_session()
        rows.set_options([Option(line, id=session) for session, line in lines.items()])
        ids = list(lines)
        by_hand = chosen is not None and chosen.id != self._auto_highlighted and chosen.id in lines
        rows.highlighted = ids.index(chosen.id) if chosen is not None and by_hand else 0
        self._auto_highlighted = None if by_hand else ids[0]
        if self.focused is None:
            rows.focus()

    def _get_chosen_session(self) -> SessionBody | None:
        option = self._option_list.highlighted_option
        return self.shell.world.get_session(option.id) if option is not None and option.id else None

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Open the session."""
        if event.option.id:
            self._auto_highlighted = event.option.id  # dealt with: whoever needs somebody is next
            self.app.push_screen(SessionScreen(event.option.id))

    def action_down(self) -> None:
        """Choose the next session."""
        self._option_list.action_cursor_down()

    def action_up(self) -> None:
        """Choose the session before."""
        self._option_list.action_cursor_up()

    def action_review(self) -> None:
        """Look at the waveforms, whatever the confidence."""
        session = self._get_chosen_session()
        if session is not None and session.angles:
            self.app.push_screen(ReviewScreen(session.id))

    def action_retry(self) -> None:
        """Try a failed session again."""
        session = self._get_chosen_session()
        if session is None or session.state not in {"failed", "quarantined"}:
            return
        if reason := self.shell.find_objection():
            self.shell.show_notice(reason)
            return
        self.run_worker(self.shell.send_decision(session, RetryRequest()), exclusive=True)


def _build_empty_state(world: World) -> Content:
    """What an empty queue says: where to drop cards, and whether the folders are well."""
    if world.sessions is None:
        waiting = world.link.state == "connecting"
        return build_content(("Asking the daemon …" if waiting else "Nothing could be read yet.", "muted"))
    status: StatusBody | None = world.status
    if status is None:
        return Content()
    lines = [
        build_content(("No sessions yet.", "bold")),
        build_content("Drop a card, or its files, into:"),
        Content(),
    ]
    for body in status.folders.values():
        lines += [
            build_content("  ", build_folder_line(body)),
            build_content((f"      {escape_text(body.path, 120)}", "muted")),
            Content(),
        ]
    lines.append(
        build_content(("It starts by itself once every camera has a clip and the copying is over.", "muted"))
    )
    return Content("\n").join(lines)
