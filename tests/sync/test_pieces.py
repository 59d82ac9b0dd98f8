"""A recording that lost or gained something: its pieces, where they meet, and which camera it was."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from hearing import RATE, as_int16, babble, heard_in_room, taken, without
from mcsyncd.align.answer import build_answer
from mcsyncd.sync.block_cache import BlockCache
from mcsyncd.sync.coarse_search import Line
from mcsyncd.sync.line_fit import shift_line
from mcsyncd.sync.matching import match_recordings
from mcsyncd.sync.pieces import find_pieces
from mcsyncd.sync.recording import Recording
from mcsyncd.sync.solve import solve_alignment
from mcsyncd.sync.whitening import WhitenedChannel
from reason_texts import texts_of

SURE = 0.85
HALF_S = 20


@cache
def scene() -> np.ndarray:
    return babble(1, 52)


def recording(angle: str, sound: np.ndarray) -> Recording:
    channel = as_int16(sound)
    return Recording(angle, "clip", RATE, 0, (channel,), round(channel.size / RATE * 1e6))


def whole(angle: str, start_s: float, seed: int) -> Recording:
    return recording(angle, taken(scene(), start_s, 45, seed=seed))


def skipped(lost_s: float) -> Recording:
    """b, from second 5 of the scene: after 20 s it lost so much, or gained it where that is negative."""
    sound, half = taken(scene(), 5, 40, seed=2), HALF_S * RATE
    gained = 0.05 * np.random.default_rng(9).standard_normal(max(0, round(-lost_s * RATE)))
    return recording(
        "b", np.concatenate([sound[:half], gained, sound[half + max(0, round(lost_s * RATE)) :]])
    )


@cache
def solve_skip(lost_s: float, third: bool = False):
    """The answer for a and b, and with `third` for a c that has all of it, too."""
    return solve_alignment([whole("a", 2, 1), skipped(lost_s), *([whole("c", 3.5, 3)] if third else [])], "a")


@pytest.mark.parametrize(("lost_s", "pieces"), [(0.041, 2), (0.0, 0)])
def test_what_was_lost_in_a_room_makes_pieces_though_the_line_keeps_a_peak(lost_s, pieces):
    """All windows had a peak on the line, from what still rang; 41 ms lost were accepted at 96 %."""
    sound, cache = babble(21, 70), BlockCache()
    far, near = taken(heard_in_room(sound, 101), 2, 60), taken(heard_in_room(sound, 102), 5, 50, seed=4)
    channels = [[WhitenedChannel(as_int16(one), cache)] for one in (far, without(near, -25, lost_s))]
    match = match_recordings(*channels, [Line(3.0, 0.0), Line(3.0 + lost_s, 0.0)])
    found = find_pieces(match)
    assert len(found) == pieces
    assert [piece.line.offset_s for piece in found] == pytest.approx([3.0, 3.0 + lost_s][:pieces], abs=0.003)


@pytest.mark.parametrize("lost_s", [0.4, -0.4, 0.015])
def test_two_pieces_each_at_its_offset(lost_s):
    angle = solve_skip(lost_s).find_angle("b")
    assert angle.confidence < SURE
    first, second = angle.pieces
    for piece, truth_s in ((first, 3.0), (second, 3.0 + lost_s)):
        for time_us in (piece.begin_us, piece.end_us):
            there_ms = piece.offset_us / 1e3 + time_us * piece.drift_ppm * 1e-9
            assert there_ms == pytest.approx(truth_s * 1e3, abs=1)
        assert piece.clip == "clip"
    for edge_us in (first.end_us, second.begin_us):
        assert edge_us / 1e6 == pytest.approx(HALF_S, abs=4)
    assert first.begin_us < 4e6
    assert second.end_us > 32e6


def test_which_camera_it_was_is_open_with_two():
    (said,) = [
        reason for reason in texts_of(solve_skip(0.4).find_angle("b")) if "skipped or was cut" in reason
    ]
    assert "a or b skipped" in said


def test_which_camera_it_was_is_known_from_a_third():
    found = solve_skip(0.4, third=True)
    (said,) = [reason for reason in texts_of(found.find_angle("b")) if "skipped or was cut" in reason]
    assert ": b skipped" in said
    assert "0:" in said
    assert found.find_angle("c").offset_us == pytest.approx(1_500_000, abs=1000)
    assert found.find_angle("c").pieces == ()


def test_a_clean_clip_has_no_pieces():
    found = solve_alignment([whole("a", 2, 1), skipped(0.0)], "a")
    assert found.find_angle("b").pieces == ()
    assert found.confidence > SURE


def test_a_few_seconds_of_loud_noise_make_no_pieces():
    drowned = skipped(0.0)
    channel = drowned.channels[0].copy()
    noise = as_int16(0.5 * np.random.default_rng(4).standard_normal(4 * RATE))
    channel[18 * RATE : 22 * RATE] = noise
    angle = solve_alignment([whole("a", 2, 1), recording("b", channel / 32767)], "a").find_angle("b")
    assert angle.pieces == ()
    assert angle.offset_us == pytest.approx(3_000_000, abs=1000)


def test_the_document_holds_the_pieces():
    alignment = solve_skip(0.4)
    pieces = json.loads(json.dumps(build_answer(alignment)))["angles"]["b"]["pieces"]
    assert [piece["offset_ms"] for piece in pieces] == pytest.approx([3000, 3400], abs=1)
    for said, piece in zip(pieces, alignment.find_angle("b").pieces, strict=True):
        assert said["begin_s"] == piece.begin_us / 1e6 < piece.end_us / 1e6 == said["end_s"]
        assert said["clip"] == "clip"
        assert said["drift_ppm"] == piece.drift_ppm


def test_the_document_of_a_clean_clip_names_none():
    assert "pieces" not in build_answer(solve_alignment([whole("a", 2, 1), skipped(0.0)], "a"))["angles"]["b"]


def test_a_rival_that_is_off_still_leads_to_its_piece():
    """In a hall the rival was 8 ms off, fitted to all windows at once: 253 ms were lost and accepted."""
    cache = BlockCache()
    sounds = (taken(scene(), 2, 45, seed=1), as_float(skipped(0.25)))
    channels = [[WhitenedChannel(as_int16(sound), cache)] for sound in sounds]
    match = match_recordings(*channels, [Line(3.0, 0.0), Line(3.25, 0.0)])
    assert len(find_pieces(match)) == 2
    off = tuple(replace(rival, line=shift_line(rival.line, 0.008, 0.0)) for rival in match.rivals)
    pieces = find_pieces(replace(match, rivals=off))
    assert [piece.line.offset_s for piece in pieces] == pytest.approx([3.0, 3.25], abs=0.001)


def as_float(clip: Recording) -> np.ndarray:
    return clip.channels[0] / 32767
