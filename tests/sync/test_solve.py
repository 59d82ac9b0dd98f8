"""The solver against synthetic scenes whose truth is known to the microsecond."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hearing import RATE, SURE, babble, offset_ms, recording, taken
from mcsyncd.model.alignment import SyncMethod
from mcsyncd.sync.solve import solve_alignment
from reason_texts import texts_of


@pytest.fixture(scope="module")
def scene():
    return babble(1, 60)


def test_a_clip_that_began_later_has_a_positive_offset(scene):
    found = solve_alignment(
        [recording("a", taken(scene, 5, 30)), recording("b", taken(scene, 7.25, 30, seed=2))], "a"
    )
    assert offset_ms(found, "a") == 0
    assert offset_ms(found, "b") == pytest.approx(2250, abs=0.05)
    assert found.confidence > SURE
    assert found.method is SyncMethod.AUDIO_CORR


def test_the_other_reference_flips_the_sign(scene):
    clips = [recording("a", taken(scene, 5, 30)), recording("b", taken(scene, 7.25, 30, seed=2))]
    assert offset_ms(solve_alignment(clips, "b"), "a") == pytest.approx(-2250, abs=0.05)
    assert offset_ms(solve_alignment(clips[::-1], "b"), "a") == pytest.approx(-2250, abs=0.05)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shift_us=st.integers(-600_000_000, 600_000_000))
def test_a_shift_of_the_clips_clock_shifts_the_offset_by_just_that(scene, shift_us):
    first = recording("a", taken(scene, 5, 20))
    sound = taken(scene, 9, 20, seed=2)
    still = solve_alignment([first, recording("b", sound)], "a").find_angle("b")
    moved = solve_alignment([first, recording("b", sound, start_us=shift_us)], "a").find_angle("b")
    assert moved.offset_us == pytest.approx(still.offset_us - shift_us, abs=1)
    assert moved.confidence == pytest.approx(still.confidence)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(gain=st.floats(0.02, 2.0), polarity=st.sampled_from([-1, 1]))
def test_gain_and_polarity_change_nothing(scene, gain, polarity):
    first = recording("a", taken(scene, 5, 20))
    changed = recording("b", polarity * gain * taken(scene, 9, 20, seed=2))
    found = solve_alignment([first, changed], "a")
    assert offset_ms(found, "b") == pytest.approx(4000, abs=0.05)
    assert found.confidence > SURE


@pytest.mark.parametrize("ppm", [-280.0, 12.0])
def test_drift_is_found(ppm):
    scene = babble(3, 130)
    found = solve_alignment(
        [
            recording("a", taken(scene, 0, 120)),
            recording("b", taken(scene, 10, 115, drift_ppm=ppm, seed=2)),
        ],
        "a",
    )
    assert found.find_angle("b").drift_ppm == pytest.approx(ppm, abs=0.5)
    assert offset_ms(found, "b") == pytest.approx(10_000, abs=0.05)
    assert any("ppm" in reason for reason in texts_of(found.find_angle("b")))


def test_no_drift_is_reported_as_none(scene):
    found = solve_alignment(
        [recording("a", taken(scene, 5, 30)), recording("b", taken(scene, 7, 30, seed=2))], "a"
    )
    assert found.find_angle("b").drift_ppm == 0


def test_unrelated_audio_is_never_confident_and_leaves_the_rest_alone(scene):
    alone = [recording("a", taken(scene, 5, 30)), recording("b", taken(scene, 7, 30, seed=2))]
    stranger = recording("c", babble(99, 30))
    found = solve_alignment([*alone, stranger], "a")
    assert found.find_angle("c").offset_us is None
    assert found.confidence < 0.2
    assert found.find_angle("b") == solve_alignment(alone, "a").find_angle("b")
    assert any("c" in reason for reason in texts_of(found))


@pytest.mark.parametrize("sound", [(), (np.zeros(30 * RATE),), (np.zeros(1),)])
def test_a_clip_without_usable_audio_is_reported_and_not_placed(scene, sound):
    clips = [recording("a", taken(scene, 5, 30)), recording("b", *sound)]
    found = solve_alignment(clips, "a")
    assert found.find_angle("b").offset_us is None
    assert found.confidence == 0
    assert "no usable sound" in texts_of(found.find_angle("b"))[0]


def test_timecode_then_recording_time_are_the_fallback_and_never_confident(scene):
    first = recording("a", taken(scene, 5, 30), timecode_us=3_600_000_000, recorded_at_us=5_000_000)
    by_code = solve_alignment(
        [first, recording("b", timecode_us=3_604_000_000, recorded_at_us=6_000_000)], "a"
    )
    assert by_code.find_angle("b").offset_us == 4_000_000
    assert by_code.method is SyncMethod.FALLBACK
    by_clock = solve_alignment([first, recording("b", recorded_at_us=6_000_000)], "a")
    assert by_clock.find_angle("b").offset_us == 1_000_000
    assert 0 < by_clock.confidence < by_code.confidence <= 0.5


def test_timecode_takes_the_shorter_way_around_midnight(scene):
    day = 86_400_000_000
    first = recording("a", taken(scene, 5, 30), timecode_us=day - 1_000_000)
    assert (
        solve_alignment([first, recording("b", timecode_us=2_000_000)], "a").find_angle("b").offset_us
        == 3_000_000
    )


def test_a_chain_goes_through_the_third():
    scene = babble(5, 120)
    clips = [
        recording("a", taken(scene, 0, 45)),
        recording("b", taken(scene, 30, 50, seed=2)),
        recording("c", taken(scene, 62, 50, seed=3)),
    ]
    found = solve_alignment(clips, "a")
    assert offset_ms(found, "c") == pytest.approx(62_000, abs=0.1)
    assert found.confidence > SURE
    assert any("through b" in reason for reason in texts_of(found.find_angle("c")))


def test_an_exact_loop_asks_for_review():
    bar = babble(7, 3.0)
    loop = np.tile(bar, 20)
    found = solve_alignment(
        [
            recording("a", taken(loop, 3, 40, noise=0.004)),
            recording("b", taken(loop, 8, 40, noise=0.004, seed=2)),
        ],
        "a",
    )
    assert found.confidence < 0.5
    assert any("repeats" in reason or "chance" in reason for reason in texts_of(found))


def test_a_skip_in_the_middle_asks_for_review(scene):
    whole = taken(scene, 5, 50)
    half = 25 * RATE
    skipped = np.concatenate([whole[:half], whole[half + round(0.4 * RATE) :]])
    found = solve_alignment([recording("a", taken(scene, 2, 56, seed=2)), recording("b", skipped)], "a")
    assert found.confidence < SURE


def test_a_few_seconds_are_placed_without_confidence(scene):
    found = solve_alignment(
        [recording("a", taken(scene, 0, 60)), recording("b", taken(scene, 31, 3.5, seed=2))], "a"
    )
    assert offset_ms(found, "b") == pytest.approx(31_000, abs=0.5)
    assert found.confidence < SURE
    assert any("s of usable sound" in reason for reason in texts_of(found))


def test_clips_of_one_angle_each_get_a_placement(scene):
    clips = [
        recording("a", taken(scene, 0, 60)),
        recording("b", taken(scene, 35, 20, seed=2), name="second"),
        recording("b", taken(scene, 4, 20, seed=3), name="first"),
    ]
    angle = solve_alignment(clips, "a").find_angle("b")
    assert [placed.clip for placed in angle.placements] == ["first", "second"]
    assert [placed.offset_us / 1000 for placed in angle.placements] == pytest.approx([4000, 35_000], abs=0.1)


def test_two_clips_of_one_angle_cannot_overlap(scene):
    sound = taken(scene, 4, 20, seed=2)
    clips = [
        recording("a", taken(scene, 0, 60)),
        recording("b", sound, name="first"),
        recording("b", sound, name="copy"),
    ]
    placed = [one.offset_us for one in solve_alignment(clips, "a").find_angle("b").placements]
    assert placed.count(None) == 1


def test_the_same_recording_twice_is_reported(scene):
    sound = taken(scene, 0, 20)
    found = solve_alignment([recording("a", sound), recording("b", sound)], "a")
    assert offset_ms(found, "b") == 0
    assert any("same recording" in reason for reason in texts_of(found))


def test_the_better_channel_wins(scene):
    stereo = recording("b", babble(50, 20), taken(scene, 9, 20, seed=2))
    found = solve_alignment([recording("a", taken(scene, 5, 30)), stereo], "a")
    assert offset_ms(found, "b") == pytest.approx(4000, abs=0.05)
    assert found.confidence > SURE


def test_the_same_digits_every_time(scene):
    clips = [recording("a", taken(scene, 5, 20)), recording("b", taken(scene, 9, 20, seed=2))]
    assert solve_alignment(clips, "a") == solve_alignment(clips, "a")


def test_the_strip_has_its_peak_in_the_middle(scene):
    angle = solve_alignment(
        [recording("a", taken(scene, 5, 20)), recording("b", taken(scene, 9, 20, seed=2))], "a"
    ).find_angle("b")
    assert len(angle.correlation_strip) % 2 == 1
    assert max(angle.correlation_strip) == angle.correlation_strip[len(angle.correlation_strip) // 2] == 1.0
    assert angle.strip_step_us > 0
    assert angle.candidates[0].offset_us == angle.offset_us


def test_progress_ends_at_one(scene):
    told = []
    clips = [recording(angle, taken(scene, 5, 10)) for angle in "abc"]
    solve_alignment(clips, "a", told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_an_unknown_reference_raises(scene):
    with pytest.raises(ValueError, match="no recording"):
        solve_alignment([recording("a", taken(scene, 5, 10))], "z")
