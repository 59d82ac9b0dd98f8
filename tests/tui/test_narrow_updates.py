"""What is sent of a change leaves the terminal as if everything had been sent."""

import asyncio
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from tui import scenes
from tui.conftest import until
from tui.glass import Glass

from mcsyncd.tui.narrow_updates import NarrowUpdate, format_change

WIDTH = 12
STYLES = [
    Style.null(),
    Style.parse("#ff0000 on #000010"),
    Style.parse("#00ff00 on #000010"),
    Style.parse("bold #00ff00 on #000010"),
    Style.parse("red"),
    Style.parse("on blue"),
    Style.parse("reverse"),
    Style.parse("dim default on default"),
]
CHARACTERS = "ab 漢─\u0301"
LINES = st.lists(st.tuples(st.text(CHARACTERS, max_size=6), st.sampled_from(STYLES)), max_size=4)


def build_strip(parts):
    return Strip([Segment(*part) for part in parts]).adjust_cell_length(WIDTH, Style.null())


def draw(*sent):
    glass = Glass()
    for one in sent:
        glass.write(one)
    return glass.list_visible()


@pytest.fixture(scope="module")
def console():
    return Console(file=StringIO(), color_system="truecolor", force_terminal=True, legacy_windows=False)


@given(LINES, LINES, st.data())
def test_a_part_of_a_line_is_as_good_as_all_of_it(console, before, after, data):
    old, new = build_strip(before), build_strip(after)
    one, other = (draw(strip.render(console)) for strip in (old, new))
    changed = [column for _, column in other if one.get((0, column)) != other[0, column]]
    begin = data.draw(st.integers(0, min(changed, default=WIDTH)))
    end = data.draw(st.integers(max(changed, default=begin) + 1, WIDTH + 1))
    update = NarrowUpdate([{0: new}], [(0, begin, end)], [[WIDTH]])
    assert draw(old.render(console), update.render_segments(console)) == other


def test_only_the_part_is_sent(console):
    update = NarrowUpdate([{0: Strip([Segment("abcdefgh")])}], [(0, 2, 5)], [[8]])
    assert update.render_segments(console) == "\x1b[1;3Hcde"


def test_where_the_rest_of_a_style_stays_only_the_colour_is_sent():
    red, green = (Style.parse(f"bold {colour} on #101418") for colour in ("#ff0000", "#00ff00"))
    assert format_change(red, green, ColorSystem.TRUECOLOR) == "\x1b[38;2;0;255;0m"


@pytest.mark.parametrize("theme", ["dark", "ansi", "none"])
def test_after_any_keys_the_terminal_shows_what_the_app_would_draw_anew(opened, theme):
    async def review():
        async with opened([scenes.unsure()], size=(120, 40), app={"theme": theme}) as (app, pilot, _):
            await pilot.press("v")
            await until(pilot, lambda: getattr(app.screen, "_lanes", None) and app.screen._lanes.lane_width)
            await pilot.pause(1.0)
            glass, kinds = Glass(), set()

            def display(_, update):
                if update is not None:
                    kinds.add(type(update))
                    glass.write(update.render_segments(app.console))

            glass.write(draw_anew(app))
            app._display = display
            for key in ("]", "[", "n", "right", "]", "z", "0", "tab", "]", "o"):
                await pilot.press(key)
                await pilot.pause(0.2)
            await pilot.pause(0.5)
            assert NarrowUpdate in kinds
            assert glass.list_visible() == draw(draw_anew(app))

    asyncio.run(review())


def draw_anew(app):
    return app.screen._compositor.render_full_update().render_segments(app.console)
