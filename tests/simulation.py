"""A deterministic simulation of the daemon's decisions: the real rules, a fake disk, clock and store.

`decide`, the order of jobs, the retries and the publishing plan are the product's own. Time passes in
jumps, jobs end in any order, and everything may fail at every step: a job, the write of the ledger, the
whole daemon, before or after an effect on the store. A seed gives the same schedule for good.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

from mcsyncd.daemon.job_board import JobBoard
from mcsyncd.model import facts as fa
from mcsyncd.model.clip import DropFile
from mcsyncd.model.decide import DecisionContext, decide
from mcsyncd.model.events import Event, SessionOpened
from mcsyncd.model.evolve import apply_events, replay_events
from mcsyncd.model.holding import Evidence, Holding
from mcsyncd.model.jobs import (
    Job,
    PointHead,
    PublishCopy,
    PublishManifest,
    ReadBack,
    Upload,
    find_store_name,
)
from mcsyncd.model.publishing import HeadState, StoreHead
from mcsyncd.model.schedule import Lane, choose_jobs, choose_lane, list_yielding_jobs
from mcsyncd.model.session import HALTED, Session, State
from mcsyncd.model.store_jobs import list_published_keys
from shoots import AT, DROPPED, OKAFOR, RUIZ, TERMS, result_of

REVIEW_BELOW = 0.85
SLOTS = {
    Lane.INGEST: 2,
    Lane.ANALYSIS: 2,
    Lane.HASHING: 1,
    Lane.ENCODING: 2,
    Lane.PUBLISHING: 2,
    Lane.BULK_UPLOAD: 1,
    Lane.COPYING: 2,
    Lane.READING_BACK: 2,
}
FURTHER = ("nas",)
CONTEXT = DecisionContext(REVIEW_BELOW, "c" * 64, FURTHER, reads_back=True)
LATER = "2027-01-01T00:00:00.000000Z"
"""A day on which everything that happens in a schedule, at `AT`, is long ago."""
FAILURES: tuple[fa.FailureKind, ...] = ("transient", "crash", "final", "changed", "corrupt")
CALM_STEPS = 400
"""Steps without faults after which every session must have arrived: three sessions of some 20 jobs each."""


class Violation(AssertionError):
    """A promise that a schedule broke; the message says which, and with which seed."""


@dataclass
class World:
    """The daemon and everything around it. A crash leaves `ledger`, `stores`, `manifests` and `heads`."""

    seed: int
    fault_rate: float = 0.25
    now: float = 0.0
    ledger: dict[str, list[Event]] = field(default_factory=dict)
    stores: dict[str, dict[str, str]] = field(default_factory=lambda: {name: {} for name in ("", *FURTHER)})
    manifests: dict[str, dict[int, Session]] = field(default_factory=dict)
    heads: dict[tuple[str, str], StoreHead] = field(default_factory=dict)
    """What each store tells of each session."""
    sessions: dict[str, Session] = field(default_factory=dict)
    running: dict[str, Job] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.board = JobBoard(lambda: self.now)
        self._replayed: dict[str, tuple[int, Session]] = {}

    def run(self, steps: int) -> None:
        """Run a schedule with faults, then calm weather until every session has arrived."""
        for _ in range(steps):
            self._take_step()
            self._check()
        self.fault_rate = 0.0
        for _ in range(CALM_STEPS):
            if self._has_arrived():
                return
            self._settle_down()
            self._check()
        raise Violation(f"seed {self.seed}: stuck in {[one.state for one in self.sessions.values()]}")

    def _has_arrived(self) -> bool:
        return all(one.is_finished for one in self.sessions.values())

    def _take_step(self) -> None:
        steps = [self._drop_shoot, self._seal, self._end_job, self._end_job, self._end_job, self._pass_time]
        steps += [self._decide_something, self._drop_again, self._crash, self._lose_object, self._look_after]
        self.chance.choice(steps)()
        self._start_jobs()

    def _settle_down(self) -> None:
        """What people and time do when nothing fails any more."""
        self.now += 100.0
        for session in list(self.sessions.values()):
            if session.state is State.COLLECTING:
                self._submit(session.id, fa.FilesSettled(AT, DROPPED))
                self._submit(session.id, fa.Seal(AT, TERMS))
            elif session.state in HALTED:
                self._submit(session.id, fa.Retry(AT, OKAFOR))
            elif session.state is State.IN_REVIEW:
                self._submit(session.id, fa.Approve(AT, OKAFOR, session.revision))
            elif session.state is State.PUBLISHED and not session.is_finished:
                self._repair(session)
                self._submit(session.id, fa.LookAfterStores(AT, FURTHER, None, LATER))
        self._start_jobs()
        for _ in range(len(self.running)):
            self._end_job()

    def _drop_shoot(self) -> None:
        if len(self.sessions) < 3 and not any(s.state is State.COLLECTING for s in self.sessions.values()):
            name = f"session-{len(self.sessions)}"
            self._record(Session(name, AT), (SessionOpened(AT, name),), opening=True)
        for session in self.sessions.values():
            if session.state is State.COLLECTING:
                self._submit(session.id, fa.FilesSettled(AT, DROPPED[: self.chance.randint(0, 4)]))
                return

    def _seal(self) -> None:
        for session in list(self.sessions.values()):
            self._submit(session.id, fa.Seal(AT, TERMS))

    def _repair(self, session: Session) -> None:
        """What `storage repair` does."""
        for holding in session.holdings:
            hashes = {one.key: one.sha256 for one in holding.stored}
            self.stores[holding.store] |= {one.key: hashes[one.key] for one in holding.damaged}

    def _look_after(self) -> None:
        session = self._pick_session()
        if session is not None:
            further = self.chance.choice([FURTHER, FURTHER, ()])
            before = self.chance.choice([None, LATER])
            self._submit(session.id, fa.LookAfterStores(AT, further, before, self.chance.choice([AT, LATER])))

    def _pass_time(self) -> None:
        self.now += self.chance.choice([1.0, 10.0, 60.0])

    def _pick_session(self) -> Session | None:
        return self.chance.choice(list(self.sessions.values())) if self.sessions else None

    def _decide_something(self) -> None:
        session = self._pick_session()
        if session is None:
            return
        revision = session.revision - self.chance.choice([0, 0, 0, 1])
        by = self.chance.choice([OKAFOR, RUIZ])
        decisions: list[fa.Fact] = [
            *[fa.Approve(AT, by, revision)] * 4,
            fa.Reject(AT, by, revision, "the wrong shoot"),
            *[fa.Reopen(AT, by, revision, "again")] * 2,
            fa.Nudge(AT, by, revision, "cam_b", self.chance.randint(-(10**6), 10**6)),
            fa.Retry(AT, by),
            fa.Resync(AT, by, revision, TERMS),
            fa.ReturnOriginals(AT, by),
        ]
        self._submit(session.id, self.chance.choice(decisions))

    def _drop_again(self) -> None:
        session = self._pick_session()
        if session is None or not session.clips:
            return
        clip = self.chance.choice(session.clips)
        size = clip.bytes + self.chance.randint(0, 9)
        file = DropFile(clip.camera, clip.name, size, self.chance.randint(1, 9))
        relation = self.chance.choice(["fuller", "continued", "differing", "replacement"])
        self._submit(session.id, fa.ClipDroppedAgain(AT, clip.key, file, relation))

    def _crash(self) -> None:
        """The power goes: what was running is gone, and the sessions are what the ledger says."""
        self.running.clear()
        self.board = JobBoard(lambda: self.now)
        self.sessions = {name: self._replay_ledger(name) for name in self.ledger}
        for session in self.sessions.values():
            self.board.post_session(session, REVIEW_BELOW, resumed=True)

    def _replay_ledger(self, name: str) -> Session:
        """Read a session back. What was read before goes on from there: a ledger only grows."""
        count, session = self._replayed.get(name, (0, None))
        events = tuple(self.ledger[name][count:])
        session = replay_events(events) if session is None else apply_events(session, events)
        self._replayed[name] = count + len(events), session
        return session

    def _start_jobs(self) -> None:
        for job_id, job in list(self.running.items()):
            if not self.board.is_wanted(job.session, job_id):
                del self.running[job_id]
        held = Counter(choose_lane(job) for job in self.running.values())
        free = {lane: count - held[lane] for lane, count in SLOTS.items()}
        due = [job for job_id, job in self.board.list_due().items() if job_id not in self.running]
        for job in list_yielding_jobs(due, self.running.values()):
            del self.running[job.id]
        for job in choose_jobs(due, self.running.values(), free):
            self.running[job.id] = job

    def _end_job(self) -> None:
        if not self.running:
            return
        job_id = self.chance.choice(list(self.running))
        job = self.running.pop(job_id)
        if self.chance.random() < self.fault_rate:
            kind = self.chance.choice(FAILURES)
            self._submit(job.session, fa.JobFailed(AT, job_id, kind, "it failed", "mend it"))
            return
        if isinstance(job, PublishManifest | PublishCopy) and (lost := self._confirm_objects(job)):
            self._submit(job.session, fa.StoredObjectsLost(AT, job_id, lost, "no longer in the store"))
            return
        self._take_effect(job)
        if self.chance.random() < self.fault_rate / 4:
            self._crash()  # after the effect and before its record
            return
        result = result_of(job, self.chance.choice([0.3, 0.92]))
        if isinstance(job, ReadBack) and job.object.key not in self.stores[job.store]:
            result = Evidence(job.object.key, is_right=False, is_due=False, message="not in the store")
        self._submit(job.session, fa.JobFinished(AT, job_id, result))

    def _confirm_objects(self, job: PublishManifest | PublishCopy) -> tuple[str, ...]:
        """What the job does first: ask the store, and return the keys that it no longer has."""
        return self._list_missing(job)

    def _list_missing(self, job: PublishManifest | PublishCopy) -> tuple[str, ...]:
        """The keys that the store does not have, of those that the manifest is to name."""
        if isinstance(job, PublishCopy):
            return tuple(one.key for one in job.stored if one.key not in self.stores[job.store])
        publishing = job.snapshot.publishing
        if publishing is None or publishing.plan is None:
            raise Violation(f"seed {self.seed}: a manifest without a plan")
        return tuple(one.key for one in publishing.plan.uploads if one.key not in self.stores[""])

    def _lose_object(self) -> None:
        """Somebody deletes an object from a store."""
        store = self.stores[self.chance.choice(list(self.stores))]
        if store:
            del store[self.chance.choice(list(store))]

    def _take_effect(self, job: Job) -> None:
        if isinstance(job, Upload):
            if self.stores[job.store].setdefault(job.object.key, job.object.sha256) != job.object.sha256:
                raise Violation(f"seed {self.seed}: {job.object.key} has two contents")
        elif isinstance(job, PointHead):
            self.heads[job.store, job.session] = job.head
        elif isinstance(job, PublishCopy):
            if missing := self._list_missing(job):
                raise Violation(f"seed {self.seed}: a copy without {missing[0]}")
            if job.publication.revision not in self.manifests[job.session]:
                raise Violation(f"seed {self.seed}: a copy of what the main store does not have")
            head = StoreHead(HeadState.CURRENT, job.publication.revision)
            self.heads[job.store, job.session] = head
        elif isinstance(job, PublishManifest):
            snapshot = job.snapshot
            if missing := self._list_missing(job):
                raise Violation(f"seed {self.seed}: a manifest without {missing[0]}")
            self.heads["", job.session] = StoreHead(HeadState.CURRENT, snapshot.revision)
            if snapshot.approval is None or snapshot.approval.revision != snapshot.revision:
                raise Violation(f"seed {self.seed}: a manifest of what nobody approved")
            self.manifests.setdefault(job.session, {})[snapshot.revision] = snapshot

    def _submit(self, name: str, fact: fa.Fact) -> None:
        before = self.sessions[name]
        self._record(before, decide(before, fact, CONTEXT))

    def _record(self, before: Session, events: tuple[Event, ...], *, opening: bool = False) -> None:
        if not events or self.chance.random() < self.fault_rate / 8:
            return  # the ledger cannot be written: nothing has happened, and the job is due again
        after = apply_events(before, events[1:] if opening else events)
        self.ledger.setdefault(before.id, []).extend(events)
        self.sessions[before.id] = after
        self.board.post_session(after, REVIEW_BELOW)

    def _check(self) -> None:
        lanes = [(choose_lane(job), job) for job in self.running.values()]
        held = Counter(lane for lane, _ in lanes)
        if any(count > SLOTS[lane] for lane, count in held.items()):
            raise Violation(f"seed {self.seed}: a lane has more jobs than slots")
        for lane in (Lane.COPYING, Lane.READING_BACK):
            asked = [find_store_name(job) for of, job in lanes if of is lane]
            if len(asked) > len(set(asked)):
                raise Violation(f"seed {self.seed}: two jobs of {lane} ask one store at a time")
        if len({job.session for lane, job in lanes if lane is Lane.ENCODING}) > 1:
            raise Violation(f"seed {self.seed}: two sessions are encoded at a time")
        for session in self.sessions.values():
            self._check_session(session)

    def _check_session(self, session: Session) -> None:
        approval = session.approval
        if approval is not None and approval.revision != session.revision:
            raise Violation(f"seed {self.seed}: an approval of another revision")
        if session.state is State.PUBLISHED:
            published = self.manifests[session.id].get(session.revision)
            if published is None or published.clips != session.clips:
                raise Violation(f"seed {self.seed}: published is not what was approved")
        if session.is_finished:
            for holding in session.holdings:
                self._check_holding(session, holding)

    def _check_holding(self, session: Session, holding: Holding) -> None:
        """What a finished session must have in each of its stores."""
        store = holding.store or "the main store"
        told, wanted = self.heads.get((holding.store, session.id)), session.wanted_head
        if wanted is not None and (
            told is None or (told.state, told.revision) != (wanted.state, wanted.revision)
        ):
            raise Violation(f"seed {self.seed}: readers of {store} are told {told}, not {wanted}")
        if session.state is State.PUBLISHED and not holding.holds_right(list_published_keys(session)):
            raise Violation(f"seed {self.seed}: {session.id} is finished, and not proven in {store}")


def run_schedules(seeds: range, steps: int = 60) -> int:
    """Run a schedule for each seed and return how many there were. Raises Violation."""
    for seed in seeds:
        world = World(seed)
        world.run(steps)
        for name, events in world.ledger.items():
            if replay_events(events) != world.sessions[name]:
                raise Violation(f"seed {seed}: {name} is not what its events say")
    return len(seeds)
