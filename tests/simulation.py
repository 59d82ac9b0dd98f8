"""A deterministic simulation of the daemon's decisions: the real rules, a fake disk, clock and store.

`decide`, the order of jobs, the retries and the publishing plan are the product's own. Time passes in
jumps, jobs end in any order, and everything may fail at every step: a job, the write of the ledger, the
whole daemon, before or after an effect on the store. A seed gives the same schedule for good.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from mcsyncd.daemon.job_board import JobBoard
from mcsyncd.model import facts as fa
from mcsyncd.model.alignment import Alignment
from mcsyncd.model.clip import Clip, Digest
from mcsyncd.model.decide import DecisionContext, decide
from mcsyncd.model.events import Event
from mcsyncd.model.evolve import apply_events, replay_events
from mcsyncd.model.holding import Evidence
from mcsyncd.model.jobs import (
    Align,
    ClipJob,
    Conform,
    EmptyTrash,
    Hash,
    Job,
    Offload,
    PlanPublishing,
    Probe,
    PublishCopy,
    PublishManifest,
    ReadBack,
    TrashOriginals,
    Upload,
    find_store_name,
)
from mcsyncd.model.losses import list_derived_results
from mcsyncd.model.publishing import PlannedObject, PublishingPlan
from mcsyncd.model.schedule import Lane, choose_jobs, choose_lane, list_yielding_jobs
from mcsyncd.model.session import Session
from promises import Promises, Violation, find_true_offset, hash_content
from shoots import AT, alignment, result_of
from simulated_people import SimulatedPeople
from simulated_stores import SimulatedStores

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
CONTEXT = DecisionContext(0.85, "c" * 64, FURTHER, reads_back=True)
CONTEXTS = (CONTEXT, replace(CONTEXT, review_below=0.2), replace(CONTEXT, further=()))
"""The settings that a daemon starts with: an operator changes them while it is away."""
FAILURES: tuple[fa.FailureKind, ...] = ("transient", "crash", "final", "changed", "corrupt")
FAULT_RATES = (0.02, 0.1, 0.25)
"""One for each schedule: with many faults, hardly a session is published before the weather is calm."""
SEEDED_WEIGHTS = (0, 1, 1, 3)
"""How often each kind of step comes, drawn for each schedule. What never comes hides nothing of the rest
(swarm testing: Groce et al., ISSTA 2012)."""
SESSION_COUNTS = (1, 1, 2, 3)
"""Sessions of a schedule, at most: the fewer, the more happens to each."""
STUBBORN = (None, None, None, Probe, Conform, Upload, PublishManifest, PublishCopy, ReadBack)
"""The kind of job that crashes each time before the weather is calm, in one schedule of a few."""
FORGETFUL = (None, None, None, None, "", *FURTHER)
"""The store that loses an object each time before a manifest is to name it, in one schedule of a few."""
CALM_STEPS = 400
"""Steps without faults after which every session must have arrived: three sessions of some 20 jobs each."""


@dataclass
class World:
    """The daemon and everything around it. A crash leaves `ledger`, `originals` and `stores`."""

    seed: int
    now: float = 0.0
    slots: Mapping[Lane, int] = field(default_factory=lambda: SLOTS)
    ledger: dict[str, list[Event]] = field(default_factory=dict)
    further: tuple[str, ...] = FURTHER
    originals: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    """Size and time of each, by session and clip."""
    sessions: dict[str, Session] = field(default_factory=dict)
    running: dict[str, Job] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.fault_rate = self.chance.choice(FAULT_RATES)
        self.most_sessions = self.chance.choice(SESSION_COUNTS)
        self.stubborn = self.chance.choice(STUBBORN)
        self.forgetful = self.chance.choice(FORGETFUL)
        self.context = CONTEXT
        self.board = JobBoard(lambda: self.now)
        self.stores = SimulatedStores({name: {} for name in ("", *self.further)})
        self.people = SimulatedPeople(self)
        self.promises = Promises(self)
        self._replayed: dict[str, tuple[int, Session]] = {}
        self._ended: list[tuple[Job, fa.JobResult]] = []
        self._steps = self._draw_steps()

    def _draw_steps(self) -> list[Callable[[], None]]:
        """The kinds of steps of this schedule, as often as they come."""
        people = self.people
        always = [*[self._end_job] * 12, people.drop_shoot, people.seal, self._pass_time]
        others = [people.decide_something, people.drop_again, people.overwrite_original, self._crash]
        others += [people.delete_original]
        others += [self._lose_object, self._lose_file, people.look_after_stores, people.let_originals_go]
        others += [self._repeat_result, people.move_on, people.join_reel]
        return always + [step for step in others for _ in range(self.chance.choice(SEEDED_WEIGHTS))]

    def run(self, steps: int) -> None:
        """Run a schedule with faults, then calm weather until every session has arrived.

        In half of the schedules they have been published before: what comes after that is rare otherwise.
        """
        if self.chance.random() < 0.5:
            self.people.drop_shoot()
            self._calm_down()
        for _ in range(steps):
            self.chance.choice(self._steps)()
            self._start_jobs()
        self._calm_down()

    def _calm_down(self) -> None:
        """Let nothing fail any more: first nobody decides anything, then people do."""
        faults = self.fault_rate, self.stubborn, self.forgetful
        self.fault_rate, self.stubborn, self.forgetful = 0.0, None, None
        for _ in range(CALM_STEPS):
            if not self._let_time_work():
                break
        for session in list(self.sessions.values()):
            self.people.look_at_everything(session)
        for _ in range(CALM_STEPS):
            if self._has_arrived():
                self.promises.check_readers()
                self.fault_rate, self.stubborn, self.forgetful = faults
                return
            self._settle_down()
        raise Violation(f"stuck in {[one.state for one in self.sessions.values()]}")

    def _has_arrived(self) -> bool:
        return all(one.is_finished for one in self.sessions.values())

    def _let_time_work(self) -> bool:
        """Let all jobs end and nobody decide; return whether there were any, or any wait."""
        self.now += 100.0
        self._start_jobs()
        began = len(self.running)
        for _ in range(began):
            self._end_job()
        return began > 0

    def _settle_down(self) -> None:
        """What people and time do when nothing fails any more."""
        self.now += 100.0
        self.people.settle_everything()
        self._let_time_work()

    def _pass_time(self) -> None:
        self.now += self.chance.choice([1.0, 10.0, 60.0])

    def pick_session(self) -> Session | None:
        """Return any session; None if there is none yet."""
        return self.chance.choice(list(self.sessions.values())) if self.sessions else None

    def _lose_object(self) -> None:
        self.stores.lose_object(self.chance)

    def _lose_file(self) -> None:
        """Files that were made are gone, and it is noticed."""
        session = self.pick_session()
        results = list(list_derived_results(session)) if session is not None else []
        if session is not None and results:
            paths = tuple(file.path for file in self.chance.choice(results).files)
            self.submit(session.id, fa.DerivedFilesLost(AT, None, paths, "it is gone"))

    def _repeat_result(self) -> None:
        """A result comes a second time, when nobody waits for it any more."""
        if not self._ended:
            return
        job, result = self.chance.choice(self._ended)
        if self.board.is_wanted(job.session, job.id):
            return
        again = self.chance.choice([fa.JobFinished(AT, job.id, result), fail_job(job, "final")])
        if decide(self.sessions[job.session], again, self.context):
            raise Violation(f"a result that nobody awaits changes {job.session}")

    def _crash(self) -> None:
        """The power goes: what was running is gone, and the sessions are what the ledger says."""
        self.running.clear()
        self.context = self.chance.choice(CONTEXTS)
        self.promises.note_restart()
        self.board = JobBoard(lambda: self.now)
        self.sessions = {name: self._replay_ledger(name) for name in self.ledger}
        for session in self.sessions.values():
            self.board.post_session(session, self.context.review_below, resumed=True)

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
                self._stop_job(self.running.pop(job_id))
        held = Counter(choose_lane(job) for job in self.running.values())
        free = {lane: count - held[lane] for lane, count in SLOTS.items()}
        due = [job for job_id, job in self.board.list_due().items() if job_id not in self.running]
        yielding = list_yielding_jobs(due, self.running.values())
        for job in yielding:
            del self.running[job.id]
        for job in choose_jobs(due, self.running.values(), free):
            self.promises.note_start(job)
            self.running[job.id] = job
        self.promises.check({job.id: job for job in (*due, *yielding) if job.id not in self.running})

    def _stop_job(self, job: Job) -> None:
        """Nobody waits for a job any more. It may have been done when it was stopped."""
        if self.chance.random() < self.fault_rate and not self._find_obstacle(job):
            self._take_effect(job)

    def _end_job(self) -> None:
        if not self.running:
            return
        job_id = self.chance.choice(list(self.running))
        job = self.running.pop(job_id)
        if self.chance.random() < self.fault_rate:
            self.submit(job.session, fail_job(job, self.chance.choice(FAILURES)), job)
            return
        obstacle = self._find_obstacle(job)
        if self.stubborn is not None and isinstance(job, self.stubborn):
            obstacle = fail_job(job, "crash")
        if obstacle is not None:
            self.submit(job.session, obstacle, job)
            return
        self._take_effect(job)
        if self.chance.random() < self.fault_rate / 4:
            self._crash()  # after the effect and before its record
            return
        result = self._build_result(job)
        self._ended = [*self._ended[-5:], (job, result)]
        self.submit(job.session, fa.JobFinished(AT, job_id, result), job)

    def _find_obstacle(self, job: Job) -> fa.Fact | None:
        """Return what a job reports instead of a result: its original is another one, or objects are gone."""
        if isinstance(job, PublishManifest | PublishCopy):
            if find_store_name(job) == self.forgetful:
                self.stores.lose_object(self.chance, self.forgetful)
            lost = self._confirm_objects(job)
            return fa.StoredObjectsLost(AT, job.id, lost, "no longer in the store") if lost else None
        clip = job.clip if isinstance(job, ClipJob) else self._find_sent_original(job)
        if clip is not None:
            now = self.originals.get((job.session, clip.key))
            verdict: fa.FailureKind = "final" if find_store_name(job) else "changed"
            return None if now == (clip.bytes, clip.mtime_ns) else fail_job(job, verdict)
        return None

    def _find_sent_original(self, job: Job) -> Clip | None:
        """Return the clip whose original a job reads to send it, if it does."""
        if isinstance(job, Upload) and job.object.kind == "original":
            return self.sessions[job.session].find_clip(job.object.clip)
        return None

    def _build_result(self, job: Job) -> fa.JobResult:
        """A result as `shoots` has it; what depends on a clip's content shows which content that was."""
        confidence = self.chance.choice([0.3, 0.92, 0.92])
        match job:
            case ReadBack() if job.object.key not in self.stores.contents[job.store]:
                return Evidence(job.object.key, is_right=False, is_due=False, message="not in the store")
            case TrashOriginals() | EmptyTrash():
                return self._remove_originals(job)
            case Hash():
                return Digest(hash_content(job.clip), "c" * 32, job.clip.bytes)
            case Align():
                return align_truly(job, confidence)
            case PlanPublishing():
                return add_originals(job, result_of(job))
            case _:
                return result_of(job, confidence)

    def _remove_originals(self, job: TrashOriginals | EmptyTrash) -> fa.Removal:
        """Ask the stores once more, then remove the originals."""
        if not self.stores.may_remove(job):
            return fa.Removal(refused="no longer in the store")
        self.promises.check_removal(job)
        if isinstance(job, TrashOriginals):
            return fa.Removal(tuple((clip.key, f"sessions/trash/{clip.key}") for clip in job.clips))
        for clip in job.clips:
            self.originals.pop((job.session, clip.key), None)
        return fa.Removal(tuple((clip.key, "") for clip in job.clips))

    def _confirm_objects(self, job: PublishManifest | PublishCopy) -> tuple[str, ...]:
        """What the job does first: ask the store, and return the keys that it no longer has."""
        return self.stores.list_missing(job)

    def _take_effect(self, job: Job) -> None:
        if isinstance(job, Offload):
            for file in job.files:
                self.originals[job.session, file.key] = file.bytes, file.mtime_ns
        elif isinstance(job, EmptyTrash):
            if self.stores.may_remove(job):  # the rest goes with the result, unless the daemon dies before
                self.originals.pop((job.session, job.clips[0].key), None)
        elif isinstance(job, Conform):
            made = result_of(job)
            self.promises.note_conform(job, tuple(one.sha256 for one in made.renditions))
        else:
            if isinstance(job, PublishManifest):
                self.promises.check_manifest(job)
            self.stores.take_effect(job)

    def submit(self, name: str, fact: fa.Fact, job: Job | None = None) -> None:
        """Record what a fact leads to, and judge it; `job` is the one that reports it."""
        before = self.sessions[name]
        events = decide(before, fact, self.context)
        if self.record(before, events):
            self.promises.note_recorded(before, fact, events, job)

    def record(self, before: Session, events: tuple[Event, ...], *, opening: bool = False) -> bool:
        """Write events to the ledger and return whether it could be written."""
        if not events or self.chance.random() < self.fault_rate / 8:
            return False  # the ledger cannot be written: nothing has happened, and the job is due again
        after = apply_events(before, events[1:] if opening else events)
        self.ledger.setdefault(before.id, []).extend(events)
        self.sessions[before.id] = after
        self.board.post_session(after, self.context.review_below)
        return True


