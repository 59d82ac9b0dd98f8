"""Nothing is cut off at the size the screens are drawn for, and too small a terminal is told so."""

import asyncio
import re
import subprocess
import sys

import pytest
from tui import scenes
from tui.conftest import screen_text, until

from mcsyncd.tui.app import McsyncApp
from mcsyncd.tui.review.screen import ReviewScreen
from mcsyncd.tui.session.screen import SessionScreen

SIZES = [(60, 20), (80, 24), (160, 46)]


def visited(opened, size):
    """Visit every screen at a size: (text, buttons) of the queue, a sure, an unsure one, its review."""

    async def look():
        shown = []
        async with opened(scenes.queue(), size=size) as (app, pilot, _):

            async def see(ready):
                await until(pilot, lambda: ready in screen_text(app))
                shown.append((screen_text(app), [button.region for button in app.screen.query("Button")]))

            await see("ready")
            app.push_screen(SessionScreen(scenes.SURE))
            await see("Looks Good")
            app.switch_screen(SessionScreen(scenes.UNSURE))
            await see("Review Sync")
            await pilot.press("enter")
            await see("here")
            return shown, app.screen.region

    return asyncio.run(look())


@pytest.mark.parametrize("size", SIZES)
def test_nothing_is_cut_off(opened, size):
    (queue, sure, unsure, review), screen = visited(opened, size)
    for shown, buttons in (queue, sure, unsure, review):
        lines = shown.splitlines()
        assert len(lines) == size[1]
        assert all(len(line) == size[0] for line in lines)
        assert lines[-1].rstrip().endswith("? All keys")
        assert all(screen.contains_region(button) and button.height == 3 for button in buttons)
    rows = [line for line in queue[0].splitlines() if "2026" in line]
    assert len(rows) == len(scenes.queue())
    assert any("Looks Good" in row for row in rows)
    assert any("3:10 left" in row for row in rows)
    assert len(sure[1]) == len(unsure[1]) == len(review[1]) == 1
    heads = [line.rstrip() for line in review[0].splitlines() if re.search("[●▲■] Cam . ", line)]
    assert [head.split()[-1] for head in heads] == ["reference", "sure", "unsure"]
    for keys in (["space Listen", "s Approve", "x Reject", "u Undo", "esc Back"], ["←→ Nudge", "[ ] Frame"]):
        assert all(key in review[0] for key in keys), "what a decision needs"
    for shown in (sure[0], unsure[0]):
        assert all(key in shown for key in ("x Reject", "esc Queue"))
    assert "▲+127 here" in review[0]
    assert "Cam C Looks Good" in review[0]


@pytest.mark.parametrize("size", [(59, 24), (80, 19)])
def test_a_small_terminal_gets_one_line(opened, size):
    async def look():
        async with opened([scenes.session()], size=size) as (app, pilot, _):
            await until(pilot, lambda: "needs" in screen_text(app))
            return screen_text(app)

    shown = asyncio.run(look())
    told = [line.strip() for line in shown.splitlines() if line.strip()]
    assert told == ["needs 60×20; try mcsyncd review SESSION"]  # noqa: RUF001  # the sign that is meant


def test_a_terminal_that_grows_shows_the_screen(opened):
    async def grow():
        async with opened([scenes.unsure()], size=(50, 15)) as (app, pilot, _):
            await pilot.resize_terminal(100, 40)
            await until(pilot, lambda: "Review Sync" in screen_text(app))
            await pilot.press("v")
            await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
            await pilot.resize_terminal(120, 40)
            await until(pilot, lambda: app.screen._lanes.viewport.window.dots == 240)

    asyncio.run(grow())


def test_without_colour_every_state_has_its_glyph_and_word(opened):
    async def look():
        async with opened(scenes.queue(), app={"theme": "none"}) as (app, pilot, _):
            await pilot.pause()
            return screen_text(app)

    shown = asyncio.run(look())
    for said in ("✖ failed", "● ready", "◐ review", "↑ publishing", "… conform", "✔ published", "⊘ rejected"):
        assert said in shown


def test_the_app_starts_without_heavy_imports():
    asked = "import sys, mcsyncd.tui.app; print([m for m in ('scipy', 'av', 'boto3') if m in sys.modules])"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_without_a_daemon_it_says_so_and_waits(tmp_path):
    async def look():
        app = McsyncApp(tmp_path / "api.sock")
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: app.world.link.state == "gone")
            return screen_text(app)

    shown = asyncio.run(look())
    assert "not connected" in shown
    assert "no daemon answers" in shown
    assert "mcsyncd run" in shown
