"""What the simulated daemon promises, whatever happens: checked at every step of a schedule.

Nothing here asks the product what is right. Each promise is written down a second time, from what people
did, from what lies in the stores, and from what the jobs really made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mcsyncd.model import events as ev
from mcsyncd.model import facts as fa
from mcsyncd.model.alignment import Alignment, Disposition
from mcsyncd.model.clip import Clip
from mcsyncd.model.holding import Holding
from mcsyncd.model.jobs import (
    Conform,
    EmptyTrash,
    Job,
    PointHead,
    PublishCopy,
    PublishManifest,
    ReadBack,
    TrashOriginals,
    Upload,
    find_store_name,
)
from mcsyncd.model.publishing import HeadState, Publication, StoreHead
from mcsyncd.model.schedule import Lane, choose_lane
from mcsyncd.model.session import HALTED, Session, State
from mcsyncd.model.store_events import CopyHalted, ObjectReadBack
from shoots import OFFSETS

if TYPE_CHECKING:
    from simulation import World

SHORTEST_WAIT_S = 10.0
"""Seconds for which a job that failed is left alone, at least."""
SAME_PLACE_US = 500
"""Microseconds by which an offset may differ from what a person set: screens show whole milliseconds."""
MOST_CRASHES = 3
"""Crashes after which a job is not tried again by itself."""
MOST_UPLOADS = 3
"""Uploads of one object to a store that loses it, before a person is asked."""
WAITS_FOR_PEOPLE = frozenset(
    {
        State.COLLECTING,
        State.IN_REVIEW,
        State.PUBLISHED,
        State.REJECTED,
        State.FAILED,
        State.STALE,
        State.QUARANTINED,
    }
)
MAY_BE_APPROVED = frozenset({State.APPROVED, State.PUBLISHING, State.PUBLISHED, State.FAILED})
ALONE_AT_STORE = frozenset({Lane.COPYING, Lane.READING_BACK})
FROM_JOBS = fa.JobFinished | fa.JobFailed | fa.StoredObjectsLost


class Violation(AssertionError):
    """A promise that a schedule broke; the message says which, and with which seed."""


def find_true_offset(clip: Clip, reference: Clip) -> int:
    """Return where a clip really lies on the session clock, in microseconds: other content lies elsewhere."""

    def start(one: Clip) -> int:
        return OFFSETS[one.camera] + 1000 * (one.bytes + one.mtime_ns)

    return start(clip) - start(reference)


def hash_content(clip: Clip) -> str:
    """Return the sha256 that a hash job finds."""
    return f"{clip.key}{clip.bytes}-{clip.mtime_ns}".encode().hex()[:64].ljust(64, "0")


def _list_facts(session: Session) -> list[tuple[object, ...]]:
    """What a manifest says of each clip itself. Analysis audio is made again when it is lost."""
    return [(one.key, one.bytes, one.mtime_ns, one.digest, one.media) for one in session.clips]


class Promises:
    """Watches a world, and raises Violation for the first promise that it breaks."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._shown: dict[tuple[str, int], Alignment] = {}
        self._approved: set[tuple[str, int]] = set()
        self._resting_until: dict[str, dict[str, float]] = {}
        self._crashes: dict[str, Counter[str]] = {}
        self._all_crashes: Counter[str] = Counter()
        self._sent: dict[str, Counter[tuple[str, str]]] = {}
        self._stored: Counter[tuple[str, str, str]] = Counter()
        self._proven: dict[tuple[str, str, str], int] = {}
        self._conforms: dict[str, Conform] = {}

    def note_recorded(
        self, before: Session, fact: fa.Fact, events: tuple[ev.Event, ...], job: Job | None
    ) -> None:
        """Judge what was recorded of a fact; `job` is the one that reported it."""
        name = before.id
        if not isinstance(fact, FROM_JOBS) and events:
            self._resting_until.pop(name, None)
            self._crashes.pop(name, None)
            self._sent.pop(name, None)
        if isinstance(fact, fa.JobFailed) and job is not None:
            self._note_failure(before, fact, events, job)
        self._check_session(self._world.sessions[name])
        self._check_effect(self._world.sessions[name], fact)
        for event in events:
            self._note_event(before, fact, event)

    def _check_effect(self, after: Session, fact: fa.Fact) -> None:
        """Judge whether a fact led to what it is about."""
        name = after.id
        if isinstance(fact, fa.JobFinished) and self._world.board.is_wanted(name, fact.job):
            raise Violation(f"a job of {name} is done, and due again")
        is_open = after.approval is None and after.state is not State.REJECTED
        if isinstance(fact, fa.Retry | fa.Resync) and is_open:
            coming = {file.key for file in after.incoming}
            if any(key not in coming and not after.is_left_out(key) for key in fact.missing):
                raise Violation(f"{name} goes on without an original")
        if isinstance(fact, fa.Nudge) and after.alignment is not None:
            angle = after.alignment.find_angle(fact.camera)
            placed = after.alignment.find_placement(fact.camera, fact.clip) if fact.clip else angle
            if placed is None or abs((placed.offset_us or 0) - fact.offset_us) > SAME_PLACE_US:
                raise Violation(f"{fact.camera} is not where a person set it")

    def _note_event(self, before: Session, fact: fa.Fact, event: ev.Event) -> None:
        name = before.id
        if isinstance(event, ev.SessionApproved):
            if before.state is not State.IN_REVIEW or event.revision != before.revision:
                raise Violation("approved is what nobody looked at")
            self._approved.add((name, event.revision))
        elif isinstance(event, ev.ObjectStored):
            self._stored[event.store, name, event.object.key] += 1
            sent = self._sent.setdefault(name, Counter())
            sent[event.store, event.object.key] += 1
            if sent[event.store, event.object.key] > MOST_UPLOADS:
                raise Violation(f"{event.object.key} is sent again and again")
        elif isinstance(event, ev.PublishingPlanned):
            told = self._world.stores.heads.get(("", name))
            if told is not None and told.state is HeadState.CURRENT and told.revision != before.revision:
                raise Violation(f"revision {told.revision} of {name} is current, and the next is planned")
        elif isinstance(event, ev.SessionPublished):
            self._sent.pop(name, None)
        elif isinstance(event, ObjectReadBack):
            read = (event.store, name, event.evidence.key)
            is_right = isinstance(fact, fa.JobFinished) and fact.result.is_right
            self._proven[read] = self._stored[read] if is_right else -1

    def _note_failure(
        self, before: Session, fact: fa.JobFailed, events: tuple[ev.Event, ...], job: Job
    ) -> None:
        halts = any(isinstance(event, ev.SessionHalted | CopyHalted) for event in events)
        crashes = self._crashes.setdefault(before.id, Counter())
        crashes[fact.job] += fact.failure_kind == "crash"
        self._all_crashes[fact.job] += fact.failure_kind == "crash"
        if (
            halts
            and fact.failure_kind in {"transient", "crash"}
            and self._all_crashes[fact.job] < MOST_CRASHES
        ):
            raise Violation(f"{fact.failure_kind} halts, and would pass by itself")
        is_later = isinstance(job, PointHead | ReadBack) or find_store_name(job) not in {None, ""}
        if is_later and any(isinstance(event, ev.SessionHalted) for event in events):
            raise Violation(f"{job.subject} halts a session that does not need it")
        for event in events:
            if isinstance(event, ev.JobPostponed):
                may_pass = fact.failure_kind == "transient" or (
                    fact.failure_kind == "crash" and crashes[fact.job] < MOST_CRASHES
                )
                if not may_pass and not isinstance(job, PointHead):
                    raise Violation(f"{fact.failure_kind} is tried again for ever")
                resting = self._resting_until.setdefault(before.id, {})
                resting[fact.job] = self._world.now + SHORTEST_WAIT_S

    def note_restart(self) -> None:
        """The daemon starts again: what failed before may be tried at once."""
        self._resting_until.clear()

    def note_start(self, job: Job) -> None:
        """Judge a job that starts."""
        if self._resting_until.get(job.session, {}).get(job.id, 0.0) > self._world.now:
            raise Violation(f"{job.subject} is tried again at once")
        session = self._world.sessions[job.session]
        if session.state in HALTED and not isinstance(job, PointHead):
            raise Violation(f"{job.session} is {session.state}, and {job.subject} is worked on")
        if isinstance(job, PublishCopy) and (session.state, session.published) != (
            State.PUBLISHED,
            job.publication,
        ):
            raise Violation(f"{job.session} is {session.state}, and {job.store} gets its manifest")

    def note_conform(self, job: Conform, hashes: tuple[str, ...]) -> None:
        """Remember from what renditions were made."""
        self._conforms |= dict.fromkeys(hashes, job)

    def check_manifest(self, job: PublishManifest) -> None:
        """Judge a manifest: it was approved, and names what was made of these clips for these places."""
        snapshot = job.snapshot
        name, revision, alignment = snapshot.id, snapshot.revision, snapshot.alignment
        if (name, revision) not in self._approved or snapshot.approval is None:
            raise Violation("a manifest of what nobody approved")
        if alignment is None or alignment != self._shown.get((name, revision)):
            raise Violation("published is not what was approved")
        clock = alignment.find_angle(alignment.reference)
        if clock is None or all(one.offset_us != 0 for one in clock.placements):
            raise Violation("nothing of the reference lies at the session's zero")
        for clip in snapshot.clips:
            if not snapshot.is_left_out(clip.key):
                self._check_clip(snapshot, clip, alignment)

    def check_removal(self, job: TrashOriginals | EmptyTrash) -> None:
        """Judge the removal of originals: what they became is published, and proven in enough stores."""
        session = self._world.sessions[job.session]
        least = session.retention.min_copies if session.retention is not None else 1
        if session.state is not State.PUBLISHED or len(set(job.stores)) < least:
            raise Violation(f"originals are removed of {session.id}, which is {session.state}")
        for holding in session.holdings:
            if holding.store in job.stores:
                self._check_holding(session, holding)

    def _check_clip(self, snapshot: Session, clip: Clip, alignment: Alignment) -> None:
        if clip.digest is None or clip.digest.sha256 != hash_content(clip):
            raise Violation(f"{clip.key} is published with the hash of something else")
        placed = alignment.find_placement(clip.camera, clip.name)
        if placed is None:
            raise Violation(f"{clip.key} is published without a place")
        for other in snapshot.clips if placed.disposition is Disposition.SYNCED else ():
            beside = alignment.find_placement(other.camera, other.name)
            if beside is not None and beside.disposition is Disposition.SYNCED:
                apart_us = (placed.offset_us or 0) - (beside.offset_us or 0)
                if apart_us != find_true_offset(clip, other):
                    raise Violation(f"{clip.key} is published where it was before")
        plan = snapshot.publishing.plan if snapshot.publishing is not None else None
        for kind in ("mezzanine", "proxy"):
            found = [one for one in plan.objects if (one.clip, one.kind) == (clip.key, kind)] if plan else []
            if len(found) != 1:
                raise Violation(f"{clip.key} is published with {len(found)} {kind}s")
            made = self._conforms[found[0].sha256]
            if (made.clip.bytes, made.clip.mtime_ns) != (clip.bytes, clip.mtime_ns):
                raise Violation(f"{clip.key} is published with the {kind} of another file")
            self._check_phase(made, placed.offset_us or 0, placed.drift_ppm)

    def _check_phase(self, made: Conform, offset_us: int, drift_ppm: float) -> None:
        """The rendition, laid on whole ticks, must come within half a step of its offset."""
        ticks = round((offset_us - made.phase_us) / made.rate.tick_us)
        off_us = abs(ticks * made.rate.tick_us + made.phase_us - offset_us)
        if off_us > 10 or made.drift_ppm != drift_ppm:
            raise Violation(f"{made.clip.key} was rendered for another place")

    def check(self, due: Mapping[str, Job]) -> None:
        """Judge the whole world between two steps; `due` are the jobs that are due and do not run."""
        self._check_running(due)
        busy = {job.session for job in self._world.running.values()} | {job.session for job in due.values()}
        for name, session in self._world.sessions.items():
            if session.is_finished:
                for holding in session.holdings:
                    self._check_holding(session, holding)
            if name not in busy and self._world.board.compute_wait_s(name) is None:
                self._check_rest(session)

    def _check_running(self, due: Mapping[str, Job]) -> None:
        running = [(choose_lane(job), job) for job in self._world.running.values()]
        held = Counter(lane for lane, _ in running)
        if any(count > self._world.slots[lane] for lane, count in held.items()):
            raise Violation("a lane has more jobs than slots")
        asked = [(lane, find_store_name(job)) for lane, job in running if lane in ALONE_AT_STORE]
        if len(asked) > len(set(asked)):
            raise Violation("two jobs of a lane ask one store at a time")
        if len({job.session for lane, job in running if lane is Lane.ENCODING}) > 1:
            raise Violation("two sessions are encoded at a time")
        if held[Lane.BULK_UPLOAD] and any(
            isinstance(job, Upload) and choose_lane(job) is Lane.PUBLISHING
            for job in (*due.values(), *self._world.running.values())
        ):
            raise Violation("a large file goes out before a small one")

    def _check_session(self, session: Session) -> None:
        approval = session.approval
        if approval is not None:
            if approval.revision != session.revision:
                raise Violation("an approval of another revision")
            if session.state not in MAY_BE_APPROVED:
                raise Violation(f"an approval of what is {session.state}")
        elif session.state in MAY_BE_APPROVED - {State.FAILED}:
            raise Violation(f"{session.state} is what nobody approved")
        self._check_rulings(session)
        if session.state is State.IN_REVIEW and session.alignment is not None:
            shown = self._shown.setdefault((session.id, session.revision), session.alignment)
            if shown is not session.alignment and shown != session.alignment:
                raise Violation(f"revision {session.revision} has two meanings")
        if session.state is State.PUBLISHED:
            published = self._world.stores.manifests[session.id].get(session.revision)
            if published is None or _list_facts(published) != _list_facts(session):
                raise Violation("published is not what was approved")

    def _check_rulings(self, session: Session) -> None:
        for angle in session.alignment.angles if session.alignment is not None else ():
            for placed in angle.placements:
                key = f"{angle.camera}/{placed.clip}"
                if placed.offset_us is not None and session.find_ruling(key) is not None:
                    raise Violation(f"a person took {key} off the timeline, and it is there")

    def _check_holding(self, session: Session, holding: Holding) -> None:
        """What each store of a finished session must have: the right pointer, and proven objects."""
        store = holding.store or "the main store"
        self._check_head(session, holding.store, holding.published)
        if session.state is State.PUBLISHED:
            for key in self._list_named(session):
                named = (holding.store, session.id, key)
                if self._proven.get(named) != self._stored[named]:
                    raise Violation(f"{session.id} is finished, and not proven in {store}")

    def _list_named(self, session: Session) -> list[str]:
        publishing = self._world.stores.manifests[session.id][session.revision].publishing
        return [one.key for one in publishing.plan.objects] if publishing and publishing.plan else []

    def _check_rest(self, session: Session) -> None:
        """Judge a session of which nothing runs, is due or waits: it waits for people, and readers know."""
        if session.state not in WAITS_FOR_PEOPLE:
            raise Violation(f"nothing is due of {session.id}, which is {session.state}")
        for holding in session.holdings:
            if holding.trouble is None:
                self._check_head(session, holding.store, holding.published)

    def _list_true_states(self, session: Session, revision: int) -> set[HeadState]:
        """What readers may be told of a revision of a session that is not published."""
        if session.state is State.REJECTED:
            return {HeadState.WITHDRAWN}
        if session.approval is not None and session.approval.revision == revision:
            return {
                HeadState.UNDER_REVIEW,
                HeadState.CURRENT,
            }  # it is approved, and publishing it failed since
        return {HeadState.UNDER_REVIEW}

    def check_readers(self) -> None:
        """Judge what the readers of any store are told, whether the settings named it all the time or not."""
        for (store, name), told in self._world.stores.heads.items():
            session = self._world.sessions[name]
            if session.state is State.REJECTED and told.state is not HeadState.WITHDRAWN:
                raise Violation(f"{name} is rejected; readers of {store!r} are told {told}")

    def _check_head(self, session: Session, store: str, published: Publication | None) -> None:
        told = self._world.stores.heads.get((store, session.id))
        if session.state is State.PUBLISHED and published is not None:
            right = StoreHead(HeadState.CURRENT, session.revision)
            if told is None or (told.state, told.revision) != (right.state, right.revision):
                raise Violation(f"readers of {store or 'the main store'} are told {told}, not {right}")
        elif told is not None and told.state not in self._list_true_states(session, told.revision):
            raise Violation(f"{session.id} is {session.state}; readers of {store!r} are told {told}")
