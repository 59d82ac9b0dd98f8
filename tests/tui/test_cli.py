"""The two commands, as a person starts them: in a terminal, on a socket."""

import json
import os
import pty
import re
import subprocess
import sys
import time
import wave

import pytest
from tui import scenes
from tui.terminal import Terminal

from mcsyncd import api
from mcsyncd.cli.review import format_review
from mcsyncd.cli.review_answers import parse_decision
from mcsyncd.errors import UsageError


@pytest.fixture
def daemon(serve):
    return serve(scenes.unsure())


def test_a_review_line_by_line(daemon, socket):
    with Terminal("--socket", str(socket), "review", scenes.UNSURE) as terminal:
        terminal.wait_for("q quit")
        assert "Sync Confidence: 71%" in terminal.shown
        assert "+87 ms (0.86)" in terminal.shown
        terminal.type("what?\n")
        terminal.wait_for("not understood")
        terminal.type("n cam_c =87ms\n")
        terminal.wait_for("revision 4")
        terminal.type("a\n")
        terminal.wait_for("approved by s.okafor")
        assert terminal.ended() == 0
    assert daemon.decisions == [
        (scenes.UNSURE, {"action": "nudge", "camera": "cam_c", "to": "=87ms"}, "3"),
        (scenes.UNSURE, {"action": "approve"}, "4"),
    ]


def test_a_decided_session_is_reopened_and_looked_into_line_by_line(daemon, socket, tmp_path):
    daemon.sessions[scenes.SURE] = scenes.session(state="published", call_to_action=None)
    daemon.log = [scenes.log_entry(1, "session_approved", by={"name": "kim", "uid": 7}, revision=3)]
    with Terminal("--socket", str(socket), "review", scenes.SURE) as terminal:
        terminal.wait_for("o REASON reopen")
        terminal.type("h\n")
        terminal.wait_for("Approved by kim")
        terminal.type(f"w {tmp_path / 'heard'}\n")
        terminal.wait_for("cam_c.wav")
        terminal.type("o the cut lags\n")
        terminal.wait_for("a approve")
        terminal.type("q\n")
        assert terminal.ended() == 0
    (reopened,) = (decision for _, decision, _ in daemon.decisions)
    assert reopened == {"action": "reopen", "reason": "the cut lags"}


@pytest.mark.parametrize("without", ["stdin", "stderr"])
def test_the_app_does_not_start_where_nobody_could_operate_it(socket, without):
    """It drew without end, deaf to keys, and had to be killed."""
    ours, theirs = pty.openpty()
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), theirs) | {without: subprocess.DEVNULL}
    command = [sys.executable, "-m", "mcsyncd", "--socket", str(socket), "tui"]
    try:
        assert subprocess.run(command, **streams, check=False, timeout=30).returncode == 2
        assert without == "stderr" or b"ssh -t HOST" in os.read(ours, 4096)
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize("extra", [[], ["--json"]])
def test_without_a_terminal_a_review_only_prints(daemon, socket, extra):
    command = [sys.executable, "-m", "mcsyncd", "--socket", str(socket), "review", scenes.UNSURE, *extra]
    told = subprocess.run(command, capture_output=True, text=True, check=True, input="a\n")
    assert daemon.decisions == []
    if extra:
        assert api.SessionBody.model_validate(json.loads(told.stdout)) == scenes.unsure()
    else:
        assert "Sync Confidence: 71%" in told.stdout


def test_what_there_is_to_hear_is_written_to_files(daemon, socket, tmp_path):
    command = [sys.executable, "-m", "mcsyncd", "--socket", str(socket), "review", scenes.UNSURE]
    told = subprocess.run(
        [*command, "--export-audio", str(tmp_path / "heard")], capture_output=True, text=True, check=True
    )
    files = sorted((tmp_path / "heard").iterdir())
    assert [file.name for file in files] == [f"{scenes.UNSURE}-{key}.wav" for key in ("cam_b", "cam_c")]
    assert all(str(file) in told.stdout for file in files)
    for file in files:
        with wave.open(str(file)) as wav:
            assert wav.getnframes() / wav.getframerate() == 20.0
    assert daemon.decisions == []


def test_the_app_starts_and_ends_in_a_terminal(daemon, socket):
    with Terminal("--socket", str(socket), "tui", "--read-only") as terminal:
        terminal.wait_for("Review Sync")
        terminal.type("q")
        assert terminal.ended() == 0
    assert daemon.decisions == []


def test_the_app_ends_with_its_terminal(daemon, socket):
    """Nothing told it, and it took half a core for good."""
    with Terminal("--socket", str(socket), "tui") as terminal:
        terminal.wait_for("live")
        terminal.hang_up()
        terminal.ended()


def list_colours(shown):
    """The colours in what a terminal got: 16, 256 or true ones, by the SGR parameters that ask for them."""
    found = set()
    for asked in re.findall(r"\x1b\[([\d;]*)m", shown):
        numbers = [int(number or 0) for number in asked.split(";")]
        for at, number in enumerate(numbers):
            if number in {38, 48}:
                found.add({5: "256", 2: "true"}[numbers[at + 1]])
                break
            if number in {*range(30, 38), *range(40, 48), *range(90, 98), *range(100, 108)}:
                found.add("16")
    return found


COLOURS = [
    ("true", {"COLORTERM": "truecolor"}, ()),
    ("256", {"TERM": "xterm-256color"}, ()),
    ("16", {"TERM": "xterm"}, ()),
    ("16", {"COLORTERM": "truecolor"}, ("--theme", "ansi")),
    (None, {"COLORTERM": "truecolor"}, ("--theme", "none")),
    (None, {"COLORTERM": "truecolor", "NO_COLOR": "1"}, ()),
    ("true", {"COLORTERM": "truecolor", "NO_COLOR": "1"}, ("--theme", "dark")),
    ("true", {"COLORTERM": "truecolor", "NO_COLOR": ""}, ()),
]


