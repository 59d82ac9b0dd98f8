"""The job board: the open jobs of all sessions, and since when the failed ones wait.

It is kept up to date session by session, so that one event costs the same with ten sessions and with
ten thousand.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mcsyncd.model.due import index_due_jobs, index_open_jobs
from mcsyncd.model.jobs import Job
from mcsyncd.model.session import Session


@dataclass(frozen=True, slots=True)
class _Wait:
    failures: int
    until: float


@dataclass(frozen=True, slots=True)
class _Posting:
    """What is known of one session. `number` counts the sessions in the order in which they were opened."""

    number: int
    open_jobs: Mapping[str, Job]
    due_jobs: Mapping[str, Job]
    waits: Mapping[str, _Wait]


class JobBoard:
    """Answers which jobs are due and which are still wanted. `clock` gives monotonic seconds.

    Waits are on the monotonic clock: the wall clock may be set while a job waits. A restart forgets
    them, so jobs that failed before it are tried again at once.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._postings: dict[str, _Posting] = {}
        self._numbers: dict[str, int] = {}

    def post_session(self, session: Session, review_below: float, *, resumed: bool = False) -> None:
        """Take in a session as it is now. With `resumed`, its failed jobs do not wait: it is a restart."""
        number = self._numbers.setdefault(session.id, len(self._numbers))
        before = self._postings.pop(session.id, None)
        open_jobs = index_open_jobs(session, review_below)
        if open_jobs:
            self._postings[session.id] = _Posting(
                number,
                open_jobs,
                index_due_jobs(session, review_below),
                self._build_waits(session, before.waits if before is not None else {}, resumed=resumed),
            )

    def _build_waits(
        self, session: Session, before: Mapping[str, _Wait], *, resumed: bool
    ) -> dict[str, _Wait]:
        waits = {}
        for attempt in session.attempts:
            wait = before.get(attempt.job)
            if wait is None or wait.failures != attempt.failures:
                wait = _Wait(attempt.failures, self._clock() + (0.0 if resumed else attempt.wait_s))
            waits[attempt.job] = wait
        return waits

    def list_due(self) -> dict[str, Job]:
        """Return the due jobs by id, those of the session that was opened first at the front."""
        now = self._clock()
        due: dict[str, Job] = {}
        for posting in sorted(self._postings.values(), key=lambda one: one.number):
            for job_id, job in posting.due_jobs.items():
                wait = posting.waits.get(job_id)
                if wait is None or wait.until <= now:
                    due[job_id] = job
        return due

    def compute_wait_s(self, session: str) -> float | None:
        """Return the seconds until a failed job of the session is tried again; None if none waits."""
        posting, now = self._postings.get(session), self._clock()
        if posting is None:
            return None
        waits = (posting.waits[job].until - now for job in posting.due_jobs if job in posting.waits)
        return min((wait_s for wait_s in waits if wait_s > 0), default=None)

    def is_wanted(self, session: str, job_id: str) -> bool:
        """Tell whether the result of a job is still missing."""
        posting = self._postings.get(session)
        return posting is not None and job_id in posting.open_jobs
