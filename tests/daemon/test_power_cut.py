"""The short form of the power-cut soak: ten cuts on the way of one shoot."""

from __future__ import annotations

import pytest

from mcsyncd.demo.shoot import make_shoot
from power_cut import CHOSEN_EVENTS, can_mount, find_fault, record_cuts

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

_RANDOM_CUTS = 4
"""Beside one after each kind of event that refers to files. The daemon on a copy is a fork; in the soak, it
starts as it does for people. So ten cuts take twice as long as two took."""


@pytest.mark.skipif(not can_mount(), reason="mounting an image needs root and a loop device")
def test_after_a_power_cut_the_same_is_published_and_no_empty_file_is_used(tmp_path):
    shoot = make_shoot(tmp_path / "shoot", seconds=12.0, size=(160, 90))
    cuts, expected = record_cuts(tmp_path, shoot, data="ordered", random_cuts=_RANDOM_CUTS, seed=1)
    assert not expected.faults
    assert len(cuts) == len(CHOSEN_EVENTS) + _RANDOM_CUTS
    faults = {cut.name: find_fault(tmp_path, cut, expected, data="ordered", forked=True) for cut in cuts}
    assert not {name: fault for name, fault in faults.items() if fault}
