"""The 0.1 % speed error: found, placed at both ends, reported, and the resampling it takes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearing import RATE, as_int16, babble, taken
from mcsyncd.model.drift_curve import DriftKnot
from mcsyncd.sync.graph import SolvedPlacement
from mcsyncd.sync.pulldown import SPEED_CHANGES, change_speed, undo_speed_change
from mcsyncd.sync.recording import Recording
from mcsyncd.sync.solve import solve_alignment
from mcsyncd.sync.speed import resample_at_speed
from reason_texts import texts_of

SECONDS = 40


def recording(angle, sound, start_us=0):
    channel = as_int16(sound)
    return Recording(angle, "clip", RATE, start_us, (channel,), start_us + round(channel.size / RATE * 1e6))


@pytest.mark.parametrize(("ppm", "said"), [(1000.0, "0.1% fast"), ((1 / 1.001 - 1) * 1e6, "0.1% slow")])
def test_a_clip_at_the_wrong_speed_is_placed_at_both_ends(ppm, said):
    scene = babble(21, SECONDS + 12)
    start_s = 0.25
    clips = [
        recording("a", taken(scene, 2, SECONDS + 8)),
        recording("b", taken(scene, 5, SECONDS, drift_ppm=ppm, seed=2), start_us=round(start_s * 1e6)),
    ]
    angle = solve_alignment(clips, "a").find_angle("b")
    (placed,) = angle.placements
    for time_s in (start_s, start_s + SECONDS):
        truth_s = 3 + (time_s - start_s) * (1 + ppm * 1e-6)
        found_s = placed.offset_us * 1e-6 + time_s * (1 + placed.drift_ppm * 1e-6)
        assert found_s == pytest.approx(truth_s, abs=1e-3)
    assert placed.drift_ppm == pytest.approx(ppm, abs=2)
    assert said in texts_of(angle)[0]
    assert angle.camera in texts_of(angle)[0]


def test_a_clip_at_its_own_speed_reports_no_speed_error():
    scene = babble(21, 30)
    clips = [recording("a", taken(scene, 2, 25)), recording("b", taken(scene, 4, 20, seed=2))]
    angle = solve_alignment(clips, "a").find_angle("b")
    assert angle.drift_ppm == 0
    assert not any("0.1%" in reason for reason in texts_of(angle))


@pytest.mark.parametrize("change", SPEED_CHANGES)
@pytest.mark.parametrize("hertz", [100.0, 1000.0, 2500.0])
def test_a_sine_has_the_faster_frequency_and_the_same_level(hertz, change):
    times = np.arange(10 * RATE) / RATE
    after = change_speed(recording("a", 0.5 * np.sin(2 * np.pi * hertz * times)), change)
    resampled = resample_at_speed(after.channels[0], after.speed, 0, after.samples) / 32767
    # The ends are the resampler's run-in; what lay at t lies at t / (1 + change), phase and all.
    middle = slice(100, resampled.size - 100)
    turns = 2 * np.pi * hertz * (1 + change) * np.arange(resampled.size)[middle] / RATE
    np.testing.assert_allclose(resampled[middle], 0.5 * np.sin(turns), atol=0.5 * 10 ** (-50 / 20))
    assert resampled.std() == pytest.approx(0.5 / np.sqrt(2), rel=0.002)


@given(
    change=st.sampled_from(SPEED_CHANGES),
    begin=st.integers(0, 12_000),
    length=st.integers(1, 3000),
    size=st.integers(1, 12_000),
)
def test_a_piece_is_the_same_as_that_part_of_the_whole(change, begin, length, size):
    sound = np.random.default_rng(size).integers(-30_000, 30_000, size).astype(np.int16)
    whole = resample_at_speed(sound, 1 + change, 0, begin + length)
    np.testing.assert_array_equal(resample_at_speed(sound, 1 + change, begin, begin + length), whole[begin:])


@pytest.mark.parametrize("change", SPEED_CHANGES)
def test_all_times_of_a_recording_shrink_together(change):
    before = recording("a", babble(3, 5), start_us=-2_000_000)
    after = change_speed(before, change)
    assert after.start_us == round(-2_000_000 / (1 + change))
    assert after.duration_us == pytest.approx(before.duration_us / (1 + change), abs=1)
    assert after.samples == pytest.approx(before.samples / (1 + change), abs=1)
    assert (after.angle, after.name, after.rate) == (before.angle, before.name, before.rate)


placements = st.builds(SolvedPlacement, st.floats(-1e5, 1e5), st.floats(-4e-4, 4e-4))


@given(placement=placements, change=st.sampled_from(SPEED_CHANGES), time_s=st.floats(-100.0, 36_000.0))
def test_undoing_a_speed_change_maps_every_moment_as_the_changed_clip_did(placement, change, time_s):
    assert undo_speed_change(placement, change).map_time(time_s) == pytest.approx(
        placement.map_time(time_s / (1 + change)), abs=1e-6
    )


@given(placement=placements, change=st.sampled_from(SPEED_CHANGES))
def test_undoing_a_speed_change_is_inverted_by_the_other_speed(placement, change):
    again = undo_speed_change(undo_speed_change(placement, change), 1 / (1 + change) - 1)
    assert again.offset_s == placement.offset_s
    assert again.slope == pytest.approx(placement.slope, abs=1e-12)


@pytest.mark.parametrize("change", SPEED_CHANGES)
def test_a_bend_that_was_measured_at_another_speed_does_not_hold(change):
    """The answer of a clip at another speed has no curve, so neither may what it was measured from."""
    bent = Recording("b", "clip", RATE, 0, (as_int16(babble(1, 1)),), 1_000_000, curve=(DriftKnot(0, 0),))
    assert change_speed(bent, change).curve == ()
