"""Keys that a person chose: checked against each screen, and shown wherever a key is named."""

import asyncio
import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual.command import CommandPalette
from tui import scenes
from tui.conftest import collect_notices, screen_text, until

from mcsyncd.cli.terminal_app import format_app_file
from mcsyncd.tui.dialogs import LeaveDialog, ListDialog, ReasonDialog
from mcsyncd.tui.key_choice import choose_keys
from mcsyncd.tui.keymap import label_key, list_keys
from mcsyncd.tui.queue.screen import QueueScreen
from mcsyncd.tui.review.screen import ReviewScreen
from mcsyncd.tui.screen_keys import SCREENS
from mcsyncd.tui.session.clips import ClipsDialog
from mcsyncd.tui.session.screen import SessionScreen

ACTIONS = sorted({one.id for bindings in SCREENS.values() for one in bindings if one.id})
SOME_KEYS = [
    "a",
    "z",
    "Z",
    "?",
    "[",
    ",",
    "+",
    "0",
    "x",
    "s",
    "escape",
    "f5",
    "ctrl+s",
    "alt+x",
    "shift+left",
]


def chosen(**own):
    return choose_keys({action: keys.split() for action, keys in own.items()}, SCREENS)


def test_the_shipped_keys_clash_on_no_screen():
    assert choose_keys({}, SCREENS) == ({}, [])
    for bindings in SCREENS.values():
        keys = [key for one in bindings for key in list_keys(one, {})]
        assert len(keys) == len(set(keys))


def test_keys_are_written_as_characters_or_names():
    keymap, problems = chosen(
        approve="a ctrl+s", help="f1 !", zoom_in="*", cursor_back=";", undo="z shift+f5"
    )
    assert problems == []
    assert keymap["approve"] == "a,ctrl+s"
    assert keymap["help"] == "f1,exclamation_mark"
    assert keymap["cursor_back"] == "semicolon"


def test_two_actions_may_change_places():
    keymap, problems = chosen(approve="x", reject="s")
    assert (keymap, problems) == ({"approve": "x", "reject": "s"}, [])


@pytest.mark.parametrize(
    ("own", "told"),
    [
        ({"aprove": "a"}, "there is no such action: did you mean approve?"),
        ({"approve": "x"}, "x is also the key of reject (review): choose another key, or give reject one"),
        ({"approve": "escape"}, "esc is also the key of back"),
        ({"open": "home"}, "“first, last row” (queue): choose another key"),
        ({"approve": "esc"}, "there is no key 'esc': did you mean escape?"),
        ({"approve": "hyper+a"}, "there is no key 'hyper+a'"),
        ({"approve": "shift+a"}, "no terminal sends 'shift+a': write 'A'"),
        ({"approve": "ctrl+q"}, "ctrl+q cannot be chosen: it always quits"),
        ({"approve": "ctrl+m"}, "a terminal sends it as enter"),
        ({"approve": "tab"}, "it goes from field to field"),
    ],
)
def test_what_cannot_be_is_left_out_and_said(own, told):
    keymap, problems = chosen(**own)
    assert keymap == {}
    assert any(told in f"{one.message}: {one.hint}" for one in problems)


def test_of_two_that_want_one_key_both_are_left_out():
    keymap, problems = chosen(approve="z", reject="z", undo="y")
    assert keymap == {"undo": "y"}
    assert {one.action for one in problems} == {"approve", "reject"}


def test_a_choice_that_needs_a_refused_one_is_refused_too():
    """`reject` would be free for `approve`, had it got the key that `undo` has."""
    keymap, problems = chosen(reject="u", approve="x")
    assert keymap == {}
    assert {one.action for one in problems} == {"approve", "reject"}


@given(
    st.dictionaries(st.sampled_from(ACTIONS), st.lists(st.sampled_from(SOME_KEYS), min_size=1, max_size=3))
)
def test_whatever_is_chosen_every_action_of_a_screen_has_a_key_of_its_own(own):
    keymap, problems = choose_keys(own, SCREENS)
    assert keymap.keys() | {one.action for one in problems} == own.keys()
    for bindings in SCREENS.values():
        owners = {}
        for one in bindings:
            keys = list_keys(one, keymap)
            assert keys
            for key in keys:
                assert owners.setdefault(key, one.action) == one.action or one.id is None


