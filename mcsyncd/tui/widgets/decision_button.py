"""The one button of a screen. What it decides, it decides only for a key that was pressed on purpose."""

from __future__ import annotations

from typing import ClassVar, Self

from textual.binding import BindingType
from textual.widgets import Button

from mcsyncd.tui.keymap import build_binding
from mcsyncd.tui.shell import Shell

PRESS = build_binding("press", "enter", "press", "press the button")


class DecisionButton(Button, inherit_bindings=False):
    """A button that waits for a still screen and for the key to be let go, while `is_decision`."""

    BINDINGS: ClassVar[list[BindingType]] = [PRESS]
    is_decision = True
    """False while the button only leads on: nothing is lost by a key too many."""

    def action_press(self) -> None:
        """Press the button for a key. Textual takes none while it still draws the last press, for 0.2 s.

        A decision takes it: where a dialog was closed in that time, the key would do nothing, without a word.
        """
        if self.is_decision:
            self.press()
        else:
            super().action_press()

    def press(self) -> Self:
        """Press the button; a decision a moment later, once it is sure that the key is not held."""
        shell = self.app
        assert isinstance(shell, Shell)
        if self.disabled or not self.display:
            return self
        if self.is_decision:
            shell.decide_if_still(super().press)
            return self
        return super().press()
