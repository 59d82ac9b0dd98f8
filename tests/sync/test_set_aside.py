"""A clip that fits nowhere: b-roll, a test, slow motion. It blocks nothing, and does not vanish either."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hearing import RATE, SURE, babble, clocks, offset_ms, recording, taken
from mcsyncd.model.alignment import Disposition, SyncMethod
from mcsyncd.model.reason import ReasonCode
from mcsyncd.sync.recording import Recording
from mcsyncd.sync.solve import solve_alignment

EVENT_US = 1_780_000_000_000_000


@pytest.fixture(scope="module")
def scene():
    return babble(11, 50)


@pytest.fixture(scope="module")
def street():
    return babble(12, 20)


def clip(angle, name, sound, *, begin_s=None) -> Recording:
    """A recording; `begin_s` is the time of the event by its camera's clock."""
    made = replace(recording(angle, sound), name=name)
    return made if begin_s is None else replace(made, recorded_at_us=EVENT_US + int(begin_s * 1e6))


def silent(angle, name, seconds, *, begin_s=None) -> Recording:
    made = Recording(angle, name, RATE, 0, (), seconds * 1_000_000)
    return made if begin_s is None else replace(made, recorded_at_us=EVENT_US + int(begin_s * 1e6))


def shoot(scene, *others: Recording, dated: bool = True) -> list[Recording]:
    def at(begin_s):
        return begin_s if dated else None

    return [
        clip("a", "A1", taken(scene, 0, 45), begin_s=at(0)),
        clip("b", "B1", taken(scene, 5, 12, noise=0.003, seed=2), begin_s=at(5 + 300)),
        clip("b", "B2", taken(scene, 28, 12, noise=0.003, seed=3), begin_s=at(28 + 300)),
        *others,
    ]


def find(alignment, clip_name):
    return alignment.find_placement("b", clip_name)


def codes(alignment):
    return {reason.code: reason for reason in alignment.reasons}


def assert_rest_is_placed(alignment):
    assert find(alignment, "B1").offset_us == pytest.approx(5_000_000, abs=1000)
    assert find(alignment, "B2").offset_us == pytest.approx(28_000_000, abs=1000)
    assert find(alignment, "B1").disposition is Disposition.SYNCED
    assert alignment.confidence > SURE
    assert alignment.method is SyncMethod.AUDIO_CORR


def test_broll_that_its_camera_shot_at_another_time_is_set_aside(scene, street):
    """It stopped the whole session at 0 %."""
    # The clock of camera b is five minutes fast; the clip was shot ten minutes before the others.
    alone = clip("b", "B0", taken(street, 0, 10), begin_s=300 - 600)
    found = solve_alignment(shoot(scene, alone), "a")
    assert_rest_is_placed(found)
    assert find(found, "B0").disposition is Disposition.SET_ASIDE
    assert find(found, "B0").offset_us is None
    assert ReasonCode.SET_ASIDE in codes(found)
    assert ReasonCode.MAYBE_INSIDE not in codes(found)


def test_a_clip_that_was_recorded_while_the_others_were_is_doubted(scene, street):
    alone = clip("b", "B0", taken(street, 0, 10), begin_s=300 + 20)
    found = solve_alignment(shoot(scene, alone), "a")
    assert_rest_is_placed(found)
    reason = codes(found)[ReasonCode.MAYBE_INSIDE]
    assert reason.subject == "b/B0"
    assert dict(reason.values)["about_s"] == pytest.approx(20, abs=1)


def test_a_clip_with_sound_and_without_a_date_is_doubted(scene, street):
    found = solve_alignment(shoot(scene, clip("b", "B0", taken(street, 0, 10)), dated=False), "a")
    assert_rest_is_placed(found)
    assert ReasonCode.MAYBE_INSIDE in codes(found)


@pytest.mark.parametrize("begin_s", [None, 300 + 20])
def test_slow_motion_without_sound_is_set_aside(scene, begin_s):
    found = solve_alignment(shoot(scene, silent("b", "B0", 8, begin_s=begin_s)), "a")
    assert_rest_is_placed(found)
    reason = codes(found)[ReasonCode.SET_ASIDE]
    assert dict(reason.values).get("about_s") == (None if begin_s is None else pytest.approx(20, abs=1))
    assert ReasonCode.MAYBE_INSIDE not in codes(found)


def test_most_of_a_camera_is_not_set_aside_without_a_word(scene):
    found = solve_alignment(shoot(scene, silent("b", "B0", 40, begin_s=300)), "a")
    assert find(found, "B0").disposition is Disposition.SET_ASIDE
    assert ReasonCode.MAYBE_INSIDE in codes(found)


def test_a_test_shot_before_the_take_does_not_give_the_clock(scene, street):
    """It left every other clip unplaced, because the session's clock was that of the first clip."""
    recordings = [clip("a", "A0", taken(street, 0, 12), begin_s=-900), *shoot(scene)]
    found = solve_alignment(recordings, "a")
    assert_rest_is_placed(found)
    assert found.find_placement("a", "A0").disposition is Disposition.SET_ASIDE
    assert found.find_placement("a", "A1").offset_us == 0
    assert found.find_angle("a").offset_us == 0


def test_a_camera_without_any_placed_clip_needs_a_person(scene, street):
    alone = clip("c", "C0", taken(street, 0, 10), begin_s=-5000)
    found = solve_alignment(shoot(scene, alone), "a")
    assert found.find_placement("c", "C0").disposition is None
    assert found.confidence == 0.0
    assert ReasonCode.SET_ASIDE not in codes(found)


def test_timecode_that_agrees_elsewhere_places_a_clip_without_sound(scene):
    def stamp(one, begin_s):
        return replace(one, clocks=clocks(int((36_000 + begin_s) * 1e6) + 60_000))

    a, b1, b2 = shoot(scene)
    clips = [stamp(a, 0), stamp(b1, 5), stamp(b2, 28), stamp(silent("b", "B0", 8), 18)]
    found = solve_alignment(clips, "a")
    assert find(found, "B0").offset_us == pytest.approx(18_000_000, abs=40_000)
    assert find(found, "B0").disposition is Disposition.FALLBACK
    assert found.method is SyncMethod.FALLBACK
    assert found.confidence < SURE


def test_a_second_take_of_noise_does_not_pull_the_confidence_down(scene):
    noise = np.random.default_rng(5).standard_normal(20 * RATE) * 0.05
    found = solve_alignment(shoot(scene, clip("b", "B0", noise, begin_s=300 + 3000)), "a")
    assert_rest_is_placed(found)
    assert offset_ms(found, "a") == 0