@given(
    st.lists(
        st.text(max_size=14) | st.sampled_from([" ", "", "+", "ctrl++", "ctrl+,", "a,b", "—"]), min_size=1
    )
)
def test_whatever_a_key_is_called_it_is_taken_or_left_out(keys):
    keymap, problems = choose_keys({"approve": keys}, SCREENS)
    assert bool(keymap) != bool(problems)
    for bindings in SCREENS.values():
        assert all(label_key(key) for one in bindings for key in list_keys(one, keymap))


def test_the_printed_file_is_one_that_can_be_read_back():
    text = "\n".join(format_app_file({"approve": "a,semicolon"}))
    own = yaml.safe_load(text)["keys"]
    assert set(own) == set(ACTIONS)
    keymap, problems = choose_keys(own, SCREENS)
    assert problems == []
    assert keymap["approve"] == "a,semicolon"
    for bindings in SCREENS.values():
        for one in bindings:
            assert one.id == "approve" or list_keys(one, keymap) == list_keys(one, {})


OTHER = {
    "approve": "a",
    "reject": "R",
    "undo": "z,ctrl+z",
    "reset": "f2",
    "type_offset": "colon",
    "listen": "p",
    "take_over": "T",
    "press": "f3",
    "back": "b",
    "help": "f1",
    "waveforms": "w",
    "why": "y",
    "clips": "C",
    "open": "o",
    "drop": "X",
}
"""Other keys for what sentences name, and for what leads through the screens."""


@pytest.fixture
def other(opened):
    def run(test, *sessions, **more):
        async def go():
            async with opened(sessions, size=(110, 40), app={"keymap": OTHER}, **more) as (
                app,
                pilot,
                daemon,
            ):
                await test(app, pilot, daemon)

        asyncio.run(go())

    return run


async def open_review(app, pilot):
    await pilot.press("w")
    await until(pilot, lambda: isinstance(app.screen, ReviewScreen) and "⣿" in screen_text(app))


def test_other_keys_lead_through_the_screens_and_the_old_ones_do_nothing(other):
    async def go(app, pilot, daemon):
        await pilot.press("enter", "v")
        assert isinstance(app.screen, QueueScreen)
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, SessionScreen))
        await pilot.press("escape", "question_mark", "x")
        assert isinstance(app.screen, SessionScreen)
        await open_review(app, pilot)
        screen = app.screen
        await pilot.press("s", "x", "right", "right")
        assert app.screen is screen
        await pilot.press("ctrl+z", "z")
        assert screen._draft.nudges.pending == {}
        await pilot.press("right", "f2")
        assert screen._draft.nudges.pending == {}
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, ReasonDialog))
        await pilot.press("b", "R", "escape")  # in a dialog they are letters
        await until(pilot, lambda: app.screen is screen)
        await pilot.press("right", "b")
        await until(pilot, lambda: isinstance(app.screen, LeaveDialog))
        assert "X drop" in screen_text(app)
        await pilot.press("d")
        assert isinstance(app.screen, LeaveDialog)
        await pilot.press("X")
        await until(pilot, lambda: isinstance(app.screen, SessionScreen))
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, QueueScreen))
        assert daemon.decisions == []

    other(go, scenes.unsure())


def test_a_decision_is_made_with_its_other_key_alone(other):
    async def go(app, pilot, daemon):
        await open_review(app, pilot)
        await pilot.press("s", "enter")
        await pilot.pause(0.3)
        assert "✔ checked" not in screen_text(app)
        await pilot.press("f3")
        await until(pilot, lambda: "✔ checked" in screen_text(app))
        assert daemon.decisions == []
        await pilot.press("a")
        await until(pilot, lambda: daemon.decisions)

    other(go, scenes.unsure())


def test_a_held_key_decides_nothing_whichever_it_is(opened):
    async def go():
        async with opened([scenes.unsure()], app={"keymap": OTHER}, hasty=True) as (app, pilot, daemon):
            await open_review(app, pilot)
            await pilot.pause(1.0)
            said = collect_notices(app)
            for _ in range(20):  # at once: on a slow machine, a press of the pilot takes as long as a release
                app.post_message(events.Key("a", "a"))
            await pilot.pause(0.3)
            assert daemon.decisions == []
            assert said

    asyncio.run(go())


