"""Rooms whose echoes are stronger than the direct path, and the joint choice for all pairs."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from hearing import RATE, as_int16, taken
from mcsyncd.sync.confidence import compute_direct_path_chance
from mcsyncd.sync.match import Lead
from mcsyncd.sync.measurement import Measurement, compute_clip_confidence, measure_recordings
from mcsyncd.sync.path_choice import MIN_RIVAL_SAMPLES, FirstArrivals, choose_direct_paths
from mcsyncd.sync.recording import Recording
from mcsyncd.sync.window_correlation import MAX_LAG_SAMPLES

SURE = 0.85
STARTS = {"a": 2.0, "b": 3.25, "c": 4.6}
SECONDS = 18
DRY = np.ones(1)


@cache
def strikes() -> np.ndarray:
    """Sounds that begin at once and fade in 30 ms: speech and music have such, hiss has none."""
    random = np.random.default_rng(1)
    count = 26 * RATE
    begins = np.cumsum(random.exponential(RATE / 6, 200)).astype(int)
    loudness = np.zeros(count)
    loudness[begins[begins < count]] = random.uniform(0.2, 1.0, int(np.sum(begins < count)))
    fading = np.exp(-np.arange(RATE // 4) / (0.03 * RATE))
    return 0.06 * np.convolve(loudness, fading)[:count] * random.standard_normal(count)


def room(seed: int) -> np.ndarray:
    """The direct path and nine echoes within 35 ms, some of them stronger."""
    random = np.random.default_rng(seed)
    response = np.zeros(300)
    response[0] = 1.0
    echoes = random.choice(np.arange(20, 280), 9, replace=False)
    response[echoes] = random.choice([-1, 1], 9) * random.uniform(0.3, 1.6, 9)
    return response


def two_paths(later: int, level: float) -> np.ndarray:
    return np.concatenate([[1.0], np.zeros(later - 1), [level]])


def recordings(scene: np.ndarray, rooms: list[np.ndarray]) -> list[Recording]:
    made = []
    for number, (angle, start_s) in enumerate(STARTS.items()):
        heard = np.convolve(scene, rooms[number])[: scene.size]
        channel = as_int16(taken(heard, start_s, SECONDS, seed=number))
        made.append(Recording(angle, "clip", RATE, 0, (channel,), SECONDS * 1_000_000))
    return made


@cache
def spread(seed: int) -> tuple[Recording, ...]:
    return tuple(recordings(strikes(), [room(10 * seed + number) for number in range(3)]))


def misses_ms(measurement: Measurement, root: int) -> dict[str, float]:
    """How far each clip is from its truth, at whichever end of it is worse."""
    zero = STARTS[measurement.recordings[root].angle]
    misses = {}
    for one, placement in zip(measurement.recordings, measurement.solution.placements, strict=True):
        ends = [placement.map_time(time_s) - (STARTS[one.angle] - zero + time_s) for time_s in (0.0, SECONDS)]
        misses[one.angle] = 1e3 * max(map(abs, ends))
    return misses


def highest_peak_ms(x: Recording, y: Recording) -> float:
    """Where a plain whitened correlation of two whole recordings has its highest peak, off the truth."""
    size = 2 * SECONDS * RATE
    cross = np.fft.rfft(x.channels[0], size) * np.fft.rfft(y.channels[0], size).conj()
    lags = np.abs(np.fft.irfft(cross / np.abs(cross)))
    around = round((STARTS[y.angle] - STARTS[x.angle]) * RATE) + np.arange(
        -MAX_LAG_SAMPLES, MAX_LAG_SAMPLES + 1
    )
    return float(np.argmax(lags[around]) - MAX_LAG_SAMPLES) / RATE * 1e3


@pytest.mark.parametrize("seed", [0, 3])
def test_the_direct_paths_are_found_where_no_pair_has_its_highest_peak(seed):
    cameras = spread(seed)
    assert all(abs(highest_peak_ms(cameras[x], cameras[y])) > 1 for x, y in [(0, 1), (0, 2), (1, 2)])
    measurement = measure_recordings(cameras, cameras[0].angle)
    assert max(misses_ms(measurement, 0).values()) < 1
    assert all(compute_clip_confidence(measurement, at)[0] > SURE for at in (1, 2))
    assert set(measurement.choices) == {1, 2}


@pytest.mark.parametrize("order", [(2, 1, 0), (1, 2, 0)])
def test_the_order_of_the_angles_changes_nothing(order):
    cameras = spread(0)
    measurement = measure_recordings([cameras[at] for at in order], cameras[0].angle)
    assert max(misses_ms(measurement, order.index(0)).values()) < 1


def test_dry_recordings_need_no_choice():
    measurement = measure_recordings(recordings(strikes(), [DRY] * 3), next(iter(STARTS)))
    assert measurement.choices == {}
    assert max(misses_ms(measurement, 0).values()) < 1


def test_two_equal_paths_are_told_apart_by_which_comes_first():
    """Each of the eight ways to name one path of each camera closes as well as the true one."""
    measurement = measure_recordings(
        recordings(strikes(), [two_paths(later, 1.0) for later in (90, 150, 230)]), next(iter(STARTS))
    )
    assert max(misses_ms(measurement, 0).values()) < 1


def test_a_choice_that_hardly_leads_costs_confidence():
    clear, even = compute_direct_path_chance(Lead(0.5, 20.0)), compute_direct_path_chance(Lead(0.0, 0.0))
    assert even < SURE < 0.99 < clear
    assert compute_direct_path_chance(Lead(-0.2, -3.0)) < 0.5


def arrive(
    x: int, y: int, peaks: dict[int, float], *, windows: int = 12, scatter: float = 0.01
) -> FirstArrivals:
    """Arrivals whose windows have these heights at these lags, each window with some scatter."""
    random = np.random.default_rng(x + 10 * y)
    table = scatter * random.standard_normal((windows, 2 * MAX_LAG_SAMPLES + 1))
    for lag, height in peaks.items():
        table[:, lag + MAX_LAG_SAMPLES] += height
    return FirstArrivals(x, y, table, np.abs(table.mean(axis=0)))


def test_the_joint_choice_wins_over_the_highest_peak_of_each_pair():
    arrivals = [
        arrive(0, 1, {10: 0.3, -50: 0.4}),
        arrive(0, 2, {40: 0.3, 100: 0.4}),
        arrive(1, 2, {30: 0.3, -200: 0.4}),
    ]
    chosen = choose_direct_paths(0, arrivals)
    assert {node: one.shift_samples for node, one in chosen.items()} == {1: 10, 2: 40}
    assert all(one.lead.share > 0 and one.lead.t > 5 for one in chosen.values())


def test_the_root_stays_and_a_reversed_pair_gives_the_same():
    chosen = choose_direct_paths(
        1,
        [arrive(0, 1, {25: 0.5}), arrive(1, 2, {-60: 0.5}), arrive(0, 2, {-35: 0.5})],
    )
    assert {node: one.shift_samples for node, one in chosen.items()} == {0: -25, 2: -60}


def test_the_runner_up_is_another_peak_not_the_same_one():
    (only,) = choose_direct_paths(
        0, [arrive(0, 1, {80: 0.5, 80 - MIN_RIVAL_SAMPLES: 0.45, 140: 0.3})]
    ).values()
    assert only.shift_samples == 80
    assert only.rival_samples == 60
    # 0.5 against 0.3, of 0.5.
    assert only.lead.share == pytest.approx(0.4, abs=0.05)


def test_clips_are_not_moved_for_what_may_be_chance():
    random = np.random.default_rng(5)
    arrivals = arrive(0, 1, {0: 0.30, 90: 0.31})
    arrivals.coefficients[:, 90 + MAX_LAG_SAMPLES] += 0.3 * random.permutation(np.linspace(-1, 1, 12))
    (only,) = choose_direct_paths(0, [arrivals]).values()
    assert only.shift_samples == 0
    assert only.lead.t < 2


def test_clips_that_no_pair_reaches_are_left_out():
    assert set(choose_direct_paths(0, [arrive(0, 1, {5: 0.5}), arrive(2, 3, {7: 0.5})])) == {1}


@pytest.mark.parametrize("polarity", [1, -1])
def test_each_window_is_signed_so_that_their_mean_is_positive(polarity):
    arrivals = arrive(0, 1, {12: 0.4 * polarity}, scatter=0.0)
    arrivals.coefficients[3, 12 + MAX_LAG_SAMPLES] *= -1
    each = arrivals.select_lag(12)
    assert each.mean() > 0
    assert each[3] == pytest.approx(-0.4)
    assert np.delete(each, 3) == pytest.approx(0.4)


@pytest.mark.parametrize("lag", [-3 * MAX_LAG_SAMPLES, 3 * MAX_LAG_SAMPLES])
def test_beyond_the_reach_the_edge_is_read(lag):
    assert arrive(0, 1, {0: 0.4}).select_lag(lag).shape == (12,)


def test_a_peak_that_is_as_right_is_no_rival():
    """If the direct path is one of two peaks 4 ms apart, both are right to half a frame."""
    (only,) = choose_direct_paths(0, [arrive(0, 1, {0: 0.30, 4 * RATE // 1000: 0.29, 120: 0.10})]).values()
    assert only.shift_samples == 0
    # 0.3 against 0.1, of 0.3.
    assert only.lead.share == pytest.approx(2 / 3, abs=0.05)
