"""The queue screen: sessions that wait for a person first, then running ones, then finished ones."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import ClassVar

from textual import work
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input

from mcsyncd.api import RetryRequest, SessionBody, StatusBody
from mcsyncd.errors import McsyncError
from mcsyncd.model.text import escape_text
from mcsyncd.present.session import list_camera_labels
from mcsyncd.tui.content import build_content
from mcsyncd.tui.dialogs import ListDialog
from mcsyncd.tui.keymap import build_binding
from mcsyncd.tui.live_screen import LiveScreen
from mcsyncd.tui.open_review import open_review
from mcsyncd.tui.queue.activity import ActivityScreen
from mcsyncd.tui.queue.filter import filter_sessions
from mcsyncd.tui.queue.rows import build_header, build_row
from mcsyncd.tui.session.details import build_history
from mcsyncd.tui.session.screen import SessionScreen
from mcsyncd.tui.widgets.health import HealthLine, build_folder_line
from mcsyncd.tui.widgets.lazy_static import LazyStatic
from mcsyncd.tui.widgets.marked_list import MARK_CELLS, ROW_KEYS, MarkedList
from mcsyncd.tui.world import World

_REFRESH_INTERVAL_S = 15.0
"""Seconds between two refreshes. Judgement: times have minutes; a row is at most that much late."""

_MIN_ROW_CELLS = 40
"""Rows are never built narrower. Judgement: below it they are cut, on a screen that is hidden anyway."""

_PADDING_CELLS = 3
"""Cells right of a row, as in `queue.tcss`, with the scrollbar; fewer would cut the ends of the rows."""

_RETRIED_STATES = {"failed", "quarantined"}
"""States that can be tried again; the daemon has the last word."""

_FILTER_HELP = "filter: part of an id, a state, a clip, a camera, a person"
_UPLOADS_HELP = "pause the uploads of all sessions, or let them go on"
_KEYS = (
    build_binding("open", "enter", "open", "open the session", "Open"),
    build_binding("retry", "r", "retry", "retry a failed session", "Retry"),
    build_binding("waveforms", "v", "review", "waveforms of the session", "Waveforms"),
    build_binding("history", "h", "history", "history of the session: what happened, who decided", "History"),
    build_binding("filter", "slash", "filter", _FILTER_HELP, "Filter"),
    build_binding("show_all", "escape", "show_all", "end the filter", "All"),
    build_binding("more", "m", "more", "more finished sessions: older ones", "More"),
    build_binding("uploads", "p", "app.direct_uploads", _UPLOADS_HELP, "Uploads"),
    build_binding("activity", "a", "activity", "activity: what happened lately in all sessions", "Activity"),
    build_binding("quit", "q", "app.quit", "quit", "Quit"),
)


class QueueScreen(LiveScreen):
    """The home screen. Enter opens a session; no decision is made here but to retry."""

    BINDINGS: ClassVar[list[BindingType]] = list(_KEYS)
    KEYS = (*_KEYS, *ROW_KEYS)

    _auto_highlighted: str | None = None
    """The session the app highlighted; if another one is highlighted, a person chose it."""

    def __init__(self) -> None:
        super().__init__()
        self._built: dict[str, tuple[SessionBody, Content]] = {}
        """The rows of the present width by session id, each with what it was built from."""

    def compose_body(self) -> Iterable[Widget]:
        """Yield the list, or how to begin if it is empty, above the state of the machine."""
        yield Input(placeholder="filter: id, state, clip, camera, person", id="filter")
        yield LazyStatic(id="header")
        yield MarkedList(id="rows")
        yield VerticalScroll(LazyStatic(id="empty-text"), id="empty", can_focus=False)
        yield HealthLine()

    def on_mount(self) -> None:
        """Refresh the rows now and then: the times in them depend on the current time."""
        self.query_one("#filter").display = False
        self.set_interval(_REFRESH_INTERVAL_S, self._refresh_rows)

    def on_resize(self) -> None:
        """Build the rows for the new width."""
        self.call_after_refresh(self._refresh_rows)

    def show_world(self, world: World) -> None:
        """Show the sessions, or how to begin."""
        status = world.status
        self.top_bar.title = build_content(
            ("mcsyncd", "bold"), f" · {escape_text(status.host, 40)}" if status else ""
        )
        queue = world.build_queue()
        sessions = filter_sessions(queue, self._filter.value)
        health = self.query_one(HealthLine)
        health.status, health.folders = status, bool(queue)
        self.query_one("#empty").display = not sessions
        self.query_one("#header").display = self._rows.display = bool(sessions)
        if sessions:
            self._fill_rows(sessions)
        else:
            said = self._build_no_match() if queue else _build_empty_state(world)
            self.query_one("#empty-text", LazyStatic).show(said)
        self._update_keys()

    def _update_keys(self) -> None:
        """Show the keys that act on the chosen session, and those of the queue."""
        session, world = self._get_chosen_session(), self.shell.world
        keys = ["open", "up", "down"] if session is not None else []
        keys += ["retry"] if session is not None and session.state in _RETRIED_STATES else []
        keys += ["waveforms"] if session is not None and session.angles else []
        keys += ["history"] if session is not None else []
        keys += ["show_all"] if self._filter.value else ["filter"] if world.sessions else []
        keys += ["more"] if world.older_before else []
        is_sending = any(one.state == "publishing" for one in (world.sessions or {}).values())
        keys += ["uploads"] if world.are_uploads_paused or is_sending else []
        self.show_hints([*keys, "activity", "quit"])

    def _build_no_match(self) -> Content:
        ends = f"{self.key_labels['show_all']} shows all"
        said = f"No session matches “{escape_text(self._filter.value, 40)}”."
        return build_content(said, "\n\n", (ends, "muted"))

    @property
    def _filter(self) -> Input:
        return self.query_one("#filter", Input)

    @property
    def _rows(self) -> MarkedList:
        return self.query_one("#rows", MarkedList)

    def _refresh_rows(self) -> None:
        self._built = {}
        if self.is_active:
            self.show_world(self.shell.world)

    def _fill_rows(self, sessions: list[SessionBody]) -> None:
        """Fill the list.

        A session that a person chose stays highlighted wherever it moves. Otherwise the first one
        is, which waits for a person: enter must not open yesterday's.
        """
        rows = self._rows
        width = max(_MIN_ROW_CELLS, self.size.width - _PADDING_CELLS - MARK_CELLS)
        self.query_one("#header", LazyStatic).show(build_header(width))
        lines = self._build_rows(sessions, width)
        if [option.id for option in rows.options] != list(lines):
            is_chosen = rows.chosen != self._auto_highlighted and rows.chosen in lines
            chosen = rows.chosen if is_chosen else next(iter(lines))
            self._auto_highlighted = None if is_chosen else chosen
            rows.show_rows(list(lines.items()), chosen)
        else:
            rows.show_rows(list(lines.items()))
        if self.focused is None or not self.focused.display:
            rows.focus()

    def _build_rows(self, sessions: list[SessionBody], width: int) -> dict[str, Content]:
        """Return the row of each session by its id; only those of sessions that changed are built."""
        now, known = self.shell.get_now(), self._built
        self._built = {
            one.id: known[one.id]
            if one.id in known and known[one.id][0] is one
            else (one, build_row(one, width, now))
            for one in sessions
        }
        return {name: row for name, (_, row) in self._built.items()}

    def _get_chosen_session(self) -> SessionBody | None:
        chosen = self._rows.chosen
        return self.shell.world.get_session(chosen) if chosen is not None else None

    def on_option_list_option_selected(self) -> None:
        """Open the session that was clicked."""
        self.action_open()

    def action_open(self) -> None:
        """Open the session."""
        if (chosen := self._rows.chosen) is not None:
            self._auto_highlighted = chosen  # dealt with: the next one that waits may be highlighted
            self.app.push_screen(SessionScreen(chosen))

    def on_option_list_option_highlighted(self) -> None:
        """Show the keys of the session that is chosen now."""
        self._update_keys()

    def action_filter(self) -> None:
        """Ask for words; the list follows every letter."""
        self._filter.display = True
        self._filter.focus()

    def on_input_changed(self) -> None:
        """Show the sessions that match."""
        self.show_world(self.shell.world)

    def on_input_submitted(self) -> None:
        """Go to the list, with the filter on."""
        if not self._filter.value:
            self.action_show_all()
        self._rows.focus()

    def action_show_all(self) -> None:
        """End the filter."""
        self._filter.value = ""
        self._filter.display = False
        self._rows.focus()

    def action_review(self) -> None:
        """Open the waveforms, whatever the confidence is."""
        session = self._get_chosen_session()
        if session is not None and session.angles:
            open_review(self.app, session.id)

    @work(exclusive=True, group="history")
    async def action_history(self) -> None:
        """Show everything that happened to the session, newest first."""
        session = self._get_chosen_session()
        if session is None:
            return
        try:
            entries = [entry async for entry in self.shell.client.read_log(session.id)]
        except McsyncError as error:
            self.shell.show_error(error)
            return
        lines = build_history(entries, list_camera_labels(session), self.shell.get_now())
        self.app.push_screen(ListDialog(f"History of {escape_text(session.id, 40)}", lines))

    def action_activity(self) -> None:
        """Show what happened lately in all sessions."""
        self.app.push_screen(ActivityScreen())

    def action_more(self) -> None:
        """Read one more page of finished sessions, older than those in the list."""
        self.run_worker(self._read_older_sessions(), exclusive=True, group="older")

    async def _read_older_sessions(self) -> None:
        before = self.shell.world.older_before
        if before is None:
            return
        try:
            page = await self.shell.client.list_sessions(before=before, finished=True)
        except McsyncError as error:
            self.shell.show_error(error)
            return
        if self.shell.world.older_before == before:  # else everything was read again in the meantime
            self.shell.world = self.shell.world.with_older_sessions(page)

    def action_retry(self) -> None:
        """Retry a failed session."""
        session = self._get_chosen_session()
        if session is None or session.state not in _RETRIED_STATES:
            self.shell.show_notice("Only a session that failed can be tried again.")
        elif objection := self.shell.find_objection():
            self.shell.show_notice(objection)
        else:
            retry = partial(self.shell.send_decision, session, RetryRequest())
            self.shell.decide_if_still(lambda: self.run_worker(retry(), exclusive=True))


def _build_empty_state(world: World) -> Content:
    """Return what an empty queue says: where to drop cards, and how the drop folders are."""
    if world.sessions is None:
        is_connecting = world.link.state == "connecting"
        return build_content(("Connecting to the daemon …" if is_connecting else "No data yet.", "muted"))
    status: StatusBody | None = world.status
    if status is None:
        return Content()
    lines = [
        build_content(("No sessions yet.", "bold")),
        build_content("Copy a card, or its files, into:"),
        Content(),
    ]
    for body in status.folders.values():
        lines += [
            build_content("  ", build_folder_line(body)),
            build_content((f"      {escape_text(body.path, 120)}", "muted")),
            Content(),
        ]
    lines.append(
        build_content(
            ("Sync starts automatically once every camera has a clip and no file is changing.", "muted")
        )
    )
    return Content("\n").join(lines)