@pytest.mark.parametrize(("colours", "environ", "options"), COLOURS)
def test_the_chosen_row_is_marked_with_any_colours_and_without(serve, socket, colours, environ, options):
    serve(*scenes.queue())
    with Terminal("--socket", str(socket), "tui", *options, **environ) as terminal:
        terminal.wait_for(scenes.UNSURE)
        terminal.wait_for("All keys")
        terminal.type("j")
        terminal.wait_for("▸ \x1b") if colours else None
        plain = re.sub(r"\x1b\[[^A-Za-z]*[A-Za-z]", "", terminal.shown)
        assert "▸ ✖ failed" in plain
        terminal.type("q")
        assert terminal.ended() == 0
        assert list_colours(terminal.shown) == ({colours} if colours else set())


APP_FILE = """
theme: none
keys:
  open: p
  press: p
  reject: nokey
  quit: Q
"""


def test_the_app_file_counts_and_what_is_wrong_in_it_is_said(daemon, socket, tmp_path):
    file = tmp_path / "config" / "mcsyncd" / "tui.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(APP_FILE)
    daemon.sessions = {scenes.SURE: scenes.session()}
    with Terminal("--socket", str(socket), "tui", XDG_CONFIG_HOME=str(tmp_path / "config")) as terminal:
        terminal.wait_for("left out: ")
        terminal.wait_for("tui.yaml:6: keys.reject: there is no key 'nokey'")
        terminal.wait_for(scenes.SURE)
        time.sleep(1.0)
        terminal.type("\r")
        terminal.hold("p", 0.66, 2.5)
        assert daemon.decisions == [], "the first one opens the session, and a held key decides nothing"
        time.sleep(1.0)
        terminal.type("\r")
        time.sleep(1.0)
        assert daemon.decisions == [], "the key that it had is no longer one"
        for _ in range(2):  # a notice may be there first
            terminal.type("p")
            time.sleep(1.0)
        assert [decision for _, decision, _ in daemon.decisions] == [{"action": "approve"}]
        assert list_colours(terminal.shown) == set()


def test_the_keys_are_printed_as_an_app_file(tmp_path):
    file = tmp_path / "mcsyncd" / "tui.yaml"
    file.parent.mkdir()
    file.write_text("keys: {approve: a}\n")
    command = [sys.executable, "-m", "mcsyncd", "tui", "--keys"]
    environ = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path)}
    told = subprocess.run(command, capture_output=True, text=True, check=True, env=environ)
    assert told.stderr == ""
    assert "  approve: [a] " in told.stdout
    file.write_text(told.stdout)
    again = subprocess.run(command, capture_output=True, text=True, check=True, env=environ)
    assert (again.stdout, again.stderr) == (told.stdout, "")


@pytest.mark.parametrize(("scene", "delay_s"), [(scenes.session(), 0.66), (scenes.unsure(), 0.25)])
def test_a_held_enter_decides_nothing(daemon, socket, delay_s, scene):
    """It opened the session, checked every angle, and approved. The delays are those of desktops and of X."""
    daemon.sessions = {scene.id: scene}
    with Terminal("--socket", str(socket), "tui") as terminal:
        terminal.wait_for(scene.id)
        time.sleep(1.0)
        terminal.hold("\r", delay_s, 2.5)
        assert daemon.decisions == []
        time.sleep(1.0)
        for _ in range(3):  # a notice may be there first, and the unsure one is checked first
            terminal.type("\r")
            time.sleep(1.0)
    assert [decision for _, decision, _ in daemon.decisions] == [{"action": "approve"}]


@pytest.mark.parametrize(
    "said",
    ["", "approve it", "x", "n cam_z +1f", "n cam_b far", "n cam_b =far", "o", "r now", "n cam_b", "hello"],
)
def test_invalid_answers_are_usage_errors(said):
    with pytest.raises(UsageError):
        parse_decision(said, scenes.unsure())


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("a", api.ApproveRequest()),
        (" approve ", api.ApproveRequest()),
        ("x wrong take", api.RejectRequest(reason="wrong take")),
        ("n cam_b +1f", api.NudgeRequest(camera="cam_b", to="+1f")),
        ("n cam_b -12.5ms", api.NudgeRequest(camera="cam_b", to="-12.5ms")),
        # 42 frames after the start, and two before it, of 1001/30 ms each
        ("n cam_b = 00:00:01:12", api.NudgeRequest(camera="cam_b", to="=1401.4ms")),
        ("n cam_b =-2f", api.NudgeRequest(camera="cam_b", to="=-66.733ms")),
        ("o the cut lags", api.ReopenRequest(reason="the cut lags")),
        ("r", api.RetryRequest()),
        ("q", None),
    ],
)
def test_valid_answers_become_decisions(said, meant):
    assert parse_decision(said, scenes.unsure()) == meant


def test_hostile_names_are_shown_as_text():
    cameras = {key: api.CameraBody(label="\x1b[2J\u202e", clips=[]) for key in scenes.CAMERAS}
    lines = "".join(format_review(scenes.unsure(cameras=cameras, reasons=[scenes.reason("\x07")])))
    assert "\x1b" not in lines
    assert "\u202e" not in lines
    assert "\x07" not in lines


def test_to_quit_in_the_middle_of_a_review_is_no_crash(daemon, socket):
    with Terminal("--socket", str(socket), "tui") as terminal:
        terminal.wait_for("review")
        terminal.type("v")
        terminal.wait_for("match")
        while "claim" not in daemon.requests:
            time.sleep(0.02)
        terminal.type("\x11")
        assert terminal.ended() == 0
