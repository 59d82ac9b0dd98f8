"""The short form of the power-cut soak: two cuts on the way of one shoot."""

from __future__ import annotations

import pytest

from mcsyncd.demo.shoot import make_shoot
from power_cut import can_mount, find_fault, record_cuts

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


_EVENTS = ("clip_conformed",)
"""One that refers to files; the soak takes all kinds, and a hundred instants. A cut costs 15 s."""


@pytest.mark.skipif(not can_mount(), reason="mounting an image needs root and a loop device")
def test_after_a_power_cut_the_same_is_published_and_no_empty_file_is_used(tmp_path):
    shoot = make_shoot(tmp_path / "shoot", seconds=12.0, size=(160, 90))
    cuts, expected = record_cuts(tmp_path, shoot, data="ordered", random_cuts=1, seed=1, events=_EVENTS)
    assert not expected.faults
    assert len(cuts) == len(_EVENTS) + 1
    assert not {
        cut.name: fault for cut in cuts if (fault := find_fault(tmp_path, cut, expected, data="ordered"))
    }
