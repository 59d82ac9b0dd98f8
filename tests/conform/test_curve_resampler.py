"""Audio that a drift curve moves: each sample in its place, without clicks, and the same bytes anywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from mcsyncd.conform import curve_resampler
from mcsyncd.conform.curve_resampler import CurveResampler
from mcsyncd.conform.grid import SAMPLE_RATE, Grid
from mcsyncd.model.drift_curve import DriftKnot
from mcsyncd.model.rate import Rate

STEEPEST = (DriftKnot(0, 0), DriftKnot(1_500_000, 300), DriftKnot(3_000_000, 0))
GENTLE = tuple(DriftKnot(number * 500_000, number % 2 * 10) for number in range(7))  # 20 ppm, up and down
RUN_S = 3


def bend(curve) -> Grid:
    """The grid of a clip whose line is straight already."""
    return Grid.from_drift(Rate(25), 0, 0.0, curve)


def resample(grid: Grid, samples: np.ndarray, start: int = 0, length: int = 1000) -> tuple[int, np.ndarray]:
    """Pass samples in blocks of a length; return the number of the first that comes out, and all of them."""
    resampler, found = CurveResampler(grid, start), []
    for at in range(0, len(samples), length):
        found += resampler.resample_block(samples[at : at + length])
    found += resampler.flush()
    for (number, block), (next_number, _) in pairwise(found):
        assert number + len(block) == next_number
    return found[0][0], np.concatenate([block for _, block in found])


def sine(hz: float, clip_s: np.ndarray) -> np.ndarray:
    return np.sin(2 * np.pi * hz * clip_s)[:, None]


def clip_times(curve, first: int, count: int) -> np.ndarray:
    """The clip time of each sample of a rendition, worked out by numpy along the knots."""
    knots_s = np.array([(knot.clip_us, knot.clip_us + knot.shift_us) for knot in curve]) / 1e6
    session_s = np.arange(first, first + count) / SAMPLE_RATE
    return np.interp(session_s, knots_s[:, 1], knots_s[:, 0])


def near_knots(curve, first: int, count: int) -> np.ndarray:
    """Which samples lie within a row of a knot."""
    numbers = np.arange(first, first + count)
    knots = [(knot.clip_us + knot.shift_us) * 1e-6 * SAMPLE_RATE for knot in curve]
    return (np.abs(numbers[:, None] - knots) < 17).any(axis=1)


@pytest.mark.parametrize("curve", [STEEPEST, GENTLE], ids=["200 ppm", "20 ppm"])
@pytest.mark.parametrize("hz", [50, 997, 10_000, 20_000])
def test_a_tone_is_moved_with_errors_below_a_hundred_decibels(hz, curve):
    own_s = np.arange(RUN_S * SAMPLE_RATE) / SAMPLE_RATE
    first, heard = resample(bend(curve), sine(hz, own_s).astype(np.float32))
    assert len(heard) in {len(own_s), len(own_s) + 1}

    wrong = (heard - sine(hz, clip_times(curve, first, len(heard))))[100:-100]
    assert 10 * np.log10(2 * np.mean(np.square(wrong[~near_knots(curve, first + 100, len(wrong))]))) < -100
    # At a knot, the delay is rounded off over the 16 samples of a row: a thousandth of a sample.
    assert np.abs(wrong).max() < 2 * np.pi * hz / SAMPLE_RATE * 0.002


@pytest.mark.parametrize("curve", [STEEPEST, GENTLE], ids=["200 ppm", "20 ppm"])
def test_nothing_clicks_at_a_knot(curve):
    """A step of 0.02 samples in a tone of 1 kHz would be heard above 4 kHz, louder than this."""
    own_s = np.arange(RUN_S * SAMPLE_RATE) / SAMPLE_RATE
    _, heard = resample(bend(curve), sine(1000, own_s).astype(np.float32))
    window = np.blackman(1024)
    loudest = 0.0
    for at in range(200, len(heard) - 1224, 256):
        spectrum = np.abs(np.fft.rfft(heard[at : at + 1024, 0] * window)) / window.sum()
        loudest = max(loudest, float(spectrum[86:].max()))  # from 4 kHz on
    assert 20 * np.log10(loudest) < -110


def test_a_shift_of_whole_samples_changes_none_of_them():
    """48 samples are a millisecond; only numbers change, also across blocks and at both ends."""
    noise = np.random.default_rng(1).normal(size=(10_000, 2)).astype(np.float32)
    first, heard = resample(bend((DriftKnot(0, 1000),)), noise, start=-500)
    assert first == -500 + 48
    assert np.array_equal(heard, noise)


@pytest.mark.parametrize("length", [1, 31, 1024, 40_000])
def test_the_bytes_do_not_depend_on_how_the_run_is_passed(length):
    noise = np.random.default_rng(2).normal(size=(20_000, 1)).astype(np.float32)
    first, heard = resample(bend(STEEPEST), noise, start=60_000, length=7000)
    again, other = resample(bend(STEEPEST), noise, start=60_000, length=length)
    assert (first, heard.tobytes()) == (again, other.tobytes())


@pytest.mark.parametrize("drift_ppm", [0.0, -431.7])
def test_runs_that_follow_each_other_leave_no_sample_out(drift_ppm):
    """Runs as short as one sample, too: a change of the format begins a new one, without a gap."""
    grid = Grid.from_drift(Rate(30), 7_001, drift_ppm, STEEPEST)
    at, due = -40, None
    for length in (1, 2, 31, 33, 5000, 1, 90_000, 4096):
        first, heard = resample(grid, np.ones((length, 1), np.float32), start=at)
        assert due is None or first == due
        assert np.abs(heard - 1).max(initial=0.0) < 1e-6, "mirrored at its ends, it stays what it is"
        at, due = at + length, first + len(heard)


def test_each_sample_is_where_the_grid_has_its_clip_time():
    """With drift, phase and curve at once: a pulse comes out at its clip time, to a hundredth of a sample."""
    grid = Grid.from_drift(Rate(30000, 1001), 12_345, 250.0, STEEPEST)
    start = grid.line.compute_sample(Fraction(0))
    for clip_s in (Fraction(1, 3), Fraction(3, 2), Fraction(29, 10)):
        on_line = float(grid.line.compute_session_time(clip_s) * SAMPLE_RATE)
        distances = start + np.arange(RUN_S * SAMPLE_RATE) - on_line
        first, heard = resample(grid, np.exp(-np.square(distances[:, None] / 4)).astype(np.float32), start)
        centre = first + np.arange(len(heard)) @ heard[:, 0] / heard.sum()
        expected = grid.compute_session_time(clip_s) * SAMPLE_RATE
        assert centre == pytest.approx(float(expected), abs=0.01)


def test_the_filter_is_the_windowed_sinc():
    """Summed from series for the sake of the bytes; numpy's own functions say what it must be."""
    table, _ = curve_resampler._build_table()
    places = np.arange(-8, 1024 + 8) / 1024 + 31 - np.arange(64)[:, None]
    wanted = np.sinc(places) * np.i0(12 * np.sqrt(np.maximum(0, 1 - (places / 32) ** 2)))
    assert np.abs(table - wanted / wanted.sum(axis=0)).max() < 1e-12


PRINT_DIGEST = """
import hashlib
import numpy as np
from conform.test_curve_resampler import GENTLE, bend, resample
noise = np.random.default_rng(3).integers(-9999, 9999, (30_000, 2)) / 32768
print(hashlib.sha256(resample(bend(GENTLE), noise.astype(np.float32))[1].tobytes()).hexdigest())
"""


def test_the_bytes_are_those_of_a_cpu_without_vector_instructions():
    """As far as numpy can be told to do without what it found in this one."""
    found = np.show_config("dicts")["SIMD Extensions"].get("found", [])
    digests = {
        subprocess.run(
            [sys.executable, "-c", PRINT_DIGEST],
            env={**os.environ, "PYTHONPATH": "tests", "NPY_DISABLE_CPU_FEATURES": " ".join(features)},
            check=True,
            capture_output=True,
        ).stdout
        for features in ([], found)
    }
    assert len(digests) == 1
