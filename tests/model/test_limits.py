from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcsyncd.model.clip import Clip, DropFile
from mcsyncd.model.jobs import Hash, Offload
from mcsyncd.model.limits import JobLimit, compute_output_limit, count_input_bytes, find_overrun

LIMIT = JobLimit(stall_s=60, total_s=600, per_gb_s=100, output_bytes=7, output_per_gb=200)
GB = 1_000_000_000


@pytest.mark.parametrize(
    ("running_s", "stalled_s", "expected"),
    [
        (60, 60, None),
        (61, 61, "stalled"),
        (800, 1, None),
        (801, 1, "too_long"),
        (801, 61, "stalled"),
    ],
)
def test_a_job_is_over_its_limit_only_beyond_it(running_s, stalled_s, expected):
    assert find_overrun(LIMIT, 2 * GB, running_s=running_s, stalled_s=stalled_s) == expected


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.integers(0, 1 << 45))
def test_a_larger_input_never_has_less_time(running_s, stalled_s, size):
    small = find_overrun(LIMIT, size, running_s=running_s, stalled_s=stalled_s)
    large = find_overrun(LIMIT, size + GB, running_s=running_s, stalled_s=stalled_s)
    assert not (small is None and large is not None)


def test_the_input_of_an_offload_is_all_of_its_files():
    files = (DropFile("cam_a", "a.mov", 3, 1), DropFile("cam_b", "b.mov", 4, 1))
    assert count_input_bytes(Offload("s", files)) == 7
    assert count_input_bytes(Hash("s", Clip("cam_a", "a.mov", 5, 1))) == 5


def test_a_larger_input_may_have_a_larger_output():
    assert [compute_output_limit(LIMIT, size) for size in (0, GB, 3 * GB)] == [7, 207, 607]
