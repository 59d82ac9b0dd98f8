"""Where segments go: each gets exactly one result, whatever machines do."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from mcsyncd.workers.handout import LOCAL, Handout, HandoutTerms

TERMS = HandoutTerms(patience_s=30, late_factor=4, late_floor_s=60, first_limit_s=240)


def hand_out(slots, tasks=1):
    handout = Handout(0.0, TERMS)
    handout.set_machines(slots, 0.0)
    for task in range(tasks):
        handout.add_task(task)
    return handout


def places(attempts):
    return [one.place for one in attempts]


def test_a_machine_gets_as_many_tasks_as_it_has_slots():
    handout = hand_out({"a": 2, "b": 1}, tasks=5)
    started = handout.start_attempts(0.0)
    assert sorted(places(started)) == ["a", "a", "b"]
    assert [one.task for one in started] == [0, 1, 2]
    assert handout.start_attempts(1.0) == []
    handout.finish(started[0], 2.0)
    (more,) = handout.start_attempts(2.0)
    assert (more.task, more.place) == (3, started[0].place)


def test_what_fails_on_one_machine_is_tried_on_another_and_then_here():
    handout = hand_out({"a": 1, "b": 1})
    (first,) = handout.start_attempts(0.0)
    handout.fail(first, 1.0)
    (second,) = handout.start_attempts(1.0)
    assert {first.place, second.place} == {"a", "b"}
    handout.fail(second, 2.0)
    (third,) = handout.start_attempts(2.0)
    assert third.place == LOCAL
    assert handout.start_attempts(1e6) == [], "its word is final"


def test_a_task_that_fails_everywhere_does_not_go_through_the_whole_cluster():
    handout = hand_out(dict.fromkeys("abcdefgh", 1))
    for _ in range(TERMS.max_failures):
        (attempt,) = handout.start_attempts(0.0)
        assert attempt.place != LOCAL
        handout.fail(attempt, 0.0)
    (last,) = handout.start_attempts(0.0)
    assert last.place == LOCAL


def test_a_false_result_ends_the_work_of_its_machine():
    handout = hand_out({"a": 1}, tasks=2)
    (first,) = handout.start_attempts(0.0)
    handout.fail(first, 1.0, is_false=True)
    assert handout.start_attempts(2.0) == [], "another machine may come"
    assert places(handout.start_attempts(1.0 + TERMS.patience_s)) == [LOCAL]
    handout = hand_out({"a": 1, "b": 1}, tasks=9)
    first, _ = handout.start_attempts(0.0)
    handout.fail(first, 1.0, is_false=True)
    assert places(handout.start_attempts(2.0)) == []
    assert first.place not in places(handout.start_attempts(1e6))


def test_a_late_task_is_tried_elsewhere_and_the_first_result_counts():
    handout = hand_out({"a": 1, "b": 1}, tasks=2)
    on_a, on_b = handout.start_attempts(0.0)
    handout.finish(on_b, 20.0)
    assert handout.start_attempts(60.0) == [], "four times the median is 80 s, not less than the floor"
    (again,) = handout.start_attempts(81.0)
    assert (again.task, again.place) == (on_a.task, on_b.place)
    assert handout.is_running(on_a)
    assert handout.finish(again, 100.0) == [on_a, again]
    assert not handout.is_running(on_a), "what it returns now no longer counts"


def test_before_anything_is_known_of_the_speed_a_hung_machine_is_late_all_the_same():
    handout = hand_out({"a": 1})
    handout.start_attempts(0.0)
    assert handout.start_attempts(TERMS.first_limit_s) == []
    assert places(handout.start_attempts(TERMS.first_limit_s + 1)) == [LOCAL]


def test_a_machine_that_is_late_time_and_again_gets_no_more_work():
    handout = hand_out({"a": 1, "b": 9}, tasks=60)
    now = 0.0
    for _ in range(TERMS.max_strikes):
        started = handout.start_attempts(now)
        assert "a" in places(started)
        now += 10
        for one in started:
            if one.place == "b":
                handout.finish(one, now)
        now += 500  # all that is left is late now
        for one in handout.start_attempts(now):
            handout.finish(one, now + 10)
    assert "a" not in places(handout.start_attempts(now))


def test_machines_are_not_given_up_because_all_segments_are_long():
    """Minutes of 4K take longer than the first limit on every machine: nobody is slow, then."""
    handout = hand_out({"a": 4, "b": 1}, tasks=9)
    now, done = 0.0, []
    for _ in range(20):
        started = handout.start_attempts(now)
        now += 300.0
        handout.start_attempts(now)
        for one in [one for one in started if one.place != LOCAL and handout.is_running(one)]:
            handout.finish(one, now)
            done.append(one)
    assert sorted(one.task for one in done) == list(range(9))
    assert sum(one.place == "a" for one in done) > 4, "a works on after its first four"


def test_a_success_in_between_clears_a_machine():
    handout = hand_out({"a": 1, "b": 1}, tasks=30)
    tried = []
    for turn in range(10):
        started = handout.start_attempts(float(turn))
        for one in started:
            tried.append(one.place)
            if one.place == "a" and turn % 2:
                handout.fail(one, float(turn))
            else:
                handout.finish(one, float(turn))
    assert tried.count("a") == 10


def test_without_any_machine_this_one_encodes_after_a_while_one_at_a_time():
    handout = hand_out({}, tasks=3)
    assert handout.start_attempts(TERMS.patience_s - 1) == []
    (first,) = handout.start_attempts(TERMS.patience_s)
    assert first.place == LOCAL
    assert handout.start_attempts(TERMS.patience_s + 1) == []
    handout.finish(first, 50.0)
    handout.set_machines({"a": 1}, 50.0)
    assert places(handout.start_attempts(50.0)) == ["a"], "machines are back"


def test_a_lost_machine_counts_against_its_task_and_a_lost_scheduler_does_not():
    handout = hand_out({"a": 1})
    (first,) = handout.start_attempts(0.0)
    assert handout.lose_machines(1.0) == [first]
    handout.set_machines({"a": 1}, 2.0)
    (again,) = handout.start_attempts(2.0)
    assert again.place == "a"
    assert handout.set_machines({"b": 1}, 3.0) == [again]
    assert places(handout.start_attempts(3.0)) == ["b"]


@given(st.integers(0, 2**32), st.integers(1, 12))
def test_no_task_is_lost_and_none_counts_twice(seed, count):
    """Machines come, go, fail, lie and hang at random; at the end each task has had exactly one result."""
    chance = random.Random(seed)  # a test's dice
    handout, now, results, running = Handout(0.0, TERMS), 0.0, [], []
    for task in range(count):
        handout.add_task(task)
    for _ in range(3000):
        now += chance.uniform(0, 40)
        match chance.randrange(12):
            case 0:
                machines = {name: chance.randint(1, 3) for name in "abcd" if chance.random() < 0.7}
                handout.set_machines(machines, now)
            case 1:
                handout.lose_machines(now)
        running += handout.start_attempts(now)
        assert len({(one.task, one.place) for one in running if handout.is_running(one)}) == len(
            [one for one in running if handout.is_running(one)]
        ), "never twice in the same place"
        if not running:
            continue
        attempt = running.pop(chance.randrange(len(running)))
        if not handout.is_running(attempt):
            continue
        dice = chance.random()
        if attempt.place == LOCAL or dice < 0.4:
            results.append(attempt.task)
            handout.finish(attempt, now)
        elif dice < 0.8:
            handout.fail(attempt, now, is_false=dice < 0.5)
        else:
            running.append(attempt)  # it hangs
        if len(results) == count:
            break
    assert sorted(results) == list(range(count))
