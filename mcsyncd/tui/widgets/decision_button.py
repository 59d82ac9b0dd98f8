"""The one button of a screen. What it decides, it decides only for a key that was pressed on purpose."""

from __future__ import annotations

from typing import Self

from textual.widgets import Button

from mcsyncd.tui.shell import Shell


class DecisionButton(Button):
    """A button that waits for a still screen and for the key to be let go, while `is_decision`."""

    is_decision = True
    """False while the button only leads on: nothing is lost by a key too many."""

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
