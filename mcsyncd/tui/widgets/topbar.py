"""The first line of every screen: where one is, how the link stands, what waits, what time it is."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from mcsyncd.tui.content import TonedText, build_content, justify_line
from mcsyncd.tui.shell import Shell

_LINK_LABELS: dict[str, TonedText] = {
    "connecting": ("… connecting", "muted"),
    "live": ("● live", "success"),
    "stale": ("◌ stale", "warning"),
    "gone": ("○ not connected", "error"),
}


class TopBar(Widget):
    """`place` is where one is; `note` a word on it (who else is here), given by the screen."""

    title: reactive[Content] = reactive(Content())
    note: reactive[str] = reactive("")

    def on_mount(self) -> None:
        """Keep the clock and the age of the view true."""
        self.set_interval(1.0, self._refresh_if_active)

    def _refresh_if_active(self) -> None:
        if self.screen.is_active:
            self.refresh()

    def render(self) -> Content:
        """Lay it out on one line; what does not fit beside the place and the link is left out."""
        app = self.app
        assert isinstance(app, Shell)
        now = app.get_now()
        waiting = app.world.waiting_count
        wishes: list[TonedText] = [(self.note, "muted"), (f"{waiting} waiting" if waiting else "", "bold")]
        right = build_content(_LINK_LABELS[app.world.assess_link(now)], f"   {now:%H:%M}")
        for wish in wishes:
            wider = build_content(wish, "   ", right) if wish[0] else right
            if self.title.cell_length + 2 + wider.cell_length <= self.size.width:
                right = wider
        return justify_line(self.title, right, self.size.width)
