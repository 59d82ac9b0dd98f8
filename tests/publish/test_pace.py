from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mcsyncd.publish.pace import FIRST_LIMIT, MAX_LIMIT, Pace


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_clean_minute_allows_one_more_up_to_the_most():
    clock = Clock()
    pace = Pace(clock)
    assert pace.limit == FIRST_LIMIT
    clock.now += 59
    assert pace.limit == FIRST_LIMIT
    clock.now += 1
    assert pace.limit == FIRST_LIMIT + 1
    assert pace.limit == FIRST_LIMIT + 1, "once, not at every question"
    for _ in range(20):
        clock.now += 60
        assert pace.limit <= MAX_LIMIT
    assert pace.limit == MAX_LIMIT


def test_trouble_halves_and_what_fails_together_counts_once():
    clock = Clock()
    pace = Pace(clock)
    for _ in range(10):
        clock.now += 60
        assert pace.limit
    for _ in range(6):
        pace.note_trouble()
        clock.now += 0.1
    assert pace.limit == MAX_LIMIT // 2
    clock.now += 30
    pace.note_trouble()
    assert pace.limit == MAX_LIMIT // 4
    clock.now += 59
    assert pace.limit == MAX_LIMIT // 4, "a minute after the trouble, not after the last change"
    clock.now += 1
    assert pace.limit == MAX_LIMIT // 4 + 1


@given(st.lists(st.tuples(st.floats(0, 1000), st.booleans()), max_size=60))
def test_it_never_stops_and_never_exceeds(steps):
    clock = Clock()
    pace = Pace(clock)
    for wait_s, trouble in steps:
        clock.now += wait_s
        if trouble:
            pace.note_trouble()
        assert 1 <= pace.limit <= MAX_LIMIT
