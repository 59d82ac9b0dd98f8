"""The job board: waits by the monotonic clock, whatever the wall clock does."""

from __future__ import annotations

from mcsyncd.daemon.job_board import JobBoard
from mcsyncd.model import facts as fa
from mcsyncd.model.decide import BACKOFF_S, DecisionContext, decide
from mcsyncd.model.due import list_due_jobs
from mcsyncd.model.evolve import apply_event
from mcsyncd.model.session import Session
from shoots import AT, DROPPED, OKAFOR, TERMS

THRESHOLD = 0.85


def apply_facts(session: Session, *facts: fa.Fact) -> Session:
    for fact in facts:
        for event in decide(session, fact, DecisionContext(THRESHOLD)):
            session = apply_event(session, event)
    return session


def seal(session_id: str) -> Session:
    return apply_facts(Session(session_id, AT), fa.FilesSettled(AT, DROPPED), fa.Seal(AT, TERMS))


def fail(session: Session) -> Session:
    job = list_due_jobs(session, THRESHOLD)[0]
    return apply_facts(session, fa.JobFailed(AT, job.id, "transient", "full", "make room"))


class Stopwatch:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_failed_job_is_due_again_after_its_wait():
    clock = Stopwatch()
    board = JobBoard(clock)
    session = fail(seal("a"))
    board.post_session(session, THRESHOLD)
    clock.now += BACKOFF_S[0] - 0.1
    board.post_session(session, THRESHOLD)  # whatever else happens to the session does not extend the wait
    assert not board.list_due()
    clock.now += 0.1
    assert [job.session for job in board.list_due().values()] == ["a"]


def test_a_wait_says_how_long_it_lasts():
    clock = Stopwatch()
    board = JobBoard(clock)
    assert board.compute_wait_s("a") is None
    board.post_session(seal("a"), THRESHOLD)
    assert board.compute_wait_s("a") is None
    board.post_session(fail(seal("a")), THRESHOLD)
    clock.now += BACKOFF_S[0] / 4
    assert board.compute_wait_s("a") == BACKOFF_S[0] * 3 / 4
    clock.now += BACKOFF_S[0]
    assert board.compute_wait_s("a") is None


def test_each_failure_begins_a_wait_of_its_own():
    clock = Stopwatch()
    board = JobBoard(clock)
    session = fail(seal("a"))
    board.post_session(session, THRESHOLD)
    clock.now += BACKOFF_S[0]
    board.post_session(fail(session), THRESHOLD)
    clock.now += BACKOFF_S[0]
    assert not board.list_due()


def test_a_persons_retry_ends_the_wait():
    board = JobBoard(Stopwatch())
    session = fail(seal("a"))
    board.post_session(session, THRESHOLD)
    board.post_session(apply_facts(session, fa.Retry(AT, OKAFOR)), THRESHOLD)
    assert board.list_due()


def test_nothing_waits_after_a_restart():
    board = JobBoard(Stopwatch())
    board.post_session(fail(seal("a")), THRESHOLD, resumed=True)
    assert board.list_due()


def test_the_order_is_that_of_opening_and_not_that_of_names():
    board = JobBoard(Stopwatch())
    for name in ("20261123-091502-aaa", "20251123-091502-aaa"):  # the clock was set back between the two
        board.post_session(seal(name), THRESHOLD)
    board.post_session(fail(seal("20261123-091502-aaa")), THRESHOLD, resumed=True)
    assert [job.session for job in board.list_due().values()] == [
        "20261123-091502-aaa",
        "20251123-091502-aaa",
    ]


def test_a_rejected_session_wants_nothing_any_more():
    board = JobBoard(Stopwatch())
    session = seal("a")
    board.post_session(session, THRESHOLD)
    (job_id,) = board.list_due()
    assert board.is_wanted("a", job_id)
    board.post_session(apply_facts(session, fa.Reject(AT, OKAFOR, 0, "again")), THRESHOLD)
    assert not board.is_wanted("a", job_id)
    assert not board.list_due()
