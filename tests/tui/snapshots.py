"""Every screen in every state, cell by cell: `python tests/tui/snapshots.py` writes them anew.

A snapshot is the text of the screen and, below it, the style of its cells: a letter for each style, with
how many cells have it. So a change of words or of colours shows in a diff. `pictures.py` draws the same.
"""

import asyncio
import itertools
import re
import string
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tui.staged import SCENES, SIZES, settle, stage

FOLDER = Path(__file__).parent / "snapshots"


def describe_screen(app):
    """Return the screen as text: its lines, the styles, and which cells have which."""
    strips = app.screen._compositor.render_strips()
    lines = ["".join(segment.text for segment in strip).rstrip() for strip in strips]
    letters, rows = {}, []
    for strip in strips:
        cells = []
        for segment in strip:
            style = str(segment.style)
            letter = letters.setdefault(style, _name_letter(len(letters)))
            cells += [letter] * segment.cell_length
        rows.append(" ".join(f"{letter}{len(list(run))}" for letter, run in itertools.groupby(cells)))
    legend = [f"{letter} = {style}" for style, letter in letters.items()]
    text = "\n".join([*lines, "-" * 8, *legend, "-" * 8, *rows, ""])
    # The number depends on how many attempts there were.
    return re.sub(r"(reconnecting in\s+)\d", r"\1N", text)


def _name_letter(number):
    head, tail = divmod(number, 52)
    return (string.ascii_letters[head - 1] if head else "") + string.ascii_letters[tail]


async def take_snapshots(name):
    """Return the snapshots of a state by their file names, one for each size."""
    found = {}
    async with stage(name, SIZES[0]) as (app, pilot):
        for size in SIZES:
            await pilot.resize_terminal(*size)
            await settle(app, pilot)
            found[f"{name}-{size[0]}x{size[1]}.txt"] = describe_screen(app)
    return found


def take_alone(name):
    """Return the snapshots of a state, for a process that has no loop yet."""
    return asyncio.run(take_snapshots(name))


def main(names):
    FOLDER.mkdir(exist_ok=True)
    for name in names or SCENES:
        for file, text in take_alone(name).items():
            (FOLDER / file).write_text(text)


if __name__ == "__main__":
    main(sys.argv[1:])
