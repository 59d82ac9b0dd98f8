"""Known-answer cases: the answers are true, what has none has none, and the counts are counted right."""

from __future__ import annotations

from dataclasses import replace
from math import isclose, sqrt

import numpy as np
import pytest

from hearing import RATE, as_int16
from mcsyncd.align.selftest.answer import format_selftest, summarize_selftest
from mcsyncd.align.selftest.cases import WITHOUT_ANSWER, CaseKind, draw_case, list_sources
from mcsyncd.align.selftest.excerpts import MicrophoneChange, SoundExcerpt, change_microphone, read_excerpt
from mcsyncd.align.selftest.material import Material, ProvenPair, is_acceptable
from mcsyncd.align.selftest.run import CheckedFile, SelftestOrder, SelftestResult
from mcsyncd.align.selftest.verdicts import (
    REVIEW_BELOW,
    CaseVerdict,
    Share,
    _measure_error_ms,
    build_bins,
)
from mcsyncd.model.alignment import Alignment, AngleMatch, Placement, SyncMethod
from mcsyncd.model.reason import ReasonCode, build_reason
from mcsyncd.settings.schema import ReviewSettings

COUNT = 60
CLEAN = MicrophoneChange(snr_db=200.0, noise_seed=1)


def material(name="a", seconds=70.0, start_us=0, **more) -> Material:
    return Material(name, (), start_us, round(seconds * RATE), round(seconds * 1e6), **more)


A, B, STRANGER = material(), material("b", 50.0, 40_000), material("c", 30.0, is_other_event=True)
PAIR = ProvenPair(A, B, offset_us=8_250_000.0, drift_ppm=35.0)


def draw_all(seed=1, sources=None):
    sources = sources or list_sources([A, B, STRANGER], [PAIR])
    return [draw_case(sources, seed, number) for number in range(COUNT)]


def event_in(excerpt: SoundExcerpt, pair: ProvenPair, at_s: float) -> float:
    """When an excerpt hears what happens at a time on the clock of the pair's first file."""
    at_s = at_s if excerpt.material is pair.x else pair.unmap_time(at_s)
    return (at_s - excerpt.begin_s) / excerpt.speed


def test_the_answer_puts_every_event_of_both_excerpts_at_one_time():
    """By the contract's formula alone: t_x = offset + t_y · (1 + drift)."""
    solvable = [case for case in draw_all() if case.kind not in WITHOUT_ANSWER]
    assert {case.kind for case in solvable} == {kind for kind in CaseKind if kind not in WITHOUT_ANSWER}
    for case in solvable:
        pair = PAIR if case.kind is CaseKind.CAMERAS else ProvenPair(case.x.material, case.x.material)
        for at_s in (0.0, 31.7, 60.0):
            x_s, y_s = event_in(case.x, pair, at_s), event_in(case.y, pair, at_s)
            assert x_s == pytest.approx(case.offset_us / 1e6 + y_s * (1 + case.drift_ppm * 1e-6), abs=1e-9)


def test_excerpts_with_an_answer_share_eight_seconds_and_others_nothing():
    for case in draw_all():
        if case.kind is CaseKind.OTHER_EVENT:
            assert case.x.material.is_other_event is not case.y.material.is_other_event
            continue
        pair = (
            PAIR if case.x.material is not case.y.material else ProvenPair(case.x.material, case.x.material)
        )
        spans = [(one.begin_s, one.begin_s + one.seconds * one.speed) for one in (case.x, case.y)]
        if case.y.material is pair.y and pair is PAIR:
            spans[1] = tuple(map(pair.map_time, spans[1]))
        shared_s = min(end for _, end in spans) - max(begin for begin, _ in spans)
        if case.kind in WITHOUT_ANSWER:
            assert case.offset_us is None
            assert shared_s < -0.99
        else:
            assert shared_s > 7.99


def test_excerpts_stay_within_the_sound_of_their_files():
    for case in draw_all(seed=5):
        for one in (case.x, case.y):
            assert one.first >= 0
            assert one.begin_s + one.seconds * one.speed <= one.material.end_s + 1 / RATE


def test_a_seed_gives_the_same_cases_and_another_one_others():
    assert draw_all(seed=3) == draw_all(seed=3)
    assert draw_all(seed=3)[:4] != draw_all(seed=4)[:4]


