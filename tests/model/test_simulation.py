"""Schedules with faults at every step; `make simulate` and `make soak` run more of them."""

from __future__ import annotations

import pytest

from simulation import Violation, World, run_schedules

CI_SCHEDULES = 1_000


def test_nothing_is_lost_doubled_or_stuck_whatever_fails():
    assert run_schedules(range(CI_SCHEDULES)) == CI_SCHEDULES


def test_a_schedule_is_the_same_every_time():
    worlds = [World(7), World(7)]
    for world in worlds:
        world.run(60)
    assert worlds[0].ledger == worlds[1].ledger
    assert worlds[0].ledger


def test_the_simulation_finds_a_manifest_that_comes_too_early(monkeypatch):
    """A promise that cannot be broken is not tested."""
    monkeypatch.setattr(World, "_take_effect", _lose_uploads)
    with pytest.raises(Violation, match="a manifest without"):
        run_schedules(range(50))


_TAKE_EFFECT = World._take_effect


def _lose_uploads(world: World, job) -> None:
    _TAKE_EFFECT(world, job)
    world.store.clear()
