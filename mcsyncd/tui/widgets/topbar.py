"""The first line of every screen: where one is, how the link stands, what waits, what time it is."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from mcsyncd.tui.paint import Word, spread, words
from mcsyncd.tui.shell import Shell

_LINK: dict[str, Word] = {
    "connecting": ("… connecting", "muted"),
    "live": ("● live", "success"),
    "stale": ("◌ stale", "warning"),
    "gone": ("○ not connected", "error"),
}


class TopBar(Widget):
    """`place` is where one is; `note` a word on it (who else is here), given by the screen."""

    place: reactive[Content] = reactive(Content())
    note: reactive[str] = reactive("")

    def on_mount(self) -> None:
        """Keep the clock and the age of the view true."""
        self.set_interval(1.0, self._tick)

    def _tick(self) -> None:
        if self.screen.is_active:
            self.refresh()

    def render(self) -> Content:
        """Lay it out on one line; what does not fit beside the place and the link is left out."""
        app = self.app
        assert isinstance(app, Shell)
        now = app.now()
        waiting = app.world.waiting
        wishes: list[Word] = [(self.note, "muted"), (f"{waiting} waiting" if waiting else "", "bold")]
        right = words(_LINK[app.world.trust(now)], f"   {now:%H:%M}")
        for wish in wishes:
            wider = words(wish, "   ", right) if wish[0] else right
            if self.place.cell_length + 2 + wider.cell_length <= self.size.width:
                right = wider
        return spread(self.place, right, self.size.width)
