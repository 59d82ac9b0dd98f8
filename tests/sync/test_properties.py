"""Properties of every answer under shift, swap, gain, drift, other cameras and another machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearing import RATE, as_int16, babble, taken, write_sound
from mcsyncd.sync.recording import Recording
from mcsyncd.sync.solve import solve_alignment

SECONDS = 16
few = settings(max_examples=6, derandomize=True, deadline=None)


@cache
def scene(seed: int = 1, seconds: int = 40) -> np.ndarray:
    return babble(seed, seconds)


@cache
def first() -> Recording:
    return recording("a", taken(scene(), 5, SECONDS))


@cache
def heard() -> np.ndarray:
    """What the second camera records, 2.5 s later."""
    return taken(scene(), 7.5, SECONDS, seed=2)


def recording(angle: str, *channels: np.ndarray) -> Recording:
    sounds = tuple(as_int16(channel) for channel in channels)
    return Recording(angle, "clip", RATE, 0, sounds, round(sounds[0].size / RATE * 1e6))


def placed(*recordings: Recording, reference: str = "a", camera: str = "b"):
    return solve_alignment(recordings, reference).find_angle(camera)


@cache
def plain():
    return placed(first(), recording("b", heard()))


def test_the_plain_pair_is_right_and_confident():
    assert plain().offset_us == pytest.approx(2_500_000, abs=20)
    assert plain().confidence > 0.9


@few
@given(shift_us=st.integers(-2_400_000, 2_400_000))
def test_recording_later_moves_the_offset_by_just_that(shift_us):
    """Shifts of any fraction of a sample: the sound itself begins later, not its time stamp."""
    moved = placed(first(), recording("b", taken(scene(), 7.5 + shift_us * 1e-6, SECONDS, seed=2)))
    assert moved.offset_us - shift_us == pytest.approx(2_500_000, abs=20)
    assert moved.drift_ppm == plain().drift_ppm
    assert moved.confidence == pytest.approx(plain().confidence, abs=0.01)


@few
@given(cut=st.integers(0, 3 * RATE))
def test_cutting_off_the_beginning_moves_the_offset_by_just_that(cut):
    moved = placed(first(), recording("b", heard()[cut:]))
    assert moved.offset_us - cut * 1e6 / RATE == pytest.approx(plain().offset_us, abs=20)
    assert moved.drift_ppm == plain().drift_ppm


@few
@given(seed=st.integers(0, 99), later_s=st.floats(-4.0, 4.0))
def test_swapping_the_cameras_flips_the_sign_and_nothing_else(seed, later_s):
    one = recording("a", taken(scene(), 5, SECONDS))
    other = recording("b", taken(scene(), 5 + later_s, SECONDS, seed=seed))
    forth = placed(one, other)
    for back in (
        placed(one, other, reference="b", camera="a"),
        placed(other, one, reference="b", camera="a"),
    ):
        assert back.offset_us == pytest.approx(-forth.offset_us, abs=2)
        assert back.drift_ppm == pytest.approx(-forth.drift_ppm, abs=0.01)
        assert back.confidence == pytest.approx(forth.confidence, abs=0.01)


@few
@given(decibels=st.floats(-40.0, 6.0), polarity=st.sampled_from([-1, 1]))
def test_level_and_polarity_change_nothing(decibels, polarity):
    changed = placed(first(), recording("b", polarity * 10 ** (decibels / 20) * heard()))
    assert changed.offset_us == pytest.approx(plain().offset_us, abs=10)
    assert changed.drift_ppm == plain().drift_ppm
    assert changed.confidence == pytest.approx(plain().confidence, abs=0.01)


@few
@given(before=st.integers(0, 30 * RATE), after=st.integers(0, 30 * RATE))
def test_silence_before_and_after_changes_nothing_but_the_beginning(before, after):
    changed = placed(first(), recording("b", np.pad(heard(), (before, after))))
    assert changed.offset_us + before * 1e6 / RATE == pytest.approx(plain().offset_us, abs=20)
    assert changed.drift_ppm == plain().drift_ppm
    assert changed.confidence == pytest.approx(plain().confidence, abs=0.01)


@cache
def drifting() -> np.ndarray:
    """A minute from a camera whose clock runs 50 ppm off, 3 s after `steady`."""
    return taken(scene(3, 70), 5, 60, drift_ppm=50.0, seed=2)


@cache
def steady() -> Recording:
    return recording("a", taken(scene(3, 70), 2, 60))


@settings(max_examples=3, derandomize=True, deadline=None)
@given(ppm=st.floats(20.0, 200.0), sign=st.sampled_from([-1, 1]))
def test_a_clock_that_runs_off_by_so_much_changes_the_drift_by_so_much(ppm, sign):
    """The sound of one camera, played again by a clock that runs `ppm` off: the drifts multiply."""
    again = recording("b", taken(drifting(), 0, 59.5, drift_ppm=sign * ppm, noise=0.0))
    both = ((1 + 50e-6) * (1 + sign * ppm * 1e-6) - 1) * 1e6
    assert placed(steady(), again).drift_ppm == pytest.approx(both, abs=0.3)


def test_swapping_inverts_the_drift_too():
    """t_a = o + t_b (1 + d) is t_b = -o / (1 + d) + t_a / (1 + d)."""
    other = recording("b", drifting())
    forth, back = placed(steady(), other), placed(steady(), other, reference="b", camera="a")
    assert forth.drift_ppm == pytest.approx(50.0, abs=0.3)
    assert back.drift_ppm == pytest.approx(-forth.drift_ppm / (1 + forth.drift_ppm * 1e-6), abs=0.02)
    assert back.offset_us == pytest.approx(-forth.offset_us / (1 + forth.drift_ppm * 1e-6), abs=2)


@few
@given(seed=st.integers(100, 999), seconds=st.floats(0.5, 30.0), at=st.integers(0, 3))
def test_a_camera_that_saw_something_else_changes_no_digit_of_the_others(seed, seconds, at):
    known = [first(), recording("b", heard()), recording("c", taken(scene(), 3, SECONDS, seed=3))]
    company = list(known)
    company.insert(at, recording("stranger", babble(seed, seconds)))
    with_it, without = solve_alignment(company, "a"), solve_alignment(known, "a")
    for camera in "abc":
        assert with_it.find_angle(camera) == without.find_angle(camera)
    assert with_it.find_angle("stranger").offset_us is None


def test_the_digits_do_not_depend_on_the_machine(tmp_path):
    """One core and one thread, or all cores and four: the same bytes from the command."""
    cores = sorted(os.sched_getaffinity(0))
    stereo = np.stack([taken(scene(), 7.5, SECONDS, drift_ppm=80.0, seed=2), babble(8, SECONDS)])
    files = [
        write_sound(tmp_path / "a.mov", [taken(scene(), 5, SECONDS)[None]], RATE),
        write_sound(tmp_path / "b.mov", [stereo], RATE),
        write_sound(tmp_path / "c.mov", [taken(scene(), 3, SECONDS, seed=3)[None]], RATE),
    ]
    said = {run_on(cores[:1], 1, files), run_on(cores[:2], 2, files), run_on(cores, 4, files)}
    assert len(said) == 1
    assert json.loads(said.pop())["offsets_ms"]["b"] == pytest.approx(2500, abs=0.1)


def run_on(cores: list[int], threads: int, files) -> bytes:
    program = f"import os; os.sched_setaffinity(0, {cores}); from mcsyncd.cli.main import main; main()"
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return subprocess.run(
        [
            sys.executable,
            "-c",
            program,
            "align",
            "--json",
            *(f"{file.stem}={file}" for file in files),
        ],
        env=os.environ | dict.fromkeys(names, str(threads)),
        capture_output=True,
        check=True,
    ).stdout
