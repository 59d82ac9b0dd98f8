"""What all screens share: top bar, banner, key line, and the message for a terminal that is too small."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from mcsyncd.tui.dialogs import ListDialog, build_key_lines
from mcsyncd.tui.shell import Shell
from mcsyncd.tui.widgets.banner import Banner
from mcsyncd.tui.widgets.keyline import KeyLine
from mcsyncd.tui.widgets.topbar import TopBar
from mcsyncd.tui.world import World

TOO_SMALL = "needs 60×20; try mcsyncd review SESSION"  # noqa: RUF001  # the sign of a size
"""Shown below the first breakpoint of either direction, instead of a screen that is cut."""

KeyHints = Sequence[tuple[str, str]]
"""Keys, each with what it does."""


class LiveScreen(Screen[None]):
    """A screen that follows the world. A subclass implements `compose_body` and `show_world`."""

    BINDINGS: ClassVar[list[BindingType]] = [("question_mark", "help", "All keys")]
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (60, "-narrow"), (110, "-wide")]  # noqa: RUF012  # Textual's form
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (20, "-short"), (34, "-tall")]  # noqa: RUF012  # Textual's form
    ALL_KEYS: ClassVar[KeyHints] = ()
    """Every key of the screen, for the help."""

    def compose(self) -> ComposeResult:
        """Yield the body between the lines that all screens share."""
        yield TopBar()
        yield Banner()
        with Vertical(id="body"):
            yield from self.compose_body()
        yield KeyLine()
        yield Static(TOO_SMALL, id="too-small", markup=False)

    def compose_body(self) -> Iterable[Widget]:
        """Yield the screen's own widgets."""
        raise NotImplementedError

    def show_world(self, world: World) -> None:
        """Show the current world."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Start to follow the world."""
        self.watch(self.app, "world", self._handle_world_change)

    @property
    def shell(self) -> Shell:
        """The app, as screens may use it."""
        app = self.app
        assert isinstance(app, Shell)
        return app

    @property
    def top_bar(self) -> TopBar:
        """The first line of the screen."""
        return self.query_one(TopBar)

    def show_keys(self, keys: KeyHints) -> None:
        """Show these keys in the last line."""
        self.query_one(KeyLine).keys = keys

    def action_help(self) -> None:
        """Show all keys."""
        self.app.push_screen(ListDialog("Keys", build_key_lines(self.ALL_KEYS)))

    def on_screen_resume(self) -> None:
        """Catch up with what changed while another screen was on top."""
        self._handle_world_change(self.shell.world)

    def _handle_world_change(self, world: World) -> None:
        if not self.is_active:  # updating it would make Textual repaint the whole screen on top
            return
        self.query_one(Banner).update_visibility()
        self.top_bar.refresh()
        self.show_world(world)
