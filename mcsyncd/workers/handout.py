"""Which segment goes to which machine, and when it goes to another one. Without clock, files or network.

A segment is tried once on a machine. What fails there is tried on another one, and at last on this machine,
whose word is final. A late one is tried elsewhere while the first attempt goes on: the first result counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median

LOCAL = ""
"""The place of an attempt on this machine; all others are addresses."""


@dataclass(frozen=True, slots=True)
class HandoutTerms:
    """When something is tried elsewhere. Times in seconds; all are judgement.

    `patience_s`: without any machine for so long, this one encodes. A worker that starts again needs 10 s,
    and a scheduler that is updated 20; longer, and an encoder waits for nothing.
    `late_factor`, `late_floor_s`: an attempt is late after so many times the median of those that
    succeeded, and never before the floor: segments differ, and machines do.
    `first_limit_s`: the same while none has succeeded. Below the ten minutes of `limits.conform.stall`, or
    the whole job would be killed first.
    `max_failures`: attempts of one segment that fail on machines before this one takes it: what kills its
    encoder anywhere must not go through the whole cluster.
    `max_strikes`: failed, late or lost attempts of one machine in a row, for each slot, before it gets no
    more work from this job.
    """

    patience_s: float = 30.0
    late_factor: float = 4.0
    late_floor_s: float = 60.0
    first_limit_s: float = 240.0
    max_failures: int = 3
    max_strikes: int = 3


@dataclass(frozen=True, slots=True)
class SegmentAttempt:
    """One try of one task at one place. `number` tells two of them apart."""

    task: int
    place: str
    number: int


class Handout:
    """The tasks of one job and the machines that they are handed out to. `now` is of a monotonic clock."""

    def __init__(self, now: float, terms: HandoutTerms | None = None) -> None:
        self._terms = terms or HandoutTerms()
        self._slots: dict[str, int] = {}
        self._open: list[int] = []
        """Tasks without a result, in the order in which they came."""
        self._running: dict[SegmentAttempt, float] = {}
        self._late: set[SegmentAttempt] = set()
        self._struck: set[SegmentAttempt] = set()
        self._tried: dict[int, set[str]] = {}
        self._failures: Counter[int] = Counter()
        self._strikes: Counter[str] = Counter()
        self._banned: set[str] = set()
        self._took_s: list[float] = []
        self._alone_since: float | None = now
        self._count = 0

    def add_task(self, task: int) -> None:
        """Take a task over."""
        self._open.append(task)
        self._tried[task] = set()

    def drop_task(self, task: int) -> list[SegmentAttempt]:
        """Forget a task that nobody waits for; return its attempts, which are to be stopped."""
        if task in self._open:
            self._open.remove(task)
        return self._forget_attempts(one for one in self._running if one.task == task)

    def set_machines(self, slots: Mapping[str, int], now: float) -> list[SegmentAttempt]:
        """Note which machines may be used, and how many tasks each takes at a time.

        Returns the attempts on machines that are gone. Each counts as a failure of its task: it may have
        been what killed the machine.
        """
        self._slots = dict(slots)
        self._note_company(now)
        lost = [one for one in self._running if one.place not in slots and one.place != LOCAL]
        for attempt in lost:
            self.fail(attempt, now)
        return lost

    def lose_machines(self, now: float) -> list[SegmentAttempt]:
        """Note that the scheduler is gone; return the attempts that are lost with it, through no fault."""
        self._slots = {}
        self._note_company(now)
        lost = self._forget_attempts(one for one in self._running if one.place != LOCAL)
        for attempt in lost:
            self._tried[attempt.task].discard(attempt.place)
        return lost

    def start_attempts(self, now: float) -> list[SegmentAttempt]:
        """Return the attempts that begin now: late and failed tasks first, then the others in their order."""
        self._note_late_attempts(now)
        started = []
        for task in sorted(self._open, key=lambda one: (not self._tried[one], self._open.index(one))):
            if any(one.task == task and one not in self._late for one in self._running):
                continue
            place = self._choose_place(task, now)
            if place is not None:
                attempt = self._begin_attempt(task, place, now)
                started.append(attempt)
        return started

    def finish(self, attempt: SegmentAttempt, now: float) -> list[SegmentAttempt]:
        """Note a right result; return the other attempts of its task, which are to be stopped."""
        began = self._running.get(attempt)
        if began is not None and attempt.place != LOCAL:
            self._took_s.append(now - began)
            self._strikes[attempt.place] = 0
        return self.drop_task(attempt.task)

    def fail(self, attempt: SegmentAttempt, now: float, *, is_false: bool = False) -> None:
        """Note that an attempt came to nothing. A machine whose result was false gets no more work."""
        if self._running.pop(attempt, None) is None:
            return
        self._late.discard(attempt)
        self._failures[attempt.task] += 1
        self._count_strike(attempt)
        if is_false:
            self._banned.add(attempt.place)
        self._note_company(now)

    def is_running(self, attempt: SegmentAttempt) -> bool:
        """Tell whether the result of an attempt still counts."""
        return attempt in self._running

    @property
    def _usable(self) -> dict[str, int]:
        return {place: slots for place, slots in self._slots.items() if place not in self._banned}

    def _note_company(self, now: float) -> None:
        if self._usable:
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = now

    def _note_late_attempts(self, now: float) -> None:
        terms = self._terms
        limit_s = terms.first_limit_s
        if self._took_s:
            limit_s = max(terms.late_floor_s, terms.late_factor * median(self._took_s))
        self._late = {
            one for one, began in self._running.items() if one.place != LOCAL and now - began > limit_s
        }
        if self._took_s:  # before that, nothing tells a slow machine from long segments
            for attempt in self._late:
                self._count_strike(attempt)
        self._note_company(now)

    def _count_strike(self, attempt: SegmentAttempt) -> None:
        """Hold an attempt against its machine, once."""
        if attempt in self._struck:
            return
        self._struck.add(attempt)
        self._strikes[attempt.place] += 1
        if self._strikes[attempt.place] >= self._terms.max_strikes * self._slots.get(attempt.place, 1):
            self._banned.add(attempt.place)

    def _choose_place(self, task: int, now: float) -> str | None:
        """Return where a task is tried next; None if it waits."""
        usable = self._usable
        if self._failures[task] < self._terms.max_failures:
            untried = [place for place in usable if place not in self._tried[task]]
            free = {place: usable[place] - self._count_running(place) for place in untried}
            if best := max(free, key=lambda place: free[place], default=None):
                return best if free[best] > 0 else None
            if not usable and not self._is_alone_for_long(now):
                return None
        is_taken = LOCAL in self._tried[task] or self._count_running(LOCAL) > 0
        return None if is_taken else LOCAL

    def _is_alone_for_long(self, now: float) -> bool:
        return self._alone_since is not None and now - self._alone_since >= self._terms.patience_s

    def _begin_attempt(self, task: int, place: str, now: float) -> SegmentAttempt:
        self._count += 1
        attempt = SegmentAttempt(task, place, self._count)
        self._running[attempt] = now
        self._tried[task].add(place)
        return attempt

    def _count_running(self, place: str) -> int:
        return sum(one.place == place for one in self._running)

    def _forget_attempts(self, attempts: Iterator[SegmentAttempt]) -> list[SegmentAttempt]:
        gone = list(attempts)
        for attempt in gone:
            del self._running[attempt]
            self._late.discard(attempt)
        return gone