@pytest.mark.parametrize(
    ("materials", "pairs", "kinds"),
    [
        ([A], [], {"cut", "clock", "microphone", "elsewhere"}),
        ([material("short", 15.0)], [], {"cut", "clock", "microphone"}),
        ([A, STRANGER], [], {"cut", "clock", "microphone", "elsewhere", "other_event"}),
        ([A, B], [PAIR], set(CaseKind) - {"other_event"}),
    ],
)
def test_only_kinds_that_the_files_allow_are_drawn(materials, pairs, kinds):
    assert {case.kind for case in draw_all(sources=list_sources(materials, pairs))} == kinds


@pytest.fixture
def clicks(tmp_path):
    """Thirty seconds of silence with a band-limited click every second from 0.5 s on."""
    sound = np.zeros(30 * RATE)
    near = np.arange(-40, 41)
    for second in range(30):
        sound[round((second + 0.5) * RATE) + near] = 0.5 * np.sinc(near / 4) * np.hanning(81)
    path = tmp_path / "clicks.s16"
    as_int16(sound).tofile(path)
    return Material("clicks", (str(path),), 0, sound.size, 30_000_000)


def test_an_excerpt_hears_each_click_when_its_clock_says(clicks):
    excerpt = SoundExcerpt(clicks, 4321, 20 * RATE, CLEAN, drift_ppm=300.0)
    recording = read_excerpt(excerpt, "y")
    heard = np.abs(recording.channels[0].astype(float))
    assert recording.duration_us == 20_000_000
    for second in range(2, 20):
        at = event_in(excerpt, ProvenPair(clicks, clicks), second + 0.5) * RATE
        near = slice(round(at) - 8, round(at) + 9)
        assert np.sum(np.arange(near.start, near.stop) * heard[near] ** 2) / np.sum(heard[near] ** 2) == (
            pytest.approx(at, abs=0.05)
        )


def test_another_microphone_is_louder_or_quieter_inverted_and_noisy():
    sound = 3000 * np.random.default_rng(1).standard_normal(4 * RATE)
    same = change_microphone(sound, CLEAN)
    assert np.abs(same - sound).max() <= 0.5
    half = change_microphone(sound, replace(CLEAN, gain_db=-6.0206, is_inverted=True))
    assert np.abs(half + sound / 2).max() <= 0.6
    noisy = change_microphone(sound, replace(CLEAN, snr_db=10.0))
    assert np.var(noisy - sound) / np.var(sound) == pytest.approx(0.1, rel=0.01)
    assert np.corrcoef(noisy - sound, change_microphone(sound, replace(CLEAN, snr_db=10.0), 1) - sound)[
        0, 1
    ] == pytest.approx(0.0, abs=0.1)
    assert not change_microphone(np.zeros(RATE), replace(CLEAN, snr_db=0.0)).any()


def test_a_response_cuts_low_and_high_tones_by_its_slopes():
    seconds = np.arange(4 * RATE) / RATE
    change = replace(CLEAN, low_cut_hz=200.0, high_cut_hz=1600.0)
    for tone, loss_db in ((100.0, 12.0), (800.0, 0.0), (3200.0, 18.0)):
        sound = 9000 * np.sin(2 * np.pi * tone * seconds)
        heard = change_microphone(sound, change)
        assert 10 * np.log10(np.var(sound) / np.var(heard)) == pytest.approx(loss_db, abs=0.1)


@pytest.mark.parametrize(("count", "of"), [(0, 10), (3, 10), (10, 10), (1, 400)])
def test_the_ends_of_an_interval_are_just_1_96_deviations_away(count, of):
    """What defines Wilson's interval: at its ends, the count is that far from what would be expected."""
    for end in Share(count, of).interval:
        if end in {0.0, 1.0}:
            assert count in {0, of}
            continue
        assert isclose(abs(count / of - end), 1.96 * sqrt(end * (1 - end) / of), rel_tol=1e-9)
    assert Share(0, 0).interval == (0.0, 1.0)


def verdict(confidence, error_ms, *, kind=CaseKind.CUT, accepted=None, number=0):
    case = replace(draw_all()[0], kind=kind, number=number)
    accepted = confidence >= REVIEW_BELOW if accepted is None else accepted
    return CaseVerdict(case, confidence, 1000, error_ms, accepted)


