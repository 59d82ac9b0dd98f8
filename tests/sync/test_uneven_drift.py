"""A clock that changes its rate in a long take: the bend is taken out, and no skip passes for one."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache

import numpy as np
import pytest

from hearing import RATE, SURE, as_int16, babble
from mcsyncd.model.drift_curve import compute_shift_us
from mcsyncd.model.named_doubts import list_named_doubts
from mcsyncd.model.reason import ReasonCode
from mcsyncd.sync import measurement, straighten
from mcsyncd.sync.block_cache import BlockCache
from mcsyncd.sync.coarse_search import Line
from mcsyncd.sync.match import Match
from mcsyncd.sync.matching import match_recordings
from mcsyncd.sync.recording import Recording
from mcsyncd.sync.solve import solve_alignment
from mcsyncd.sync.uneven_drift import find_uneven_drift
from mcsyncd.sync.whitening import WhitenedChannel
from mcsyncd.sync.window_correlation import MAX_LAG_SAMPLES

SECONDS, WARMING_S, LATER_S = 480, 120.0, 4.0
"""Eight minutes of a clock that warms up within two are two hours of one that takes half an hour, with
fifteen times the change of rate: the same bend in milliseconds, and as many windows on it."""
HOP, BEFORE, SIZE = 800, 112, 1024


def read_clock(times_s: np.ndarray, ppm: float) -> np.ndarray:
    """When in the scene a clip's time is, for a clock that is `ppm` faster once it is warm."""
    warm_s = times_s + WARMING_S * (np.exp(-times_s / WARMING_S) - 1)
    return LATER_S + times_s * (1 + 20e-6) + ppm * 1e-6 * warm_s


@cache
def scene() -> np.ndarray:
    return babble(1, SECONDS + 20).astype(np.float32)


