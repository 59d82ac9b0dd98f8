"""The activity screen: what happened lately in all sessions, newest first, and what happens now."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import ClassVar

from textual import work
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget

from mcsyncd.api import LogEntryBody
from mcsyncd.errors import McsyncError
from mcsyncd.model.text import escape_text
from mcsyncd.present.events import format_event
from mcsyncd.present.numbers import format_time
from mcsyncd.present.session import list_camera_labels
from mcsyncd.tui.content import build_content
from mcsyncd.tui.keymap import build_binding
from mcsyncd.tui.live_screen import LiveScreen
from mcsyncd.tui.widgets.lazy_static import LazyStatic
from mcsyncd.tui.world import World

_MAX_ENTRIES = 200
"""Events shown. Judgement: a day of shoots; `mcsyncd log` prints them all."""

_READ_INTERVAL_S = 2.0
"""Seconds between two looks for new events. Judgement: somebody who watches does not notice it."""


class ActivityScreen(LiveScreen):
    """The ledger's newest events as sentences. Nothing is decided here."""

    KEYS = (
        build_binding("up", "up,k", "scroll(-1)", "scroll", "Scroll"),
        build_binding("down", "down,j", "scroll(1)", "scroll", "Scroll"),
        build_binding("back", "escape", "app.pop_screen", "back to the queue", "Queue"),
    )
    BINDINGS: ClassVar[list[BindingType]] = list(KEYS)

    def __init__(self) -> None:
        super().__init__()
        self._entries: deque[LogEntryBody] = deque(maxlen=_MAX_ENTRIES)

    def compose_body(self) -> Iterable[Widget]:
        """Yield the list."""
        with VerticalScroll(id="activity", can_focus=False):
            yield LazyStatic(id="entries")

    def on_mount(self) -> None:
        """Read what happened, and go on to do so."""
        self.top_bar.title = build_content(("Activity", "bold"))
        self.show_hints()
        self.set_interval(_READ_INTERVAL_S, self._read_entries)
        self._read_entries()

    def show_world(self, world: World) -> None:
        """Nothing here depends on it: the events are read by themselves."""

    @work(exclusive=True, group="activity")
    async def _read_entries(self) -> None:
        client = self.shell.client
        try:
            if not self._entries:
                self._entries.extend(await client.read_newest_entries(_MAX_ENTRIES))
            else:
                async for entry in client.read_log(after=self._entries[-1].seq):
                    self._entries.append(entry)
        except McsyncError:  # the banner says that the daemon is away
            return
        self.query_one("#entries", LazyStatic).show(self._build_lines())

    def _build_lines(self) -> Content:
        now = self.shell.get_now()
        return Content("\n").join(
            build_content(
                (f"{format_time(entry.at, now)}  ", "muted"),
                (f"{escape_text(entry.session, 24)}  ", "primary"),
                format_event(entry, self._find_labels(entry.session)),
            )
            for entry in reversed(self._entries)
        )

    def _find_labels(self, session: str) -> dict[str, str]:
        known = self.shell.world.get_session(session)
        return list_camera_labels(known) if known is not None else {}

    def action_scroll(self, lines: int) -> None:
        """Scroll the list."""
        self.query_one("#activity").scroll_relative(y=lines, animate=False)