def test_the_help_and_the_last_lines_show_the_keys_that_count(other):
    async def go(app, pilot, daemon):
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, SessionScreen))
        last = screen_text(app).splitlines()[-1]
        assert "f3 Review Sync" in last
        assert "R Reject" in last
        assert "b Queue" in last
        assert last.rstrip().endswith("f1 All keys")
        await open_review(app, pilot)
        shown = screen_text(app)
        assert "a approve these offsets   R reject" in shown
        assert all(hint in shown for hint in ("p Listen", "a Approve", "z Undo", ": Type", "b Back"))
        await pilot.press("right")
        await until(pilot, lambda: "a send and approve   z undo   f2 reset" in screen_text(app))
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, ListDialog))
        shown = screen_text(app)
        assert re.search(r"z U  ctrl\+z +undo, redo", shown)
        assert re.search(r"f3 +press the button", shown)
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))

    other(go, scenes.unsure())


def test_sentences_name_the_keys_that_count(other):
    async def go(app, pilot, daemon):
        failed = next(body for body in scenes.queue() if body.state == "failed")
        app.push_screen(SessionScreen(failed.id))
        await until(pilot, lambda: "C leaves B001C004.MOV" in " ".join(screen_text(app).split()))
        assert "R rejects the session" in screen_text(app)
        app.switch_screen(SessionScreen(scenes.UNSURE))
        app.drafts[scenes.UNSURE] = {"cam_c": 87_000}
        await until(pilot, lambda: "(w opens your draft)" in screen_text(app))
        await open_review(app, pilot)
        await until(pilot, lambda: "T takes over" in screen_text(app))

    failed = next(body for body in scenes.queue() if body.state == "failed")
    other(go, failed, scenes.unsure(claimed_by="a.ruiz"))


def test_an_angle_without_a_place_names_the_key_that_gives_it_one(other):
    async def go(app, pilot, daemon):
        await pilot.press("w")
        await until(pilot, lambda: "Place Cam C" in screen_text(app))
        said = collect_notices(app)
        assert "; : types its offset" in screen_text(app)
        await pilot.press("right")
        assert said == ["Cam C has no place yet, so it cannot be moved; : gives it one"]

    other(go, scenes.unplaced())


def test_the_clips_have_other_keys_too(opened):
    async def go():
        keymap = {"leave_out": "L", "set_aside": "f9", "down": "ctrl+n"}
        async with opened([scenes.aside()], app={"keymap": keymap}) as (app, pilot, daemon):
            await app.push_screen(SessionScreen(scenes.ASIDE))
            await pilot.press("c")
            await until(pilot, lambda: isinstance(app.screen, ClipsDialog))
            assert "f9 set aside   L leave out   p place   b give back   esc close" in screen_text(app)
            await pilot.press("s", "l", "j")
            assert isinstance(app.screen, ClipsDialog)
            await pilot.press("ctrl+n", "f9")
            await until(pilot, lambda: daemon.decisions)
            assert daemon.decisions[0][1]["clip"] == "cam_b/CLIP/C0005.MP4"

    asyncio.run(go())


def test_the_palette_has_another_key_too(opened):
    async def go():
        async with opened([scenes.session()], app={"keymap": {"commands": "f10"}}) as (app, pilot, _):
            await pilot.press("ctrl+p")
            assert isinstance(app.screen, QueueScreen)
            await pilot.press("f10")
            await until(pilot, lambda: isinstance(app.screen, CommandPalette))

    asyncio.run(go())


def test_a_mistake_in_the_app_file_is_said_and_the_app_starts(opened):
    async def go():
        async with opened([scenes.session()], app={"remarks": ["tui.yaml:3: keys.x: no"]}) as (app, _, _):
            assert [one.message for one in app._notifications] == ["tui.yaml:3: keys.x: no"]
            assert "ready" in screen_text(app)

    asyncio.run(go())


@pytest.mark.parametrize("screen", SCREENS)
def test_every_key_says_what_it_does(screen):
    assert all(one.tooltip or one.description for one in SCREENS[screen])
