"""The picture at the cursor, in the app: what is asked for, what is drawn, and what stays on screen."""

import asyncio
import re

import numpy as np
import pytest
from tui import scenes
from tui.conftest import screen_text, until
from tui.fake_daemon import CLAP_MS, film_scene

from mcsyncd import api
from mcsyncd.present.numbers import MINUS
from mcsyncd.tui.review.frame_row import FrameRow
from mcsyncd.tui.review.screen import ReviewScreen


def running(test):
    def run(opened):
        asyncio.run(test(opened))

    run.__name__ = test.__name__
    return run


async def reviewing(app, pilot):
    await pilot.press("v")
    await until(pilot, lambda: isinstance(app.screen, ReviewScreen) and "⣿" in screen_text(app))
    return app.screen


async def see_frames(app, pilot, daemon):
    """Open the review and switch the picture on, with the cursor at the clap."""
    screen = await reviewing(app, pilot)
    screen._lanes.viewport.place_cursor(CLAP_MS + 5)
    await pilot.press("p")
    await settle(pilot, screen)
    return screen


async def settle(pilot, screen):
    """Wait until everything that is wanted was answered."""
    frames = screen._frames
    await until(pilot, lambda: frames.display and frames._answers._wanted and not frames._is_loading)


def asked(daemon):
    return [said.split()[1:] for said in daemon.requests if said.startswith("frame ")]


def read_picture(app, camera):
    """The pixels of a tile as the terminal shows them, uint8 (rows, columns, 3)."""
    canvas = app.screen.query_one(FrameRow)._tiles[camera].canvas
    rows = []
    for y in range(canvas.size.height):
        top, bottom = [], []
        for segment in canvas.render_line(y):
            ground = tuple(segment.style.bgcolor.triplet)
            ink = tuple(segment.style.color.triplet) if "▀" in segment.text else ground
            top += [ink] * len(segment.text)
            bottom += [ground] * len(segment.text)
        rows += [top, bottom]
    return np.array(rows, np.uint8)


@running
async def test_it_is_off_until_it_is_asked_for_and_then_asks_nothing_more(opened):
    async with opened([scenes.unsure()]) as (app, pilot, daemon):
        screen = await reviewing(app, pilot)
        await pilot.press("full_stop", "comma")
        assert asked(daemon) == []
        assert "▀" not in screen_text(app)
        await pilot.press("p")
        await settle(pilot, screen)
        assert {camera for camera, _ in asked(daemon)} == {"cam_a", "cam_b", "cam_c"}
        assert "▀" in screen_text(app)
        count = len(asked(daemon))
        await pilot.press("p")
        await until(pilot, lambda: "▀" not in screen_text(app))
        await pilot.press("full_stop", "greater_than_sign")
        await pilot.pause(0.1)
        assert len(asked(daemon)) == count


