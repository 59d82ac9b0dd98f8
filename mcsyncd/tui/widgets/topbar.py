"""The first line of every screen: title, note, number of waiting sessions, link state and time."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive

from mcsyncd.tui.content import TonedText, build_content, justify_line
from mcsyncd.tui.shell import Shell
from mcsyncd.tui.widgets.fixed_text import FixedText
from mcsyncd.tui.world import LinkState

_LINK_LABELS: dict[LinkState, TonedText] = {
    "connecting": ("… connecting", "muted"),
    "live": ("● live", "success"),
    "silent": ("◌ not responding", "warning"),
    "gone": ("○ not connected", "error"),
}


class TopBar(FixedText):
    """`title` says what is on screen, `note` adds to it (who else has it open); the screen sets both."""

    title: reactive[Content] = reactive(Content(), repaint=False)
    note: reactive[str] = reactive("", repaint=False)

    def on_mount(self) -> None:
        """Start to keep the clock and the link state up to date."""
        self.set_interval(1.0, self._update_if_active)

    def _update_if_active(self) -> None:
        if self.screen.is_active:
            self.update_line()

    def on_resize(self) -> None:
        """Build the line for the new width."""
        self.update_line()

    def watch_title(self) -> None:
        """Show the new title."""
        self.update_line()

    def watch_note(self) -> None:
        """Show the new note."""
        self.update_line()

    def update_line(self) -> None:
        """Show the line as it is now; what is the same is not drawn again."""
        self.show(self._build_line())

    def _build_line(self) -> Content:
        """Return the line; the note and the waiting sessions are left out where they do not fit."""
        app = self.app
        assert isinstance(app, Shell)
        now = app.get_now()
        waiting = app.world.waiting_count
        extras: list[TonedText] = [(self.note, "muted"), (f"{waiting} waiting" if waiting else "", "bold")]
        right = build_content(_LINK_LABELS[app.world.assess_link(now)], f"   {now:%H:%M}")
        for extra in extras:
            wider = build_content(extra, "   ", right) if extra[0] else right
            if self.title.cell_length + 2 + wider.cell_length <= self.size.width:
                right = wider
        return justify_line(self.title, right, self.size.width)
