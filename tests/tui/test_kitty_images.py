"""Frames as images: what the terminal is sent, and in which terminals nothing is sent at all."""

import base64
import re
import zlib

import numpy as np
import pytest
from tui import scenes
from tui.fake_daemon import film_scene
from tui.terminal import Terminal

from mcsyncd.tui.image_terminals import can_show_images
from mcsyncd.tui.kitty_images import fit_cells

SEQUENCE = re.compile("\x1b_G([^;\x1b]*)(?:;([^\x1b]*))?\x1b\\\\")
PLACEHOLDER = "\U0010eeee"
KITTY = {"TERM": "xterm-kitty", "COLORTERM": "truecolor"}
BETWEEN = dict.fromkeys(("TMUX", "STY", "ZELLIJ"), "")


@pytest.fixture
def daemon(serve):
    return serve(scenes.unsure())


def read_images(text):
    """What a terminal would keep by image number: pixels, and placements; and the numbers that it forgot."""
    kept, placed, gone, open_number, raw = {}, {}, set(), 0, ""
    for keys, payload in SEQUENCE.findall(text):
        said = dict(pair.split("=") for pair in keys.split(","))
        assert said.get("a", "t") in {"t", "p", "d"}, "nothing is asked"
        if said.get("a") == "d":
            gone.add(int(said["i"]))
        elif said.get("a") == "p":
            placed[int(said["i"])] = (int(said["c"]), int(said["r"]), said["U"])
        else:
            assert len(payload) <= 4096
            if "i" in said:
                assert (said["f"], said["o"], said["q"]) == ("24", "z", "2")
                open_number, size, raw = int(said["i"]), (int(said["v"]), int(said["s"]), 3), ""
            raw += payload
            if said["m"] == "0":
                pixels = np.frombuffer(zlib.decompress(base64.b64decode(raw, validate=True)), np.uint8)
                kept[open_number] = pixels.reshape(size)
    return kept, placed, gone


def open_picture(terminal):
    terminal.wait_for("review")
    terminal.type("v")
    terminal.wait_for("match")
    terminal.type("p")


def test_a_terminal_that_knows_them_gets_each_frame_once_and_forgets_it_at_the_end(daemon, socket):
    with Terminal("--socket", str(socket), "tui", "--kitty", **BETWEEN, **KITTY) as terminal:
        open_picture(terminal)
        terminal.wait_for(PLACEHOLDER)
        terminal.wait_for(",r=")
        terminal.type("\x11")
        assert terminal.ended() == 0
        kept, placed, gone = read_images(terminal.shown)
    assert kept.keys() == placed.keys() == gone
    asked = [float(said.split()[2]) for said in daemon.requests if said.startswith("frame")]
    for number, pixels in kept.items():
        columns, rows, is_virtual = placed[number]
        assert is_virtual == "1"
        moments = {at_ms // 40 * 40 for at_ms in asked}
        height, width, _ = pixels.shape
        assert abs(columns * 8 * height - rows * 16 * width) <= 16 * max(width, height), "its shape is kept"
        assert any((film_scene(at_ms, width, height) == pixels).all() for at_ms in moments)
        ink = f"38;2;0;{number >> 8};{number & 255}"
        assert f"{ink}" in terminal.shown
    assert "▀" not in terminal.shown


@pytest.mark.parametrize(
    "environ",
    [
        {"TERM": "xterm-256color", "COLORTERM": "truecolor"},
        {**KITTY, "TMUX": "/tmp/tmux-0/default,1,0"},
        {"TERM": "xterm-kitty", "COLORTERM": ""},
    ],
    ids=["another", "tmux", "few colours"],
)
def test_elsewhere_it_falls_back_to_half_blocks_and_sends_no_sequence(daemon, socket, environ):
    with Terminal("--socket", str(socket), "tui", "--kitty", **{**BETWEEN, **environ}) as terminal:
        open_picture(terminal)
        terminal.wait_for("▀")
        assert "\x1b_G" not in terminal.shown
        assert PLACEHOLDER not in terminal.shown


@pytest.mark.parametrize(
    ("environ", "is_terminal", "shows"),
    [
        ({"TERM": "xterm-kitty"}, True, True),
        ({"TERM": "xterm-ghostty"}, True, True),
        ({"TERM": "xterm-kitty"}, False, False),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, True, False),
        ({"TERM": "xterm-kitty", "STY": "1.pts-0"}, True, False),
        ({"TERM": "xterm-kitty", "TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver"}, True, False),
        ({}, True, False),
    ],
)
def test_the_terminal_is_judged_by_its_name_and_by_what_lies_between(environ, is_terminal, shows):
    assert can_show_images(environ, is_terminal=is_terminal) is shows


@pytest.mark.parametrize("size", [(960, 540), (416, 234), (90, 160), (2, 2)])
def test_a_frame_keeps_its_shape_in_cells_that_are_twice_as_high_as_wide(size):
    width, height = size
    columns, rows = fit_cells(np.zeros((height, width, 3), np.uint8), (52, 18))
    assert 1 <= columns <= 52
    assert 1 <= rows <= 18
    assert abs(columns - 2 * rows * width / height) <= 2 * max(1, width / height)