def test_the_worse_end_of_the_overlap_is_judged():
    case = replace(draw_all()[0], offset_us=5_000_000.0, drift_ppm=0.0)
    case = replace(case, x=replace(case.x, samples=30 * RATE), y=replace(case.y, samples=40 * RATE))
    found = AngleMatch("y", (Placement("b", 5_001_000, 100.0),), 0.9)
    # They share 25 s: 1 ms off at the begin, 2.5 ms more at the end.
    assert _measure_error_ms(case, found) == pytest.approx(3.5)
    early = replace(case, offset_us=-20_000_000.0)
    found = AngleMatch("y", (Placement("b", -20_005_000, 100.0),), 0.9)
    # From second 20 to 40 of y: 3 ms too early at the begin, 1 ms at the end.
    assert _measure_error_ms(early, found) == pytest.approx(3.0)
    assert _measure_error_ms(case, AngleMatch("y", (Placement("b", None),), 0.0)) is None


def test_what_is_accepted_without_an_answer_or_beyond_the_tolerance_is_false():
    assert not verdict(0.9, 8.3).is_false_accept
    assert verdict(0.9, 8.4).is_false_accept
    assert verdict(0.9, None, kind=CaseKind.ELSEWHERE).is_false_accept
    assert not verdict(0.84, 500.0).is_false_accept
    assert not verdict(0.99, 500.0, accepted=False).is_false_accept  # a doubt asked for a person


def test_a_doubt_with_a_name_is_no_accept_however_high_the_number():
    angle = AngleMatch("y", (Placement("b", 1000),), 0.97)
    sure = Alignment("x", (AngleMatch("x", (Placement("a", 0),), 1.0), angle), 0.97, SyncMethod.AUDIO_CORR)
    assert is_acceptable(sure, 0.85)
    assert not is_acceptable(sure, 0.98)
    assert not is_acceptable(
        replace(sure, reasons=(build_reason(ReasonCode.SAME_RECORDING, "y", "x"),)), 0.85
    )


def test_the_button_of_the_cases_is_the_button_of_the_settings():
    assert ReviewSettings().review_below == REVIEW_BELOW


def test_each_confidence_is_in_one_bin_and_the_edges_belong_to_the_upper_one():
    values = (0.0, 0.3, 0.5, 0.8499, 0.85, 0.95, 1.0)
    bins = build_bins([verdict(value, 0.1 if value > 0.9 else 99.0) for value in values])
    assert [(one.low, one.right.of, one.right.count) for one in bins] == [
        (0.0, 2, 0), (0.5, 2, 0), (0.85, 1, 0), (0.95, 2, 2)
    ]  # fmt: skip
    assert bins[0].stated == pytest.approx(0.15)


def report(*verdicts) -> str:
    order = SelftestOrder((), (), 7, 60.0, None)
    return format_selftest(SelftestResult(order, (CheckedFile("a", 70.0, ""),), (), verdicts, 61.0))


def test_false_accepts_come_first_with_what_to_listen_to():
    wrong = verdict(0.97, None, kind=CaseKind.ELSEWHERE)
    lines = report(verdict(0.99, 0.2), wrong).splitlines()
    assert lines[0].startswith("false accepts: 1 of 2 cases")
    assert "+1 ms at 97%, they share no moment" in lines[1]
    assert f"{wrong.case.x.begin_s:.1f}" in lines[1]
    assert max(map(len, lines[2:])) <= 100
    assert "\nOn this material, Looks Good was wrong in 1 of 2 cases: listen before you approve.\n" in report(
        verdict(0.99, 0.2), wrong
    )


def test_the_sentence_says_what_a_supervisor_can_rely_on():
    right, held, none = verdict(0.99, 0.2), verdict(0.5, 0.2), verdict(0.0, None, kind=CaseKind.ELSEWHERE)
    assert summarize_selftest([right, right, none]).endswith(
        "in all 2 cases, and none that has an answer was held back."
    )
    assert summarize_selftest([right, held, none]).endswith(
        "1 of 2 that have an answer would go to a person."
    )
    assert "nothing was accepted" in summarize_selftest([held, none])
