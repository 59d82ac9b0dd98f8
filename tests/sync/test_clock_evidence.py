"""Clocks as evidence: what each miss means, and that they never raise a confidence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearing import RATE, as_int16, babble, clocks, taken
from mcsyncd.model.reason import format_reason
from mcsyncd.sync.clock_evidence import (
    ClockEvidence,
    apply_clock_evidence,
    has_jammed_timecodes,
    weigh_clocks,
)
from mcsyncd.sync.recording import Recording
from mcsyncd.sync.solve import solve_alignment
from reason_texts import texts_of

S = 1_000_000
MINUTE, HOUR, DAY = 60 * S, 3600 * S, 86_400 * S
NOON = 12 * HOUR + 17 * S
THRESHOLD = 0.85


def clip(angle, *, timecode=None, recorded_at=None, duration=90 * S, timecode_lags=False):
    return Recording(angle, "clip", RATE, 0, (), duration, recorded_at, clocks(timecode, lags=timecode_lags))


def by_timecode(miss_us, *, at=NOON, proven=False):
    anchor, other = clip("a", timecode=at), clip("b", timecode=(at + 5 * S + miss_us) % DAY)
    return weigh_clocks(anchor, other, 5 * S, proven=proven)


def by_clock(miss_us):
    anchor, other = clip("a", recorded_at=DAY), clip("b", recorded_at=DAY + 5 * S + miss_us)
    return weigh_clocks(anchor, other, 5 * S, proven=False)


def test_a_missing_clock_gives_no_evidence():
    assert weigh_clocks(clip("a"), clip("b", timecode=NOON, recorded_at=NOON), 0, proven=True) is None


def test_a_timecode_that_agrees_is_reported_across_midnight_too():
    for at in (NOON, DAY - 2 * S):
        evidence = by_timecode(-S // 2, at=at)
        assert not evidence.contradicts
        assert "0.50 s" in format_reason(evidence.reason, {})


def test_a_timecode_against_the_sound_weighs_more_where_others_agree():
    alone, among_proven = by_timecode(3 * HOUR), by_timecode(3 * HOUR, proven=True)
    assert alone.contradicts
    assert among_proven.contradicts
    assert apply_clock_evidence(0.999, among_proven) < THRESHOLD < apply_clock_evidence(0.999, alone) < 0.999
    assert "3.0 h" in format_reason(alone.reason, {})


def test_another_way_of_counting_is_no_contradiction():
    def weigh(miss_us, *, lags):
        anchor = clip("a", timecode=NOON, timecode_lags=lags[0])
        other = clip("b", timecode=NOON + 5 * S + miss_us, timecode_lags=lags[1])
        return weigh_clocks(anchor, other, 5 * S, proven=True)

    # Drop frame against none: 0.1 % of twelve hours is 43 s.
    for lags in ((False, True), (True, False)):
        assert weigh(40 * S, lags=lags) is None
        assert weigh(60 * S, lags=lags).contradicts
    # Two that count alike have no such excuse.
    for lags in ((False, False), (True, True)):
        assert weigh(7 * S, lags=lags).contradicts


def test_a_counter_that_nobody_set_is_no_evidence():
    anchor, other = clip("a", timecode=HOUR), clip("b", timecode=NOON)
    assert weigh_clocks(anchor, other, 0, proven=True) is None


@pytest.mark.parametrize("miss", [0, 100 * S, -100 * S, 90 * S + 100 * S, -90 * S - 100 * S])
def test_recording_times_agree_within_minutes_and_either_end(miss):
    assert not by_clock(miss).contradicts


@pytest.mark.parametrize("hours", [-11, 1, 2, 14])
def test_whole_hours_are_a_time_zone(hours):
    assert by_clock(hours * HOUR + 30 * S) is None


@pytest.mark.parametrize("miss", [5 * MINUTE, -25 * MINUTE, 300 * DAY, -3000 * DAY])
def test_a_clock_set_by_hand_or_never_set_is_no_evidence(miss):
    assert by_clock(miss) is None


@pytest.mark.parametrize("miss", [47 * MINUTE, -3 * HOUR - 20 * MINUTE, 49 * HOUR + 30 * MINUTE, 9 * DAY])
def test_another_time_altogether_asks_for_a_person(miss):
    evidence = by_clock(miss)
    assert evidence.contradicts
    assert apply_clock_evidence(0.999, evidence) < THRESHOLD


def test_an_agreeing_clock_of_the_camera_outweighs_its_contradicting_one():
    anchor = clip("a", timecode=NOON, recorded_at=0)
    agrees = clip("b", timecode=NOON + 5 * S, recorded_at=31 * HOUR)
    assert not weigh_clocks(anchor, agrees, 5 * S, proven=False).contradicts


@given(confidence=st.floats(0, 0.999), odds=st.floats(0.001, 1.0))
def test_clocks_never_raise_a_confidence(confidence, odds):
    assert 0 <= apply_clock_evidence(confidence, ClockEvidence(odds, "")) <= confidence


def test_timecodes_are_proven_by_two_other_angles():
    clips = [clip("a", timecode=NOON), clip("b", timecode=NOON + 5 * S), clip("c", timecode=NOON + HOUR)]
    offsets = [0, 5 * S, 0]
    assert has_jammed_timecodes(clips, offsets, excluded=2)
    assert not has_jammed_timecodes(clips, offsets, excluded=1)
    assert not has_jammed_timecodes(clips, [0, None, 0], excluded=2)


def test_the_same_song_at_two_events_is_for_a_person_where_clocks_tell():
    song = babble(4, 40)

    def take(angle, start_s, seed, recorded_at):
        sound = as_int16(taken(song, start_s, 30, seed=seed))
        return Recording(angle, "clip", RATE, 0, (sound,), 30 * S, recorded_at)

    one_event = [take("a", 2, 1, 0), take("b", 5, 2, 3 * S)]
    two_events = [take("a", 2, 1, 0), take("b", 5, 2, 50 * HOUR + 1000 * S)]
    found = solve_alignment(two_events, "a")
    assert found.confidence < THRESHOLD
    assert found.find_angle("b").offset_us == pytest.approx(3 * S, abs=50)
    assert "2.1 days" in texts_of(found)[0]
    # Without clocks it is as sure as the sound alone makes it, and clocks that agree change nothing.
    by_sound = solve_alignment([take("a", 2, 1, None), take("b", 5, 2, None)], "a")
    assert solve_alignment(one_event, "a").confidence == by_sound.confidence > THRESHOLD
