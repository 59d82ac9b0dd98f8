"""A list whose chosen row begins with a mark, so that it can be told without colour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from mcsyncd.tui.content import build_content
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
    """Rows of `Content`, of one line or more, each with an id."""

    BINDINGS: ClassVar[list[BindingType]] = list(ROW_KEYS)

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  # Textual's own name
        super().__init__(id=id, markup=False)
        self._rows: dict[str, Content] = {}
        self._marked: int | None = None

    def on_mount(self) -> None:
        """Draw the rows again in each new theme: Textual keeps what it drew for a colour and a ground."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self._draw_rows())

    def show_rows(self, rows: Sequence[tuple[str, Content]], chosen: str | None = None) -> None:
        """Show these rows in place of the present ones, and choose the one of the id `chosen`, if it is new.

        Rows that stay are only replaced where their text changed: a replaced one lays out the whole screen.
        """
        self._rows = dict(rows)
        if list(self._rows) != [option.id for option in self.options]:
            self.set_options([Option(build_marked_row(row, is_chosen=False), id=name) for name, row in rows])
            self.highlighted = list(self._rows).index(chosen) if chosen in self._rows else 0
        self._mark_rows()

    @property
    def chosen(self) -> str | None:
        """The id of the chosen row; None while there is none."""
        option = self.highlighted_option
        return option.id if option is not None else None

    def watch_highlighted(self, highlighted: int | None) -> None:
        """Move the mark: two rows of perhaps many hundred."""
        super().watch_highlighted(highlighted)
        if self._marked != highlighted:
            left, self._marked = self._marked, highlighted
            for index in (left, highlighted):
                if index is not None and index < self.option_count:
                    self._mark_row(index)

    def _draw_rows(self) -> None:
        """Draw every row again."""
        for option in self.options:
            if option.id in self._rows:
                self.replace_option_prompt(option.id, option.prompt)

    def _mark_rows(self) -> None:
        self._marked = self.highlighted
        for index in range(self.option_count):
            self._mark_row(index)

    def _mark_row(self, index: int) -> None:
        option = self.get_option_at_index(index)
        if option.id not in self._rows:
            return
        row = build_marked_row(self._rows[option.id], is_chosen=index == self.highlighted)
        if not (isinstance(option.prompt, Content) and option.prompt.is_same(row)):
            self.replace_option_prompt(option.id, row)


def build_marked_row(row: Content, *, is_chosen: bool) -> Content:
    """Return a row with the mark, or room for it, before its first line."""
    first, *others = row.split("\n", allow_blank=True)
    lines = [build_content(_MARK if is_chosen else _NO_MARK, first)]
    return Content("\n").join([*lines, *(build_content(_NO_MARK, line) for line in others)])
