"""A copy on a coarse disk has the time of its source; what was written to since has another one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mcsyncd.integrity.file_times import is_same_time

GRAINS_NS = st.sampled_from([1, 100, 10**7, 10**9, 2 * 10**9])
TIMES_NS = st.integers(0, 2**62)


@given(TIMES_NS, GRAINS_NS)
def test_a_time_that_a_disk_has_cut_is_the_same(recorded_ns, grain_ns):
    assert is_same_time(recorded_ns // grain_ns * grain_ns, recorded_ns)


@given(TIMES_NS, st.integers(1, 2**62))
def test_a_later_time_never_is(recorded_ns, later_ns):
    assert not is_same_time(recorded_ns + later_ns, recorded_ns)


@given(TIMES_NS, st.integers(2 * 10**9, 2**62))
def test_nor_is_one_that_is_earlier_by_more_than_any_disk_cuts(recorded_ns, earlier_ns):
    assert not is_same_time(recorded_ns - earlier_ns, recorded_ns)


@given(TIMES_NS, st.integers(1, 99))
def test_nor_one_that_no_disk_would_have_cut(recorded_ns, earlier_ns):
    now_ns = recorded_ns - earlier_ns
    assert is_same_time(now_ns, recorded_ns) == (now_ns % 100 == 0)
