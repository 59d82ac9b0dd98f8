"""What all screens share: top bar, banner, key line, and the message for a terminal that is too small."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from mcsyncd.tui.dialogs import ListDialog, build_key_lines
from mcsyncd.tui.keymap import build_binding, build_help, build_hints, build_labels
from mcsyncd.tui.narrow_updates import NarrowCompositor
from mcsyncd.tui.shell import COMMANDS, Shell
from mcsyncd.tui.widgets.banner import Banner
from mcsyncd.tui.widgets.closing_line import ClosingLine
from mcsyncd.tui.widgets.keyline import KeyLine
from mcsyncd.tui.widgets.topbar import TopBar
from mcsyncd.tui.world import World

TOO_SMALL = "needs 60×20; try mcsyncd review SESSION"  # noqa: RUF001  # the sign of a size
"""Shown below the first breakpoint of either direction, instead of a screen that is cut."""

HELP = build_binding("help", "question_mark", "help", "this list", "All keys")


class LiveScreen(Screen[None]):
    """A screen that follows the world. A subclass implements `compose_body` and `show_world`."""

    BINDINGS: ClassVar[list[BindingType]] = [HELP]
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (60, "-narrow"), (110, "-wide")]  # noqa: RUF012  # Textual's form
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (20, "-short"), (34, "-tall")]  # noqa: RUF012  # Textual's form
    KEYS: ClassVar[tuple[Binding, ...]] = ()
    """The keys of the screen and of the widgets on it, in the order of the help, most wanted first."""

    def __init__(self) -> None:
        super().__init__()
        self._compositor = NarrowCompositor()

    def compose(self) -> ComposeResult:
        """Yield the body between the lines that all screens share."""
        yield TopBar()
        yield Banner()
        yield ClosingLine()
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

    @classmethod
    def list_bindings(cls) -> tuple[Binding, ...]:
        """Return every key that does something here: the screen's, and those of all screens."""
        return (*cls.KEYS, COMMANDS, HELP)

    @property
    def key_labels(self) -> Mapping[str, str]:
        """What the key of each action is called on screen, by the action's name."""
        return build_labels(self.list_bindings(), self.shell.keymap)

    def show_hints(self, names: Iterable[str] | None = None, **texts: str) -> None:
        """Show the keys of these actions in the last lines, or of all that have a hint.

        `texts` are hints that depend on what is shown, by the action's name.
        """
        keys = {one.id: one for one in self.list_bindings() if one.id}
        chosen = [keys[name] for name in names] if names is not None else list(self.KEYS)
        self.query_one(KeyLine).keys = build_hints([*chosen, HELP], self.shell.keymap, texts)

    def action_help(self) -> None:
        """Show all keys."""
        lines = build_key_lines(build_help(self.list_bindings(), self.shell.keymap))
        self.app.push_screen(ListDialog("Keys", lines))

    def on_screen_resume(self) -> None:
        """Catch up with what changed while another screen was on top."""
        self._handle_world_change(self.shell.world)

    def _handle_world_change(self, world: World) -> None:
        if not self.is_active:  # updating it would make Textual repaint the whole screen on top
            return
        self.query_one(Banner).update_visibility()
        self.top_bar.update_line()
        self.show_world(world)
