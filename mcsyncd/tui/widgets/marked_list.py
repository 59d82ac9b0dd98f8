"""A list whose chosen row begins with a mark, so that it can be told without colour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.strip import Strip
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from mcsyncd.tui.keymap import build_binding

MARK_CELLS = 2
"""Cells that the mark takes from each row."""

_MARK, _NO_MARK = "▸ ", "  "
_CHOOSE, _ENDS, _PAGES = "choose a row", "first, last row", "a page of rows"


ROW_KEYS = (
    build_binding("up", "up,k", "cursor_up", _CHOOSE, "Choose"),
    build_binding("down", "down,j", "cursor_down", _CHOOSE, "Choose"),
    Binding("home", "first", tooltip=_ENDS),
    Binding("end", "last", tooltip=_ENDS),
    Binding("pageup", "page_up", tooltip=_PAGES),
    Binding("pagedown", "page_down", tooltip=_PAGES),
)


class MarkedList(OptionList, inherit_bindings=False):
    """Rows of `Content`, of one line or more, each with an id.

    The mark stands in the gutter, outside the rows: a step draws two rows again, and lays out none.
    """

    BINDINGS: ClassVar[list[BindingType]] = list(ROW_KEYS)

    highlighted: reactive[int | None] = reactive(None, repaint=False)
    """The index of the chosen row. Textual's own draws the whole list again for each step."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  # Textual's own name
        super().__init__(id=id, markup=False)
        self._marked: int | None = None

    def on_mount(self) -> None:
        """Draw the rows again in each new theme: Textual keeps what it drew for a colour and a ground."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self._draw_rows())

    def show_rows(self, rows: Sequence[tuple[str, Content]], chosen: str | None = None) -> None:
        """Show these rows in place of the present ones, and choose the one of the id `chosen`, if it is new.

        Rows that stay are only replaced where their text changed: a replaced one lays out the whole list.
        """
        names = [name for name, _ in rows]
        if names != [option.id for option in self.options]:
            self.set_options([Option(row, id=name) for name, row in rows])
            self.highlighted = names.index(chosen) if chosen in names else 0
            return
        for option, (name, row) in zip(self.options, rows, strict=True):
            if not (isinstance(option.prompt, Content) and option.prompt.is_same(row)):
                self.replace_option_prompt(name, row)

    @property
    def chosen(self) -> str | None:
        """The id of the chosen row; None while there is none."""
        option = self.highlighted_option
        return option.id if option is not None else None

    def watch_highlighted(self, highlighted: int | None) -> None:
        """Move the mark: two rows of perhaps many hundred."""
        super().watch_highlighted(highlighted)
        for index in (self._marked, highlighted):
            if index in self._index_to_line:
                self.refresh_lines(self._index_to_line[index], self._heights[index])
        self._marked = highlighted

    def render_line(self, y: int) -> Strip:
        """Return a line of a row behind its mark, or behind the room for it."""
        line = super().render_line(y)
        at = self.scroll_offset.y + y
        if at >= len(self._lines):
            return line
        index, line_in_row = self._lines[at]
        parts = ["option-list--option"]
        if index == self.highlighted:
            parts.append("option-list--option-highlighted")
        elif index == self._mouse_hovering_over:
            parts.append("option-list--option-hover")
        text = _MARK if index == self.highlighted and line_in_row == 0 else _NO_MARK
        mark = Strip([Segment(text, self.get_visual_style(*parts).rich_style)], MARK_CELLS)
        return Strip.join([mark.apply_meta({"option": index}), line])

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the lines that the rows take beside their marks, which Textual forgets."""
        return super().get_content_height(container, viewport, width - MARK_CELLS)

    def _get_left_gutter_width(self) -> int:
        return MARK_CELLS

    def _draw_rows(self) -> None:
        """Draw every row again."""
        for option in self.options:
            if option.id is not None:
                self.replace_option_prompt(option.id, option.prompt)
