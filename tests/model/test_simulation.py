"""Schedules with faults at every step; `make simulate` and `make soak` run more of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from simulation import Violation, World, run_schedules

ROOT = Path(__file__).parents[2]
CI_SCHEDULES = 200


def test_nothing_is_lost_doubled_or_stuck_whatever_fails():
    # In a process of its own: measuring what it covers would take three times as long.
    command = [sys.executable, "-m", "soak", "simulation", "--schedules", str(CI_SCHEDULES)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{CI_SCHEDULES} schedules in ")


def test_a_schedule_is_the_same_every_time():
    worlds = [World(7), World(7)]
    for world in worlds:
        world.run(60)
    assert worlds[0].ledger == worlds[1].ledger
    assert worlds[0].ledger


def test_the_simulation_finds_a_manifest_that_comes_too_early(monkeypatch):
    """A promise that cannot be broken is not tested."""
    monkeypatch.setattr(World, "_confirm_objects", lambda *_: ())
    with pytest.raises(Violation, match="a manifest without"):
        run_schedules(range(40), steps=400)