def hear(ppm: float) -> np.ndarray:
    """What a camera with such a clock records: each tenth of a second moved by its fraction of a sample."""
    hops = np.arange((SECONDS - 10) * RATE // HOP)
    places = read_clock((hops + 0.5) * HOP / RATE, ppm) * RATE - HOP / 2 - BEFORE
    first = np.floor(places).astype(int)
    spectra = np.fft.rfft(np.lib.stride_tricks.sliding_window_view(scene(), SIZE)[first])
    spectra *= np.exp(2j * np.pi / SIZE * np.outer(places - first, np.arange(SIZE // 2 + 1)))
    heard = np.fft.irfft(spectra)[:, BEFORE : BEFORE + HOP].ravel()
    return heard + 0.002 * np.random.default_rng(2).standard_normal(heard.size)


def recording(angle: str, sound: np.ndarray) -> Recording:
    return Recording(angle, "clip", RATE, 0, (as_int16(sound),), round(sound.size / RATE * 1e6))


@cache
def solve(ppm: float):
    return solve_alignment([recording("a", scene()[: SECONDS * RATE]), recording("b", hear(ppm))], "a")


def measure_worst_s(answer, ppm: float, angle: str = "b") -> float:
    """How far the answer is off at the worst moment of the clip."""
    times_s = np.linspace(0, SECONDS - 10, 1000)
    place = answer.find_angle(angle).placements[0]
    shifts_s = [float(compute_shift_us(place.curve, Fraction(round(time * 1e6)))) * 1e-6 for time in times_s]
    found_s = place.offset_us * 1e-6 + times_s * (1 + place.drift_ppm * 1e-6) + shifts_s
    return float(np.abs(found_s - read_clock(times_s, ppm)).max())


def list_codes(answer, angle: str) -> set[ReasonCode]:
    return {one.code for one in answer.find_angle(angle).reasons}


@pytest.mark.parametrize("ppm", [15.0, 30.0, 75.0, -120.0])
def test_a_bend_is_taken_out(ppm):
    """It was said to have skipped, and later that nothing can be done; a person could mend neither."""
    answer = solve(ppm)
    assert answer.confidence >= SURE
    assert not list_named_doubts(answer)
    assert measure_worst_s(answer, ppm) < 1e-3
    curve = answer.find_angle("b").placements[0].curve
    assert bool(curve) is (abs(ppm) > 20)
    assert (ReasonCode.DRIFT_BENDS in list_codes(answer, "b")) is bool(curve)


@pytest.mark.parametrize("ppm", [75.0, -120.0])
def test_what_is_taken_out_is_the_bend(ppm):
    assert measure_worst_s(solve(ppm), ppm) < 0.25e-3


@pytest.mark.parametrize("ppm", [75.0, -120.0])
def test_the_offset_of_a_bent_clip_is_where_it_begins(ppm):
    place = solve(ppm).find_angle("b").placements[0]
    assert compute_shift_us(place.curve, Fraction(0)) == 0
    assert place.offset_us == pytest.approx(LATER_S * 1e6, abs=250)


@cache
def solve_three(ppm: float):
    """The clock of the reference bends; the two others are even."""
    even = scene()[6 * RATE : 6 * RATE + (SECONDS - 20) * RATE]
    noise = 0.002 * np.random.default_rng(4).standard_normal(even.size)
    return solve_alignment(
        [
            recording("a", hear(ppm)),
            recording("b", scene()[: SECONDS * RATE]),
            recording("c", even + noise),
        ],
        "a",
    )


def test_where_the_references_clock_bends_all_others_are_bent_alike():
    answer = solve_three(75.0)
    assert answer.confidence >= SURE
    assert not list_named_doubts(answer)
    b, c = (answer.find_angle(angle).placements[0] for angle in "bc")
    for scene_s in np.linspace(10, SECONDS - 20, 50):
        at_us = [
            place.offset_us
            + (clip_s := scene_s - begin_s) * (1e6 + place.drift_ppm)
            + float(compute_shift_us(place.curve, Fraction(round(clip_s * 1e6))))
            for place, begin_s in ((b, 0), (c, 6))
        ]
        assert at_us[0] == pytest.approx(at_us[1], abs=300)
        assert read_clock(np.array([at_us[0] * 1e-6]), 75.0)[0] == pytest.approx(scene_s, abs=5e-4)


@pytest.mark.parametrize(("lost_ms", "at_s"), [(8.0, 60), (8.0, 400), (30.0, 240), (250.0, 60)])
def test_a_bend_does_not_hide_a_loss(lost_ms, at_s):
    """Something is missing in a clip whose clock bends as well: nobody may take it for right."""
    whole, lost = hear(75.0), round(lost_ms * RATE / 1000)
    cut = np.concatenate([whole[: at_s * RATE], whole[at_s * RATE + lost :]])
    answer = solve_alignment([recording("a", scene()[: SECONDS * RATE]), recording("b", cut)], "a")
    assert answer.confidence < SURE or list_named_doubts(answer)


@pytest.mark.parametrize("ppm", [75.0, -120.0])
def test_a_bend_that_is_not_taken_out_is_called_a_bend_and_no_skip(ppm, monkeypatch):
    """How far off it is said to be is how far off it is."""
    monkeypatch.setattr(measurement, "find_curves", lambda *_: {})
    answer = solve.__wrapped__(ppm)
    bends = [one for one in answer.find_angle("b").reasons if one.code is ReasonCode.UNEVEN_DRIFT]
    assert [(one.subject, one.others) for one in bends] == [("b", ("a",))]
    assert ReasonCode.IN_PIECES not in {one.code for one in answer.reasons}
    off_ms = float(dict(bends[0].values)["off_ms"])
    assert off_ms == pytest.approx(measure_worst_s(answer, ppm) * 1e3, abs=1.0)
    assert bends[0] in list_named_doubts(answer)
    assert answer.confidence < SURE


def test_a_bend_too_steep_for_a_clock_is_left_to_a_person(monkeypatch):
    monkeypatch.setattr(straighten, "check_curve", raise_too_steep)
    answer = solve.__wrapped__(75.0)
    assert ReasonCode.UNEVEN_DRIFT in list_codes(answer, "b")
    assert answer.find_angle("b").placements[0].curve == ()


def raise_too_steep(_curve) -> None:
    raise ValueError("too steep")


@cache
def match_steady() -> Match:
    """The match of five minutes of one clock: what follows moves its windows' peaks."""
    sound, cache_ = scene()[: 300 * RATE], BlockCache()
    channels = [[WhitenedChannel(as_int16(one), cache_)] for one in (sound, sound[4 * RATE :])]
    match = match_recordings(*channels, [Line(4.0, 0.0)])
    assert match is not None
    return match


def move_windows(lags_ms: np.ndarray) -> Match:
    """A match whose windows have their peaks at so many milliseconds off its line."""
    match = match_steady()
    z = np.zeros_like(match.correlations.z)
    for row, lag_ms in enumerate(lags_ms):
        z[row, MAX_LAG_SAMPLES + round(lag_ms * RATE / 1000)] = 25.0
    return replace(match, correlations=replace(match.correlations, z=z))


def count_windows() -> int:
    return match_steady().correlations.times.size


@pytest.mark.parametrize("size_ms", [2.0, 3.5, 5.0, 8.0, 12.0, 30.0])
def test_a_step_is_no_bend(size_ms):
    assert count_windows() > 60
    for at in range(1, count_windows(), 2):
        steps = np.where(np.arange(count_windows()) < at, -size_ms / 2, size_ms / 2)
        assert find_uneven_drift(move_windows(steps)) is None, at


def test_a_line_is_no_bend():
    assert find_uneven_drift(move_windows(np.linspace(-3, 3, count_windows()))) is None


def test_a_curve_is_one_and_noise_is_none():
    bow_ms = 8.0 * np.linspace(-1, 1, count_windows()) ** 2
    found = find_uneven_drift(move_windows(bow_ms))
    assert found is not None
    assert found.off_s == pytest.approx(8e-3, abs=4e-4)
    noise_ms = np.random.default_rng(3).uniform(-8, 8, count_windows())
    assert find_uneven_drift(move_windows(noise_ms)) is None
