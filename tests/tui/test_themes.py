"""Themes: a switch leaves nothing of the old one, and no theme needs colour to be read."""

import asyncio
from datetime import datetime

import pytest
from textual.color import Color
from tui import scenes
from tui.conftest import screen_text, until

from mcsyncd.tui.review.screen import ReviewScreen
from mcsyncd.tui.session.clips import ClipsDialog
from mcsyncd.tui.session.screen import SessionScreen
from mcsyncd.tui.theme import THEMES

MORNING = datetime(2026, 11, 23, 9, 41).astimezone()


async def show_queue(app, pilot):
    await until(pilot, lambda: "ready" in screen_text(app))


async def show_session(app, pilot):
    await app.push_screen(SessionScreen(scenes.UNSURE))
    await pilot.press("w")
    await until(pilot, lambda: "residual" in screen_text(app))


async def show_review(app, pilot):
    await app.push_screen(ReviewScreen(scenes.UNSURE))
    await until(pilot, lambda: "⣿" in screen_text(app) and "▲+127 here" in screen_text(app))


async def show_clips(app, pilot):
    await app.push_screen(ClipsDialog(scenes.aside()))
    await until(pilot, lambda: "C0005" in screen_text(app))


async def show_error(app, pilot):
    await app.push_screen(SessionScreen("20261123-073344-ccc"))
    await until(pilot, lambda: "What to do" in screen_text(app))


async def show_away(app, pilot):
    await show_queue(app, pilot)
    app.world = app.world.__class__(
        app.world.sessions, app.world.status, app.world.link.__class__("gone", MORNING, "gone", "wait")
    )
    await until(pilot, lambda: "not connected" in screen_text(app))


SCENES = [
    show_queue,
    show_session,
    show_review,
    show_clips,
    show_error,
    show_away,
]


def list_marked(app):
    """The rows of the queue that begin with the mark."""
    return [line for line in screen_text(app).splitlines() if line.startswith("▸ ")]


def list_cells(app):
    """Every cell of the terminal: its text and all that colours it."""
    cells = []
    for strip in app.screen._compositor.render_strips():
        for segment in strip:
            style = segment.style
            look = (style.color, style.bgcolor, style.bold, style.dim, style.reverse) if style else None
            cells += [(cell, look) for cell in segment.text]
    return cells


async def wait_for_stillness(app, pilot):
    """The cells, once they have not changed for a while."""
    cells = None
    while cells != (cells := list_cells(app)):
        await pilot.pause(0.1)
    return cells


FRESH = {}
"""What an app shows that was started in a theme, by the scene and the theme."""


@pytest.fixture
def look(opened, monkeypatch):
    """Show a scene in the first theme, then in each of the others: the cells of each."""
    monkeypatch.setattr("mcsyncd.tui.shell.Shell.get_now", staticmethod(lambda: MORNING))

    def run(show, *names):
        async def switch():
            found = []
            preferred = {"theme": names[0]}
            async with opened(scenes.queue(), size=(100, 34), app=preferred) as (app, pilot, _):
                await show(app, pilot)
                await pilot.pause(0.3)  # the button is pressed by no key, and nothing blinks any more
                for name in names:
                    app.use_theme(name)
                    found.append(await wait_for_stillness(app, pilot))
            return found

        return asyncio.run(switch())

    def run_once(show, *names):
        """An app that begins in one theme and stays there looks the same to every test."""
        if len(names) > 1:
            return run(show, *names)
        if (show, names) not in FRESH:
            FRESH[show, names] = run(show, *names)
        return FRESH[show, names]

    return run_once


@pytest.mark.parametrize("show", SCENES)
def test_a_switch_leaves_no_cell_of_the_old_theme(look, show):
    """Each cell is as in an app that was started in the theme, whichever it was switched from."""
    fresh = {name: look(show, name)[0] for name in THEMES}
    assert len({str(cells) for cells in fresh.values()}) == len(THEMES), "the themes differ"
    switched = ["dark", "light", "none", "ansi", "none", "dark"]
    for name, cells in zip(switched, look(show, *switched), strict=True):
        wrong = [(now, due) for now, due in zip(cells, fresh[name], strict=True) if now != due]
        assert not wrong, (name, wrong[:3])


def test_the_screens_below_are_drawn_again_too(look, opened):
    """A theme that is chosen in the review holds for the session and the queue that one comes back to."""
    (queue,), (session,) = look(show_queue, "light"), look(show_session, "light")

    async def come_back():
        async with opened(scenes.queue(), size=(100, 34)) as (app, pilot, _):
            await show_queue(app, pilot)
            await show_session(app, pilot)
            await show_review(app, pilot)
            app.use_theme("light")
            await wait_for_stillness(app, pilot)
            await pilot.press("escape")
            await until(pilot, lambda: list_cells(app) == session)
            await pilot.press("escape")
            await until(pilot, lambda: list_cells(app) == queue)

    asyncio.run(come_back())


def test_the_palette_changes_the_theme(opened):
    async def choose():
        async with opened(scenes.queue()) as (app, _, _):
            offered = {command.title: command for command in app.get_system_commands(app.screen)}
            assert {"Theme: light", "Theme: ansi", "Theme: none"} <= offered.keys()
            assert "Theme: dark" not in offered, "it is in use"
            offered["Theme: none"].callback()
            assert app.no_color
            offered["Theme: light"].callback()
            assert (app.theme, app.no_color) == (THEMES["light"].name, False)

    asyncio.run(choose())


@pytest.mark.parametrize("show", SCENES)
def test_without_colour_there_is_none_and_the_words_are_the_same(look, show):
    (dark,), (none,) = look(show, "dark"), look(show, "none")
    assert [cell for cell, _ in none] == [cell for cell, _ in dark]
    colours = {colour for _, style in none if style for colour in style[:2] if colour}
    assert all(colour.is_default for colour in colours)


@pytest.mark.parametrize("show", SCENES)
def test_the_terminals_own_colours_are_sixteen(look, show):
    (cells,) = look(show, "ansi")
    colours = {colour for _, style in cells if style for colour in style[:2] if colour}
    assert any(not colour.is_default for colour in colours)
    assert all(colour.is_default or (colour.triplet is None and colour.number < 16) for colour in colours)


@pytest.mark.parametrize("name", THEMES)
def test_the_chosen_row_has_a_mark_and_only_it(opened, name):
    async def choose():
        async with opened(scenes.queue(), app={"theme": name}) as (app, pilot, _):
            ids = [body.id for body in app.world.build_queue()]
            for session in (ids[0], ids[1], ids[2]):
                (row,) = list_marked(app)
                assert session in row
                await pilot.press("down")
                await pilot.pause()
            await pilot.press("end")
            await pilot.pause()
            (row,) = list_marked(app)
            assert ids[-1] in row

    asyncio.run(choose())


def compute_contrast(one, other):
    """The contrast of two colours after WCAG 2: 1 to 21."""

    def light(colour):
        red, green, blue = (
            part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", ["dark", "light"])
def test_every_colour_of_text_can_be_read(name):
    theme = THEMES[name]
    roles = [theme.primary, theme.secondary, theme.warning, theme.error, theme.success, theme.foreground]
    angles = [theme.variables[f"angle-{number}"] for number in (1, 2, 3, 4)]
    for colour in (*roles, *angles):
        for ground in (theme.background, theme.panel):
            found = compute_contrast(Color.parse(colour), Color.parse(ground))
            assert found >= 4.5 or (colour in angles and ground == theme.panel), (colour, ground, found)
