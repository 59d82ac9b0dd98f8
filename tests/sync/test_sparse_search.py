"""Sessions of so many recordings that not all pairs are matched: as right and as sure as if all were."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hearing import RATE, SURE, babble, recording, taken
from mcsyncd.model.alignment import Alignment
from mcsyncd.model.reason import ReasonCode
from mcsyncd.sync import measurement, pair_choice
from mcsyncd.sync.confidence_model import FITTED_MODEL
from mcsyncd.sync.graph import Edge, check_loops, solve_graph
from mcsyncd.sync.pair import Pair
from mcsyncd.sync.pair_choice import MIN_SPARSE_ANGLES, should_choose_pairs
from mcsyncd.sync.pulldown import SPEED_CHANGES
from mcsyncd.sync.recording import Recording
from mcsyncd.sync.solve import solve_alignment
from mcsyncd.sync.sparse_search import match_chosen_pairs

SECONDS = 52
REFERENCE = "wide0"
ASKING = {ReasonCode.PAIRS_DISAGREE, ReasonCode.SAME_RECORDING}
"""Reasons that ask for a person whatever the number is."""


def build_session() -> tuple[list[Recording], dict[str, float | None]]:
    """Twenty-one recordings of one event, and where they begin in it; None for one of another event.

    A song of 7 s is heard twice, as loud as all else. `early` hears only the first, `late` only the
    second, so these two fit each other where they never met. `last` overlaps few others. `copy` is another
    card with the sound of `wide3`.
    """
    random = np.random.default_rng(8)
    scene, song = babble(1, SECONDS), babble(77, 7)
    for at in (10, 35):
        scene[at * RATE : at * RATE + song.size] += song
    begins_s: dict[str, float | None] = {f"wide{at}": random.uniform(0, 22) for at in range(16)}
    lengths_s = {angle: random.uniform(20, 28) for angle in begins_s}
    begins_s |= {"early": 7.0, "late": 32.0, "last": 40.0}
    lengths_s |= {"early": 11.0, "late": 11.0, "last": 10.0}
    clips = [
        recording(angle, taken(scene, begin_s, lengths_s[angle], noise=0.01, seed=seed))
        for seed, (angle, begin_s) in enumerate(begins_s.items())
    ]
    clips += [recording("stranger", babble(99, 15)), replace(clips[3], angle="copy")]
    return clips, begins_s | {"stranger": None, "copy": begins_s["wide3"]}


@pytest.fixture(scope="module")
def session():
    return build_session()


@pytest.fixture(scope="module")
def sparse(session) -> Alignment:
    return solve_alignment(session[0], REFERENCE)


@pytest.fixture
def few(session) -> list[Recording]:
    """Twelve of them, with everything that is special."""
    return session[0][:6] + session[0][-6:]


def asks(alignment: Alignment, angle: str) -> bool:
    match = alignment.find_angle(angle)
    return match.confidence < SURE or any(reason.code in ASKING for reason in match.reasons)


def test_every_recording_is_where_it_was(session, sparse):
    begins_s = session[1]
    for angle, begin_s in begins_s.items():
        found = sparse.find_angle(angle).offset_us
        if begin_s is None:
            assert found is None
        else:
            assert found == pytest.approx((begin_s - begins_s[REFERENCE]) * 1e6, abs=50), angle


def test_those_that_must_ask_for_a_person_do(session, sparse):
    """The repeat casts doubt on what it puts together, the copy on itself."""
    assert {"late", "copy", "stranger"} <= {angle for angle in session[1] if asks(sparse, angle)}


def test_answers_and_doubts_are_those_of_all_pairs(few, monkeypatch):
    full, all_pairs = solve_and_count(few, monkeypatch)
    monkeypatch.setattr(pair_choice, "MIN_SPARSE_ANGLES", len(few))
    sparse, chosen = solve_and_count(few, monkeypatch)
    assert chosen < all_pairs
    for angle in (clip.angle for clip in few):
        one, other = full.find_angle(angle), sparse.find_angle(angle)
        assert other.offset_us == (None if one.offset_us is None else pytest.approx(one.offset_us, abs=20))
        assert asks(sparse, angle) or not asks(full, angle), angle
        assert asks(full, angle) or other.confidence == pytest.approx(one.confidence, abs=0.1)


def solve_and_count(clips: list[Recording], monkeypatch) -> tuple[Alignment, int]:
    """Return the answer and the number of pairs that were measured for it."""
    counts: list[int] = []
    find_shares = measurement.find_small_shares

    def count(recordings, pairs, solution):
        counts.append(len(pairs))
        return find_shares(recordings, pairs, solution)

    with monkeypatch.context() as patch:
        patch.setattr(measurement, "find_small_shares", count)
        return solve_alignment(clips, REFERENCE), counts[0]


def test_the_repeat_is_noticed(sparse):
    """The pair that the song puts together is measured and contradicts, so a person hears of it."""
    reasons = sparse.find_angle("late").reasons + sparse.find_angle("early").reasons
    assert ReasonCode.PAIRS_DISAGREE in {reason.code for reason in reasons}


def test_a_copy_is_told_among_many(sparse):
    assert ReasonCode.SAME_RECORDING in {reason.code for reason in sparse.find_angle("copy").reasons}


def test_pairs_are_chosen_from_twenty_angles_with_sound_on():
    sound = babble(1, 1)
    angles = [recording(f"cam_{number}", sound) for number in range(MIN_SPARSE_ANGLES)]
    silent = [replace(one, angle=f"silent_{one.angle}", channels=()) for one in angles]
    assert should_choose_pairs(angles)
    assert not should_choose_pairs([*angles[1:], *silent])
    assert not should_choose_pairs(angles[1:] * 40)  # many clips of few cameras


def test_a_pair_that_was_not_measured_confirms_nothing():
    """Held by one pair, a recording is as sure as that; a chord that agrees makes it surer."""
    link, other, chord = (
        Edge(x, y, 3.0 * (y - x), 0.0, 5.0, 1e-4, 1e-6, 0.8) for x, y in ((0, 1), (0, 2), (1, 2))
    )
    tree = solve_graph(3, 0, [link, other])
    assert check_loops(tree, [link, other], 1, FITTED_MODEL.loop_trust)[0] == pytest.approx(0.8)
    assert check_loops(tree, [link, other, chord], 1, FITTED_MODEL.loop_trust)[0] > 0.85


def test_the_order_of_the_recordings_chooses_no_other_pairs(monkeypatch):
    monkeypatch.setattr(pair_choice, "MIN_SPARSE_ANGLES", 4)
    scene = babble(6, 30)
    clips = [recording(f"c{at}", taken(scene, 2 * at, 12 + at % 3, seed=at)) for at in range(8)]
    there, back = (match_chosen_pairs(order, "c2") for order in (clips, clips[3:] + clips[:3]))
    assert name_pairs(there) == name_pairs(back)
    assert len(there) < 8 * 7 / 2


def name_pairs(pairs: list[Pair]) -> set[frozenset[tuple[str, str]]]:
    return {frozenset(pair.recording_keys) for pair in pairs}


@pytest.mark.parametrize("sparse_from", [3, 20])
def test_a_search_at_other_speeds_reports_too(monkeypatch, sparse_from):
    """Many clips of another event take minutes, and a job that reports nothing is stopped."""
    monkeypatch.setattr(pair_choice, "MIN_SPARSE_ANGLES", sparse_from)
    told: list[float] = []
    scene = babble(9, 8)
    clips = [recording("a", taken(scene, 0, 6)), recording("b", taken(scene, 1, 6))]
    solve_alignment([*clips, recording("stranger", babble(99, 6))], "a", told.append)
    searches = len(SPEED_CHANGES) * len(clips)
    assert told.count(1.0) == 1 + searches
    assert told == sorted(told)


def test_progress_never_falls_and_ends_at_one(monkeypatch):
    monkeypatch.setattr(pair_choice, "MIN_SPARSE_ANGLES", 3)
    told: list[float] = []
    scene = babble(9, 8)
    solve_alignment([recording(angle, taken(scene, 0, 6)) for angle in "abcd"], "a", told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) > 6
