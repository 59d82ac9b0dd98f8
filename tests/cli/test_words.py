from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcsyncd import api
from mcsyncd.cli import words

HOSTILE = "x[/]\x1b[2J\u202e.MP4"


def test_offsets_carry_their_sign():
    assert [words.offset(ms) for ms in (0.0, 87.0, -134.0, 33.367, None)] == [
        "+0 ms",
        "+87 ms",
        "-134 ms",
        "+33.4 ms",
        "not placed",
    ]


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (59, "59 s"), (190, "3:10"), (3723, "1:02:03")])
def test_durations_read_like_a_clock(seconds, text):
    assert words.duration(seconds) == text


@given(st.floats(0, 1e15))
def test_sizes_keep_their_number_short(count):
    number, unit = words.size(count).split()
    assert 0 <= float(number) <= 1000 or unit == "TB"


def session(**more) -> api.SessionBody:
    clips = [api.ClipBody(name=HOSTILE, bytes=1, warnings=[f"{HOSTILE} is odd"])]
    body = {
        "id": "20261123-091502-k7q",
        "state": "in_review",
        "revision": 3,
        "call_to_action": "looks_good",
        "sync_confidence": 0.8499,
        "sync_method": "audio-corr",
        "offsets_ms": {"cam_a": 0.0, "cam_b": None},
        "drift_ppm": {"cam_a": 0.0, "cam_b": 11.8},
        "reasons": [HOSTILE],
        "cameras": {
            "cam_a": api.CameraBody(label="Cam A", clips=clips),
            "cam_b": api.CameraBody(label=HOSTILE, clips=[]),
        },
    }
    return api.SessionBody.model_validate(body | more)


def test_nothing_from_outside_reaches_the_terminal_raw():
    failed = session(state="failed", error=api.ErrorBody(stage="probe", message=HOSTILE, hint=HOSTILE))
    entry = api.LogEntryBody(seq=1, at="t", session="s", kind="k", body={"name": HOSTILE}, hash="h")
    shown = "\n".join(
        [
            *words.session_lines(session()),
            *words.session_lines(failed),
            words.session_line(failed),
            words.log_line(entry),
        ]
    )
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_a_session_says_what_to_do_next():
    shown = "\n".join(words.session_lines(session()))
    assert "Sync Confidence: 84%" in shown
    assert "mcsyncd approve 20261123-091502-k7q --revision 3" in shown
    assert "not placed" in shown
    assert "drift +11.8 ppm" in shown


def test_progress_says_how_far_how_fast_and_how_long():
    step = api.ProgressBody(
        stage="conform", done=0.619, eta_s=190, count=1114, total=1800, unit="frames", rate=48.4
    )
    assert words.progress(step) == "conform · 61% · 1114 of 1800 frames · 48 fps · 3:10 to go"