def align_truly(job: Align, confidence: float) -> Alignment:
    """Return an answer in which each clip lies where it really does, on the clock of the reference."""
    clock = next(clip for clip in job.clips if clip.camera == job.reference)
    known = alignment(confidence)
    angles = []
    for angle in known.angles:
        (usual,) = angle.placements
        own = (clip for clip in job.clips if clip.camera == angle.camera)
        starts = {clip.name: find_true_offset(clip, clock) for clip in own}
        in_order = sorted(starts.items(), key=lambda one: one[1])
        placed = tuple(replace(usual, clip=name, offset_us=start_us) for name, start_us in in_order)
        angles += [replace(angle, placements=placed)] if placed else []
    return replace(known, reference=job.reference, angles=tuple(angles))


def add_originals(job: PlanPublishing, plan: PublishingPlan) -> PublishingPlan:
    """Return the plan with the originals in it, as most settings want it."""
    digests = {clip: clip.digest for clip in job.clips}
    originals = (
        PlannedObject(f"v1/orig/{one.sha256}", "original", clip.place, one.bytes, one.sha256, clip.key)
        for clip, one in digests.items()
        if one is not None
    )
    return replace(plan, objects=(*plan.objects, *originals))


def fail_job(job: Job, kind: fa.FailureKind) -> fa.JobFailed:
    """Return what a job reports that fails."""
    return fa.JobFailed(AT, job.id, kind, "it failed", "mend it")


def run_schedules(seeds: range, steps: int = 120) -> int:
    """Run a schedule for each seed and return how many there were. Raises Violation."""
    for seed in seeds:
        world = World(seed)
        try:
            world.run(steps)
        except Violation as violation:
            raise Violation(f"seed {seed}: {violation}") from violation
        except Exception as error:
            raise Violation(f"seed {seed}: {error!r}") from error
        for name, events in world.ledger.items():
            if replay_events(events) != world.sessions[name]:
                raise Violation(f"seed {seed}: {name} is not what its events say")
    return len(seeds)
