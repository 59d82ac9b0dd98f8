"""The forecast of docs/cluster.md: what more machines can and cannot do."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2]))
from benchmarks.cluster_model import SegmentCosts, forecast_session

COSTS = SegmentCosts(
    segment_s=60.0,
    encode_s=60.0,
    hand_over_s=0.0,
    read_bytes=200e6,
    written_bytes=250e6,
    share_bytes_s=100e6,
    check_bytes_s=1e9,
    analysis_s=20.0,
    stitch_bytes_s=500e6,
)


def forecast(slots, costs=COSTS, clip_s=3600.0):
    return forecast_session(costs, clips=3, clip_s=clip_s, slots=slots)


def test_one_slot_takes_as_long_as_all_segments_and_the_serial_parts():
    alone = forecast(1)
    assert alone.encode_s == 180 * 60.0
    assert alone.stitch_s == pytest.approx(60 * 250e6 / 500e6)
    assert alone.total_s == pytest.approx(20 + 10800 + 30)


def test_slots_help_until_the_share_is_full():
    assert forecast(2).encode_s == 5400
    assert forecast(4).bound_by == "slots"
    full = forecast(64)
    assert (full.bound_by, full.encode_s) == ("share", 180 * 450e6 / 100e6)
    assert forecast(128).total_s == full.total_s
    assert forecast(64, replace(COSTS, share_bytes_s=1e12)).bound_by in {"slots", "stitches"}


def test_a_segment_that_is_begun_takes_its_whole_round():
    assert forecast(7).encode_s == 26 * 60
    assert forecast(1, clip_s=61.0).encode_s == 6 * 60
