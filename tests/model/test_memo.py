"""Memos by identity: the right answer for every argument, whatever became of the earlier ones."""

from __future__ import annotations

from dataclasses import replace

from mcsyncd.model.due import index_open_jobs, list_open_jobs
from mcsyncd.model.evolve import apply_event, apply_events, replay_events
from mcsyncd.model.jobs import forget_job_ids
from mcsyncd.model.memo import clear_memos, memoize_by_identity
from simulation import CONTEXT, World


class CountedSum:
    """A function that knows how often it was computed."""

    def __init__(self, size: int) -> None:
        self.computed = 0
        self.add = memoize_by_identity(size)(self._add)

    def _add(self, numbers: tuple[int, ...], start: int) -> int:
        self.computed += 1
        return sum(numbers, start)


def test_the_same_arguments_are_computed_once():
    counted, numbers = CountedSum(8), (1, 2)
    assert [counted.add(numbers, 3), counted.add(numbers, 3)] == [6, 6]
    assert counted.computed == 1
    assert counted.add(numbers, 4) == 7
    assert counted.computed == 2


def test_equal_arguments_are_computed_again():
    counted = CountedSum(8)
    assert counted.add(tuple(range(1, 3)), 3) == counted.add(tuple(range(1, 3)), 3) == 6
    assert counted.computed == 2


def test_an_object_at_the_address_of_an_earlier_one_is_not_taken_for_it():
    counted = CountedSum(3)
    assert [counted.add((number,), 0) for number in range(100)] == list(range(100))


def test_a_full_memo_begins_anew():
    counted, all_numbers = CountedSum(2), [(1,), (2,), (3,)]
    for numbers in all_numbers:
        counted.add(numbers, 0)
    counted.add(all_numbers[2], 0)
    assert counted.computed == 3
    counted.add(all_numbers[0], 0)
    assert counted.computed == 4


def test_nothing_is_remembered_after_it_was_cleared():
    counted, numbers = CountedSum(8), (1,)
    counted.add(numbers, 0)
    clear_memos()
    counted.add(numbers, 0)
    assert counted.computed == 2


def test_remembered_jobs_and_sessions_are_those_that_are_computed_anew():
    """At every event of some schedules: with what the events before left in the memos, and without."""
    events_seen = 0
    for seed in range(6):
        world = World(seed)
        world.run(60)
        for events in world.ledger.values():
            session = stepped = replay_events(events[:1])
            for event in events[1:]:
                session, stepped = apply_events(session, (event,)), apply_event(stepped, event)
                remembered = index_open_jobs(session, CONTEXT.review_below)
                forget_job_ids()
                anew = [replace(job) for job in list_open_jobs(stepped, CONTEXT.review_below)]
                assert session == stepped
                assert list(remembered.items()) == [(job.id, job) for job in anew]
                events_seen += 1
    assert events_seen > 100
