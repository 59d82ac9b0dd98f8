"""A text that is redrawn only when it changes."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static


class LazyStatic(Static):
    """A `Static` that ignores content it already shows.

    Screens show everything again at every change of the world. An update lays out the whole
    screen, and a held nudge key would ask for thirty a second.
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002  # Textual's own name
        super().__init__(id=id, markup=False)
        self._content = Content()

    def show(self, content: Content) -> None:
        """Show the content if its text or its styles changed."""
        if not content.is_same(self._content):
            self._content = content
            self.update(content)
