"""Schedules with faults at every step; `make simulate` and `make soak` run more of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from simulation import Violation, World, run_schedules

ROOT = Path(__file__).parents[2]
CI_SCHEDULES = 10_000
SHARE = 2_500
"""Schedules of one test: about a minute on one core."""


def soak(*options: str) -> subprocess.CompletedProcess[str]:
    """Run the simulation on what other tests leave of the processors: many of them wait most of the time."""
    command = ["nice", "-n", "10", sys.executable, "-m", "soak", "simulation", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("first", range(0, CI_SCHEDULES, SHARE))
def test_nothing_is_lost_doubled_or_stuck_whatever_fails(first):
    # In a process of its own: measuring what it covers would take three times as long.
    done = soak("--seed", str(first), "--schedules", str(SHARE))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].startswith(f"{SHARE} schedules in ")


def test_several_processes_run_every_schedule_once():
    done = soak("--seed", "5", "--schedules", "21", "--steps", "1", "--processes", "2")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("21 schedules in ")


def test_a_schedule_is_the_same_every_time():
    worlds = [World(7), World(7)]
    for world in worlds:
        world.run(120)
    assert worlds[0].ledger == worlds[1].ledger
    assert worlds[0].ledger


def test_the_simulation_finds_a_manifest_that_comes_too_early(monkeypatch):
    """A promise that cannot be broken is not tested."""
    monkeypatch.setattr(World, "_confirm_objects", lambda *_: ())
    with pytest.raises(Violation, match=r"a (manifest|copy) without"):
        run_schedules(range(40), steps=400)


@pytest.mark.parametrize(
    ("place", "fault", "broken"),
    [
        ("decide.BACKOFF_S", (0.0, 0.0, 0.0), "is tried again at once"),
        ("decide.is_follow_up", lambda job: False, "halts a session that does not need it"),
        ("objection_basis.require_revision", lambda *_: None, "an approval of another revision"),
        ("objection._object_to_missing", lambda *_: None, "goes on without an original"),
        ("decide.apply_disposition", lambda session, *_: session.alignment, "took .* off the timeline"),
        ("due.list_head_jobs", lambda session: (), "readers of .* are told"),
        ("session.Session.choose_new_head", lambda *_: None, "readers of .* are told"),
        ("due.split_offset", lambda offset_us, rate: (0, 0), "was rendered for another place"),
        ("schedule._LANES_BY_STORE", frozenset(), "two jobs of a lane ask one store"),
        ("schedule._has_small_upload", lambda jobs: False, "a large file goes out before a small one"),
        ("store_decisions._want_read_back", lambda *_: (), "is finished, and not proven"),
    ],
)
def test_the_simulation_finds_what_breaks_a_promise(monkeypatch, place, fault, broken):
    monkeypatch.setattr(f"mcsyncd.model.{place}", fault)
    with pytest.raises(Violation, match=broken):
        run_schedules(range(600))


def test_a_rule_that_raises_is_found_with_its_seed(monkeypatch):
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("mcsyncd.model.decide._record_result", fail)
    with pytest.raises(Violation, match="seed 3: ZeroDivisionError"):
        run_schedules(range(3, 4))
