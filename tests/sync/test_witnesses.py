"""Every witness votes: agreement may settle a doubt; one wrong witness makes no wrong answer look good."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearing import RATE, SURE, babble, offset_ms, recording, taken
from mcsyncd.model.alignment import Stance, Vote, Witness
from mcsyncd.model.clip import AnalysisAudio, Media
from mcsyncd.model.events import SessionAligned
from mcsyncd.model.linear_timecode import LtcRun
from mcsyncd.model.rate import Rate
from mcsyncd.model.reason import ReasonCode
from mcsyncd.store.codec import event_from_json, json_from_event
from mcsyncd.sync.recording import Clock, build_recording
from mcsyncd.sync.solve import solve_alignment
from shoots import AT, NTSC, alignment

S = 1_000_000
HOUR = 3600 * S
NOON = 12 * HOUR + 17 * S
LATE_S = 5.0
"""How much later clip b begins than the reference, in truth."""


@pytest.fixture(scope="module")
def scene():
    return babble(1, 60)


def clocks_at(time_us, *, ltc=True, timecode=True):
    named = ((Witness.LINEAR_TIMECODE, ltc), (Witness.TIMECODE, timecode))
    return tuple(Clock(witness, time_us) for witness, wanted in named if wanted)


def solve_pair(sound_a, sound_b, clocks_a, clocks_b, **times):
    clips = [recording("a", sound_a, clocks=clocks_a), recording("b", sound_b, clocks=clocks_b, **times)]
    return solve_alignment(clips, "a")


def stances(found):
    return {(vote.witness, vote.stance) for vote in found.find_angle("b").votes}


def codes_of(found):
    return {reason.code for reason in found.find_angle("b").reasons}


@settings(max_examples=7, deadline=None, derandomize=True)
@given(
    wrong=st.sampled_from(["sound", "linear timecode", "timecode", "recording time", "none"]),
    off_s=st.sampled_from([-7.0, 0.5, 4.0, 2400.0]),
    has_timecode=st.booleans(),
    has_time=st.booleans(),
)
def test_one_wrong_witness_makes_no_wrong_answer_look_good(wrong, off_s, has_timecode, has_time):
    """The sound of two clips, linear timecode, and perhaps more; one of them is off."""
    scene = babble(1, 60)
    off_us = {name: round(off_s * S) if wrong == name else 0 for name in ("linear timecode", "timecode")}
    sound_s = LATE_S + (min(off_s, 8.0) if wrong == "sound" else 0.0)
    late_us = NOON + round(LATE_S * S)
    clocks = (
        *(Clock(Witness.LINEAR_TIMECODE, late_us + off_us["linear timecode"]),),
        *((Clock(Witness.TIMECODE, late_us + off_us["timecode"]),) if has_timecode else ()),
    )
    time_us = round((LATE_S + (off_s if wrong == "recording time" else 0.0)) * S)
    clips = [
        recording("a", taken(scene, 8, 18), clocks=clocks_at(NOON), recorded_at_us=0 if has_time else None),
        recording(
            "b",
            taken(scene, 8 + sound_s, 14, seed=2),
            clocks=clocks,
            recorded_at_us=time_us if has_time else None,
        ),
    ]
    found = solve_alignment(clips, "a")
    angle = found.find_angle("b")
    is_right = abs(offset_ms(found, "b") - LATE_S * 1000) < 8.33
    assert is_right or found.confidence < SURE
    assert any(abs(one.offset_us / S - LATE_S) < 0.15 for one in angle.candidates)
    assert {vote.witness for vote in angle.votes} >= {Witness.SOUND, Witness.LINEAR_TIMECODE}


def repeat_under_speech():
    """Music that repeats every two seconds, and a little else."""
    whole = np.tile(babble(7, 2.0), 30) + 0.09 * babble(8, 60)
    return taken(whole, 8, 30), taken(whole, 8 + LATE_S, 25, seed=2)


def test_jammed_timecode_settles_which_repeat_it_is():
    sounds = repeat_under_speech()
    late_us = NOON + round(LATE_S * S) + 4000
    alone = solve_pair(*sounds, (), ())
    known = solve_pair(*sounds, clocks_at(NOON), clocks_at(late_us))
    assert offset_ms(alone, "b") == offset_ms(known, "b") == pytest.approx(LATE_S * 1000, abs=1)
    assert alone.confidence < SURE < known.confidence <= 0.98
    assert (Witness.LINEAR_TIMECODE, Stance.AGREES) in stances(known)


@pytest.mark.parametrize(
    ("reference_us", "clip_us"),
    [(HOUR, HOUR + 5 * S), (NOON, NOON + 5 * S + 150_000), (NOON, NOON + 9 * S)],
    ids=["never set", "not jammed", "elsewhere"],
)
def test_a_clock_that_is_not_proven_settles_nothing(reference_us, clip_us):
    sounds = repeat_under_speech()
    alone = solve_pair(*sounds, (), ())
    known = solve_pair(*sounds, clocks_at(reference_us), clocks_at(clip_us))
    assert known.confidence <= alone.confidence
    assert (Witness.LINEAR_TIMECODE, Stance.AGREES) not in stances(known)


def add_echo(sound, delay_ms):
    late = round(delay_ms / 1000 * RATE)
    return sound + 1.2 * np.concatenate([np.zeros(late), sound[: sound.size - late]])


@pytest.mark.parametrize(
    ("delay_ms", "ltc", "settles"), [(158, True, True), (61, True, False), (158, False, False)]
)
def test_a_clock_settles_only_echoes_that_it_can_tell_apart(scene, delay_ms, ltc, settles):
    heard = add_echo(taken(scene, 8 + LATE_S, 25, seed=2), delay_ms)
    late = clocks_at(NOON + round(LATE_S * S), ltc=ltc)
    found = solve_pair(taken(scene, 8, 30), heard, clocks_at(NOON, ltc=ltc), late)
    assert offset_ms(found, "b") == pytest.approx(LATE_S * 1000, abs=1)
    assert (found.confidence > SURE) == settles
    assert ReasonCode.ECHO in codes_of(found)


def test_linear_timecode_against_the_sound_is_for_a_person_and_both_are_candidates(scene):
    sounds = taken(scene, 8, 30), taken(scene, 8 + LATE_S, 25, seed=2)
    found = solve_pair(*sounds, clocks_at(NOON, timecode=False), clocks_at(NOON + 12 * S, timecode=False))
    assert found.confidence < SURE
    assert stances(found) == {
        (Witness.SOUND, Stance.AGREES),
        (Witness.LINEAR_TIMECODE, Stance.CONTRADICTS),
    }
    offsets_s = [one.offset_us / S for one in found.find_angle("b").candidates]
    assert offsets_s[0] == pytest.approx(LATE_S, abs=1e-3)
    assert 12.0 in offsets_s


def test_without_sound_every_clock_is_a_candidate(scene):
    clips = [
        recording("a", taken(scene, 5, 30), clocks=clocks_at(NOON), recorded_at_us=0),
        recording("b", clocks=clocks_at(NOON + 4 * S), recorded_at_us=500 * S),
    ]
    found = solve_alignment(clips, "a")
    assert found.confidence < SURE
    assert [one.offset_us for one in found.find_angle("b").candidates] == [4 * S, 500 * S]
    assert (Witness.LINEAR_TIMECODE, Stance.AGREES) in stances(found)


def test_a_clips_own_clocks_may_disagree(scene):
    sounds = taken(scene, 8, 30), taken(scene, 8 + LATE_S, 25, seed=2)
    both = Clock(Witness.LINEAR_TIMECODE, NOON + 5 * S), Clock(Witness.TIMECODE, NOON + 300 * S)
    found = solve_pair(*sounds, clocks_at(NOON), both)
    assert ReasonCode.CLOCKS_DISAGREE in codes_of(found)
    assert found.confidence > SURE


def ltc_run(begin_us, end_us, label):
    return LtcRun(begin_us, end_us, label, Rate(25, 1), 0.0)


@pytest.mark.parametrize(("label", "jumps"), [("10:00:20:00", False), ("10:00:23:00", True)])
def test_linear_timecode_that_jumps_is_a_doubt(scene, label, jumps):
    runs = (ltc_run(0, 20 * S, "10:00:00:00"), ltc_run(20 * S, 25 * S, label))
    media = Media("wav", 25 * S, None)
    audio = AnalysisAudio(RATE, 0, 25 * RATE, (), "", ltc=runs)
    read = build_recording("b", "clip", media, audio, ())
    assert (read.jump_us == 3 * S) == jumps
    sound = recording("b", taken(scene, 8 + LATE_S, 25, seed=2))
    clips = [recording("a", taken(scene, 8, 30)), replace(sound, jump_us=read.jump_us)]
    found = solve_alignment(clips, "a")
    assert (ReasonCode.TIMECODE_JUMPS in codes_of(found)) == jumps
    assert (found.confidence < SURE) == jumps


def test_votes_survive_the_ledger_and_old_rows_have_none():
    vote = Vote("clip", "a", Witness.TIMECODE, 5 * S, 30_000, Stance.UNDECIDED)
    whole = alignment()
    angle = replace(whole.angles[-1], votes=(vote,))
    event = SessionAligned(AT, 1, replace(whole, angles=(*whole.angles[:-1], angle)), NTSC)
    text = json_from_event(event)
    assert event_from_json(text) == event
    old = text.replace(text[text.index(',"votes":[{') : text.index("]", text.index(',"votes":[{')) + 1], "")
    assert event_from_json(old).alignment.angles[-1].votes == ()
