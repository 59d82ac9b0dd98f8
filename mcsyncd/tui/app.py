"""The terminal app: one feed in, a stack of screens, decisions out through the client."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import ClassVar

from textual import work
from textual.app import SystemCommand
from textual.screen import Screen

from mcsyncd.api import SessionBody
from mcsyncd.client import RevisionConflict
from mcsyncd.present.numbers import format_time
from mcsyncd.present.session import label_session
from mcsyncd.tui.dialogs import ConflictDialog, ConsentDialog, build_conflict_summary
from mcsyncd.tui.feed import Feed
from mcsyncd.tui.messages import Connected, Disconnected, ProgressChanged, SessionChanged, StatusChanged
from mcsyncd.tui.queue.rows import describe_shoot
from mcsyncd.tui.queue.screen import QueueScreen
from mcsyncd.tui.session.screen import SessionScreen
from mcsyncd.tui.shell import Shell
from mcsyncd.tui.theme import THEMES
from mcsyncd.tui.world import DaemonLink

_MAX_COMMANDS = 200
"""Sessions in the palette. Judgement: more than wait on any day; the palette searches them as one types."""

_PAUSE_COSTS = ("Nothing is sent until somebody resumes them, also after a restart.",)

_THEME_TEXTS = {
    "dark": "Light text on a dark ground",
    "light": "Dark text on a light ground",
    "ansi": "The terminal's own colours",
    "none": "No colours at all",
}
"""What the palette says of each theme."""


class McsyncApp(Shell):
    """The app of a daemon: the queue, a session, its review."""

    TITLE = "mcsyncd"
    CSS_PATH: ClassVar = ["app.tcss", "queue/queue.tcss", "session/session.tcss", "review/review.tcss"]

    def get_default_screen(self) -> Screen[None]:
        """Return the queue, the home screen."""
        return QueueScreen()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:  # noqa: ARG002  # Textual's form
        """Yield the commands of the palette."""
        for name, theme in THEMES.items():
            if theme.name != self.theme:
                yield SystemCommand(f"Theme: {name}", _THEME_TEXTS[name], partial(self.use_theme, name))
        verb = "Resume" if self.world.are_uploads_paused else "Pause"
        said = "Those of all sessions, for everybody"
        yield SystemCommand(f"{verb} uploads", said, self.action_direct_uploads)
        for session in self.world.build_queue()[:_MAX_COMMANDS]:
            said = f"{label_session(session)} · {describe_shoot(session, self.get_now())}"
            yield SystemCommand(f"Go to {session.id}", said, partial(self._open_session, session.id))
        yield SystemCommand("Quit", "Quit the app; the daemon keeps running", self.action_quit)

    @work(exclusive=True, group="uploads")
    async def action_direct_uploads(self) -> None:
        """Let paused uploads go on; pause them once a person agrees: only a quiet line tells of it."""
        if objection := self.find_objection():
            self.show_notice(objection)
        elif self.world.are_uploads_paused:
            await self.direct_uploads("resume")
        elif await self.push_screen_wait(ConsentDialog("Pause the uploads of all sessions?", _PAUSE_COSTS)):
            await self.direct_uploads("pause")

    def _open_session(self, session: str) -> None:
        self.push_screen(SessionScreen(session))

    def on_mount(self) -> None:
        """Start to follow the daemon."""
        self._follow_daemon()

    @work(exclusive=True, group="feed")
    async def _follow_daemon(self) -> None:
        async with self.client:
            await Feed(self.client, self.post_message).run()

    def on_connected(self, message: Connected) -> None:
        """Replace everything: the daemon answered after a start or a break."""
        sessions = {body.id: body for body in message.sessions}
        self.world = replace(
            self.world,
            sessions=sessions,
            status=message.status,
            link=self._build_live_link(),
            older_before=message.older_before,
        )

    def on_session_changed(self, message: SessionChanged) -> None:
        """Update one session."""
        self.world = replace(self.world.with_session(message.session), link=self._build_live_link())

    def on_progress_changed(self, message: ProgressChanged) -> None:
        """Update the progress of one session."""
        self.world = replace(
            self.world.with_progress(message.session, message.progress), link=self._build_live_link()
        )

    def on_status_changed(self, message: StatusChanged) -> None:
        """Update the daemon's status."""
        self.world = replace(self.world, status=message.status, link=self._build_live_link())

    def on_disconnected(self, message: Disconnected) -> None:
        """Keep what is known, and mark the link as lost."""
        retry_at = self.get_now() + timedelta(seconds=message.retry_s)
        link = DaemonLink("gone", self.world.link.last_contact, message.error, message.hint, retry_at)
        self.world = replace(self.world, link=link)

    def _build_live_link(self) -> DaemonLink:
        return DaemonLink("live", self.get_now())

    def show_conflict(self, conflict: RevisionConflict, unsent: str) -> None:
        """Show that the session changed first, how it is now, and what was not sent."""
        current: SessionBody | None = conflict.current
        if current is not None:
            self.world = self.world.with_session(current)
        approved_at = format_time(current.approved_at, self.get_now()) if current is not None else ""
        self.push_screen(ConflictDialog(conflict, build_conflict_summary(current, approved_at, unsent)))