@running
async def test_each_angle_shows_its_own_frame_pixel_by_pixel(opened):
    async with opened([scenes.unsure()], size=(160, 46)) as (app, pilot, daemon):
        daemon.wrong_ms = {"cam_c": -200.0}
        await see_frames(app, pilot, daemon)
        answer = app.screen.query_one(FrameRow)._answers.get("cam_a")
        width, height = answer.body.width, answer.body.height
        assert width > 40
        for camera, wrong_ms in (("cam_a", 0.0), ("cam_c", -200.0)):
            shown = read_picture(app, camera)
            wanted = film_scene(CLAP_MS + wrong_ms, width, height) // 4 * 4
            top, left = 2 * ((shown.shape[0] // 2 - height // 2) // 2), (shown.shape[1] - width) // 2
            assert (shown[top : top + height, left : left + width] == wanted).all(), camera


@running
async def test_a_step_is_one_frame_of_the_reference_and_a_nudge_one_of_the_angle(opened):
    async with opened([scenes.unsure()]) as (app, pilot, daemon):
        daemon.frame_us = {"cam_a": 41_708, "cam_b": 33_367, "cam_c": 20_000}
        screen = await see_frames(app, pilot, daemon)
        answers, viewport = screen._frames._answers, screen._lanes.viewport
        begin_us = answers.get("cam_a").begin_us
        for key, by in (("full_stop", 1), ("full_stop", 2), ("comma", 1), ("comma", 0), ("comma", -1)):
            await pilot.press(key)
            await settle(pilot, screen)
            assert round(viewport.cursor_ms * 1000) == begin_us + by * 41_708 + 20_854, "in its middle"
            assert answers.get("cam_a").begin_us == begin_us + by * 41_708
        await pilot.press("greater_than_sign")
        await settle(pilot, screen)
        assert answers.get("cam_a").begin_us == begin_us + 9 * 41_708
        cursor_us, before = round(viewport.cursor_ms * 1000), len(asked(daemon))
        await pilot.press("right_square_bracket")
        await settle(pilot, screen)
        assert asked(daemon)[before:] == [["cam_c", f"{(cursor_us - 33_367) / 1000:.3f}"]]


@running
async def test_requests_never_pile_up_and_a_late_answer_is_dropped(opened):
    async with opened([scenes.unsure()]) as (app, pilot, daemon):
        screen = await see_frames(app, pilot, daemon)
        before = len(asked(daemon))
        shown_us = screen._frames._answers.get("cam_a").begin_us
        daemon.frame_gate = asyncio.Event()
        for _ in range(12):
            await pilot.press("full_stop")
        assert len(asked(daemon)) == before + 1, "one request is under way"
        assert "…" in screen_text(app)
        assert screen._lanes.viewport.cursor_ms * 1000 > shown_us + 11 * 40_000, "keys do not wait"
        daemon.frame_gate.set()
        await settle(pilot, screen)
        assert screen._frames._answers.get("cam_a").begin_us == shown_us + 12 * 40_000
        assert len(asked(daemon)) == before + 4, "the one that was late, and one for each angle"


@running
async def test_a_frame_that_stays_is_not_drawn_again(opened):
    async with opened([scenes.unsure()]) as (app, pilot, daemon):
        screen = await see_frames(app, pilot, daemon)
        canvas, drawn = screen._frames._tiles["cam_a"].canvas, []
        canvas.refresh = lambda *_, **__: drawn.append(1)
        await pilot.press("shift+right", "g")
        await pilot.pause(0.1)
        assert drawn == []
        await pilot.press("full_stop")
        await settle(pilot, screen)
        assert drawn == [1]


@running
async def test_where_there_is_no_frame_it_says_why(opened):
    async with opened([scenes.unplaced()], size=(100, 40)) as (app, pilot, daemon):
        daemon.frame_gaps = {"cam_b": api.FrameBody(camera="cam_b", absence="before", end_ms=CLAP_MS + 2005)}
        await see_frames(app, pilot, daemon)
        shown = " ".join(screen_text(app).split())
        assert "before the clip starts, in" in shown
        assert "2.0 s" in shown
        assert "no place yet" in shown
        assert not [camera for camera, _ in asked(daemon) if camera == "cam_c"]
        daemon.frame_gaps = {}
        await pilot.press("equals_sign", *"5.21s", "enter")
        await until(pilot, lambda: [camera for camera, _ in asked(daemon) if camera == "cam_c"])
        at_ms = next(float(at) for camera, at in asked(daemon) if camera == "cam_c")
        assert at_ms == pytest.approx(CLAP_MS + 5 - 5210)


@running
async def test_an_error_stands_in_the_place_of_one_frame_and_is_not_asked_for_again_and_again(opened):
    async with opened([scenes.unsure()]) as (app, pilot, daemon):
        daemon.frame_gaps = {"cam_b": api.FrameBody(camera="cam_b", width=4, height=4, pixels="AAAA")}
        screen = await see_frames(app, pilot, daemon)
        assert "not what it says" in " ".join(screen_text(app).split())
        count = len(asked(daemon))
        await pilot.press("g")
        await pilot.pause(0.2)
        assert len(asked(daemon)) == count
        daemon.frame_gaps = {}
        await pilot.press("p")
        await until(pilot, lambda: not screen._frames.display)
        await pilot.press("p")
        await until(pilot, lambda: "not what it says" not in " ".join(screen_text(app).split()))
        assert len(asked(daemon)) > count


def read_canvas(screen):
    canvas = screen._frames._tiles["cam_a"].canvas
    return "".join(canvas.render_line(y).text for y in range(canvas.size.height))


def is_dots(drawn):
    return len(set(drawn)) > 20 and all(one == " " or 0x2800 <= ord(one) < 0x2900 for one in drawn)


def test_without_colour_the_frames_are_dots(opened):
    async def look():
        async with opened([scenes.unsure()], app={"theme": "none"}) as (app, pilot, daemon):
            screen = await see_frames(app, pilot, daemon)
            assert is_dots(read_canvas(screen))
            app.use_theme("light")
            await until(pilot, lambda: set(read_canvas(screen)) <= set(" ▀"))
            app.use_theme("none")
            await until(pilot, lambda: is_dots(read_canvas(screen)))

    asyncio.run(look())


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (160, 46)])
def test_all_that_a_decision_needs_stays_on_screen(opened, size):
    async def look():
        async with opened([scenes.unsure()], size=size) as (app, pilot, daemon):
            screen = await see_frames(app, pilot, daemon)
            await pilot.press("comma")
            await settle(pilot, screen)
            button = screen.query_one("#main").region
            canvases = [tile.canvas.region for tile in screen._frames._tiles.values()]
            whole = screen.region
            assert all(whole.contains_region(region) for region in (button, *canvases))
            assert all(region.height >= 5 and region.width >= 17 for region in canvases)
            return screen_text(app)

    shown = asyncio.run(look())
    lines = shown.splitlines()
    assert [len(line) for line in lines] == [size[0]] * size[1]
    heads = [line.rstrip() for line in lines if re.search("[●▲■] Cam . .*──", line)]
    assert [head.split()[-1] for head in heads] == ["reference", "sure", "unsure"]
    for said in ("Why: Cam C has two", f"{MINUS}134 ms", "+127 ms", "71%", "▲+127 here", "Cam C Looks Good"):
        assert said in shown, said
    for key in (", . Step", "[ ] Frame", "space Listen", "s Approve", "x Reject", "u Undo", "esc Back"):
        assert key in shown, key
    assert shown.count(f"0:12.360 {MINUS}0.50 f") == 3


@running
async def test_frames_that_begin_microseconds_apart_are_not_shown_a_frame_apart(opened):
    """Proxies lie on one grid, but for the rounding of their phase."""
    async with opened([scenes.unsure()]) as (app, pilot, daemon):
        daemon.frame_late_us = {"cam_b": 3, "cam_c": -3}
        screen = await see_frames(app, pilot, daemon)
        await pilot.press("full_stop")
        await settle(pilot, screen)
        begins = [screen._frames._answers.get(camera).begin_us for camera in ("cam_a", "cam_b", "cam_c")]
        assert max(begins) - min(begins) == 6
