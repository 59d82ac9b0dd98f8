"""Words on a screen that change only when they change."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static


class LazyStatic(Static):
    """A `Static` that is told everything at every change of the world, and mostly heard it before.

    An update costs a layout of the whole screen; a held nudge key would ask for thirty a second.
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002  # Textual's own name
        super().__init__(id=id, markup=False)
        self._content = Content()

    def show(self, content: Content) -> None:
        """Show these words, if they or their styles are others than before."""
        if not content.is_same(self._content):
            self._content = content
            self.update(content)
