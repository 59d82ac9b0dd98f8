"""What a terminal shows of what is written to it: enough of ECMA-48 for the app's updates."""

import re

from rich.cells import get_character_cell_size

_PIECES = re.compile(
    r"\x1b\[(?P<row>\d+);(?P<column>\d+)H|\x1b\[(?P<codes>[\d;]*)m|(?P<character>.)", re.DOTALL
)
_RIGHT_HALF = ""


class Glass:
    """The cells of a terminal by (row, column): a character, its colours and its attributes."""

    def __init__(self):
        self.cells = {}
        self._at = (0, 0)
        self._style = {}

    def write(self, sent):
        for piece in _PIECES.finditer(sent):
            if piece["row"]:
                self._at = (int(piece["row"]) - 1, int(piece["column"]) - 1)
            elif piece["codes"] is not None:
                self._change_style(piece["codes"])
            elif piece["character"] == "\n":
                self._at = (self._at[0] + 1, 0)
            else:
                self._put(piece["character"])

    def _put(self, character):
        row, column = self._at
        width = get_character_cell_size(character)
        if width == 0:  # an accent on the character before it
            return
        for at in range(column, column + width):
            self._erase_other_half(row, at)
        shown = tuple(sorted(self._style.items()))
        self.cells[row, column] = (character, shown)
        if width == 2:
            self.cells[row, column + 1] = (_RIGHT_HALF, shown)
        self._at = (row, column + width)

    def _erase_other_half(self, row, column):
        old = self.cells.get((row, column), (" ", ()))
        if old[0] == _RIGHT_HALF:
            self.cells[row, column - 1] = (" ", old[1])
        elif get_character_cell_size(old[0]) == 2:
            self.cells[row, column + 1] = (" ", old[1])

    def _change_style(self, text):
        codes = [int(code or 0) for code in text.split(";")]
        while codes:
            code = codes.pop(0)
            if code == 0:
                self._style = {}
            elif code in {38, 48}:
                count = {2: 3, 5: 1}[codes[0]]
                self._style["fg" if code == 38 else "bg"] = tuple(codes[: 1 + count])
                del codes[: 1 + count]
            elif code in {39, 49}:
                self._style.pop("fg" if code == 39 else "bg", None)
            elif 30 <= code <= 37 or 90 <= code <= 97:
                self._style["fg"] = code
            elif 40 <= code <= 47 or 100 <= code <= 107:
                self._style["bg"] = code
            else:
                assert code < 10, f"unknown code {code}"
                self._style[f"attribute-{code}"] = True

    def list_visible(self):
        """The cells as they look: the colour of a space is not seen, nor whether it is bold."""
        hidden = {"fg", "attribute-1", "attribute-2", "attribute-3"}
        return {
            at: (character, tuple(one for one in style if one[0] not in hidden or character != " "))
            for at, (character, style) in self.cells.items()
        }
