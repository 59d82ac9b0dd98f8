"""Whose offsets they are, and what the confidence rests on, in words."""

from __future__ import annotations

from datetime import UTC, datetime

from tui import scenes

from mcsyncd import api
from mcsyncd.present.standing import format_hand_set, format_reopened, format_why

NOW = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
HOSTILE = "\x1b[2J\u202ekim"


def moved(**change):
    body = api.HandSetBody(camera="cam_b", offset_ms=100.0, by="kim", at="2026-11-23T19:50:00.000000+00:00")
    return scenes.session(hand_set=[body.model_copy(update=change)])


def test_an_offset_without_a_place_before_says_so():
    (said,) = format_hand_set(moved(), NOW)
    assert said == "Cam B +100 ms by kim 19:50 · the machine has no place for it"


def test_one_clip_is_named_with_its_camera():
    (said,) = format_hand_set(moved(clip="C0002.MP4", solved_ms=133.367), NOW)
    assert said.startswith("C0002.MP4 (Cam B) +100 ms by kim")
    assert said.endswith("the machine had +133 ms, 1.0 frames away")


def test_without_a_rate_frames_are_not_counted():
    body = moved(solved_ms=0.0).model_copy(update={"rate": None})
    assert "frames" not in format_hand_set(body, NOW)[0]


def test_names_from_outside_are_made_safe():
    why = api.ReopenedBody(by=HOSTILE, at="2026-11-23T19:50:00.000000+00:00", reason=HOSTILE)
    said = [*format_hand_set(moved(by=HOSTILE, clip=HOSTILE), NOW)]
    said.append(format_reopened(scenes.session(reopened=why), NOW))
    assert all("\x1b" not in line and "\u202e" not in line for line in said)


def test_why_says_what_the_number_rests_on():
    assert format_why(scenes.session()) == "every angle shares 10:01 or more of sound"
    assert format_why(scenes.unsure()).startswith("Cam C has two near-equal matches")
    assert "clocks only" in format_why(scenes.session(sync_method="fallback"))
    assert "says nothing about what was set by hand" in format_why(moved())
    assert format_why(scenes.session(angles={})) == ""
