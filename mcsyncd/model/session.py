"""The session: everything that is known of one shoot, as one value.

A session is the fold of its events (`model.evolve`), nothing more; `model.decide` says
which events a fact leads to, and `model.jobs` which work is due.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal

from mcsyncd.model.alignment import Alignment, Disposition
from mcsyncd.model.clip import Camera, Clip, DropFile, HeldFile
from mcsyncd.model.holding import Evidence, Holding
from mcsyncd.model.job_inputs import NOT_AN_INPUT
from mcsyncd.model.publishing import UNKNOWN_HEAD, HeadState, Publication, Publishing, StoreHead
from mcsyncd.model.rate import Rate
from mcsyncd.model.rendition import ConformResult, StoredObject
from mcsyncd.model.retention import Retention

ConformWhen = Literal["confident", "approved", "always"]
Stage = Literal["ingest", "probe", "listen", "sync", "conform", "publish"]
"""The stages of the pipeline, as progress and failures name them."""
FailureKind = Literal["transient", "crash", "final", "changed", "corrupt"]


class State(StrEnum):
    """Where a session stands. "Looks good" or "review" is policy, not a state."""

    COLLECTING = "collecting"
    WORKING = "working"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    PUBLISHING = "publishing"
    PUBLISHED = "published"
    FAILED = "failed"
    REJECTED = "rejected"
    STALE = "stale"
    QUARANTINED = "quarantined"


FINISHED = frozenset({State.PUBLISHED, State.REJECTED})
"""Nothing is due until a person reopens the session."""
HALTED = frozenset({State.FAILED, State.STALE, State.QUARANTINED})
"""Stopped by an error. No job runs until a person retries, resyncs or rejects the session."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it, by the kernel's word: the uid of the peer and its name at that time."""

    name: str
    uid: int


@dataclass(frozen=True, slots=True)
class ProfileRef:
    """A profile as it was when the session was sealed: name, canonical hash and full text."""

    name: str
    hash: str
    document: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed for a session when it was sealed.

    A reload of the settings changes the terms of later sessions only; what a person approved
    can never change under their hand. `rate` None is the rule "auto": the reference's own.
    """

    cameras: tuple[Camera, ...]
    mezzanine: ProfileRef
    proxy: ProfileRef
    rate: Rate | None
    conform_when: ConformWhen

    @property
    def reference(self) -> str:
        """The key of the reference camera: the marked one, else the first."""
        return next((camera.key for camera in self.cameras if camera.reference), self.cameras[0].key)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a session does not go on, or waits. `stage` failed; `clip` is the key of the clip, if any."""

    stage: Stage
    message: str
    hint: str
    retryable: bool
    clip: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A job that failed and is tried again after `wait_s` seconds.

    A duration and not a time: the wall clock may be set while the job waits.
    """

    job: str
    failures: int
    crashes: int
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Approval:
    """Who approved which revision, and when (UTC, ISO 8601 with microseconds)."""

    by: Actor
    at: str
    revision: int


@dataclass(frozen=True, slots=True)
class ConformedClip:
    """The result of one conform job, kept under the job's identity; `lost` if its files are gone."""

    job: str
    clip: str
    result: ConformResult
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Loss:
    """How often a result was made again because its files were lost; see `model.losses`."""

    result: str
    count: int


@dataclass(frozen=True, slots=True)
class Recall:
    """A clip whose drop path was written to again after it was taken in; `bytes` is the size there.

    `differs` tells that a copy as long as the clip lies there which is not the same.
    """

    clip: str
    bytes: int
    differs: bool = False


@dataclass(frozen=True, slots=True)
class Ruling:
    """A person took the clip with the key `clip` off the timeline: set aside, or left out with a reason."""

    clip: str
    disposition: Disposition
    reason: str
    by: Actor
    at: str


@dataclass(frozen=True, slots=True)
class Move:
    """A person set the clip with the key `clip` to `offset_us` (microseconds on the session clock)."""

    clip: str
    offset_us: int
    by: Actor
    at: str


@dataclass(frozen=True, slots=True)
class Reopening:
    """A person, or (None) the daemon, sent a decided session back to review, and why."""

    by: Actor | None
    at: str
    reason: str


@dataclass(frozen=True, slots=True)
class Substitution:
    """The clip with the key `clip` is a second copy of `instead_of`, which cannot be read, and `why` not."""

    clip: str
    instead_of: str
    why: str


@dataclass(frozen=True, slots=True)
class Rejection:
    """Who rejected the session, when, and why."""

    by: Actor
    at: str
    reason: str


@dataclass(frozen=True, slots=True)
class Session:
    """One shoot. `revision` counts the answers that a person could approve; 0 is none yet.

    `error` says why the session halted, or, in a running state, what it waits for.
    `stored` are objects known to be in the store; with content in the key they never expire.

    `left_out` and `taken_as_is` are the files that a person left out, or took although they are
    incomplete, when the session was sealed. `incoming` are files that replace a clip and still lie in
    the drop folder; `left_behind` are those that could not be removed from it, and why. `returning_to`
    is the folder that the originals go back to (empty for the drop folders), until they are `returned`.
    `rulings` are a person's decisions to take clips off the timeline; a new sync keeps them. `solved` is the
    machine's own answer, to which a clip can return; None in sessions of versions that did not keep it.
    `moves` are the offsets that a person set. `reopening` is why a decided session is in review again, until
    it is decided; `rejection` is who rejected it, and why. `head` is what the pointer in the store says.
    `stored`, `published`, `head` and `evidence` are what the main store holds, `copies` what the others do.
    `retention` is how far the removal of its originals is; None if they stay. `released` is the newest
    revision whose manifest may be in the main store, whether that was recorded or not; 0 if there is none.
    """

    id: str
    opened_at: str
    state: State = State.COLLECTING
    revision: int = 0
    drop_files: tuple[DropFile, ...] = ()
    terms: Terms | None = None
    offloaded: bool = False
    clips: tuple[Clip, ...] = ()
    rate: Rate | None = None
    alignment: Alignment | None = None
    approval: Approval | None = None
    conformed: tuple[ConformedClip, ...] = ()
    stored: tuple[StoredObject, ...] = ()
    publishing: Publishing | None = None
    published: Publication | None = None
    attempts: tuple[Attempt, ...] = ()
    error: Failure | None = None
    left_out: tuple[HeldFile, ...] = ()
    taken_as_is: tuple[HeldFile, ...] = ()
    recalls: tuple[Recall, ...] = ()
    incoming: tuple[DropFile, ...] = ()
    left_behind: tuple[tuple[str, str], ...] = ()
    returning_to: str | None = None
    returned: bool = False
    losses: tuple[Loss, ...] = ()
    rulings: tuple[Ruling, ...] = ()
    solved: Alignment | None = None
    moves: tuple[Move, ...] = ()
    reopening: Reopening | None = None
    rejection: Rejection | None = None
    head: StoreHead | None = None
    substitutions: tuple[Substitution, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    copies: tuple[Holding, ...] = ()
    retention: Retention | None = None
    released: int = field(default=0, metadata=NOT_AN_INPUT)

    @property
    def is_finished(self) -> bool:
        """Whether nothing is due until a person decides: published, or rejected and not on its way back.

        Nor may a reader of a store be told something else, or a store lack something or have it damaged.
        """
        is_returned = self.returning_to is None or self.returned
        return (
            self.state in FINISHED
            and is_returned
            and not self.has_outdated_head
            and not (self.state is State.PUBLISHED and self._has_open_removal)
            and not any(self.has_open_holding(one) for one in self.holdings)
        )

    @property
    def may_have_readers(self) -> bool:
        """Whether a manifest of it is in a store, or may be there although no record says so."""
        return self.published is not None or self.released > 0

    @property
    def holdings(self) -> tuple[Holding, ...]:
        """What each store holds of the session, the main one first."""
        return (self._main_holding, *self.copies)

    @property
    def _main_holding(self) -> Holding:
        return Holding("", self.stored, self.published, self.head, self.evidence)

    @property
    def _has_open_removal(self) -> bool:
        return self.retention is not None and self.retention.state in {"due", "expired"}

    @property
    def are_originals_deleted(self) -> bool:
        """Whether the originals were deleted here, as the settings ask: only the stores have them."""
        return self.retention is not None and self.retention.state == "deleted"

    def find_holding(self, store: str) -> Holding | None:
        """Return what a store holds, by the name that the ledger has for it; None if it is not chosen."""
        if not store:
            return self._main_holding
        return next((one for one in self.copies if one.store == store), None)

    def put_holding(self, holding: Holding) -> Session:
        """Return the session with a holding in the place of that store's; unchanged if it is not chosen."""
        if holding.store:
            copies = tuple(holding if one.store == holding.store else one for one in self.copies)
            return replace(self, copies=copies)
        return replace(
            self,
            stored=holding.stored,
            published=holding.published,
            head=holding.head,
            evidence=holding.evidence,
        )

    def view_from(self, store: str) -> Session:
        """Return the session as if this store were the main one; nothing is stored where it is not chosen."""
        holding = self.find_holding(store) or Holding(store)
        return replace(self.put_holding(replace(holding, store="")), copies=())

    def is_behind(self, holding: Holding) -> bool:
        """Tell whether a store lacks what is published, and it is known which files that are."""
        is_planned = self.publishing is not None and self.publishing.plan is not None
        return is_planned and self.state is State.PUBLISHED and holding.published != self.published

    def has_open_holding(self, holding: Holding) -> bool:
        """Tell whether there is something to do about what a store holds, by the daemon or by a person.

        Nothing is read back of a session that nobody may use, nor tried again where a store had trouble.
        """
        unproven = any(one.is_due or one.is_damage for one in holding.evidence)
        return (
            (self.state is State.PUBLISHED and (unproven or holding.trouble is not None))
            or self.is_behind(holding)
            or (bool(holding.store) and self.choose_new_head(holding) is not None)
        )

    @property
    def wanted_head(self) -> StoreHead | None:
        """What the pointer in the store must say; None for a session that was never published."""
        return self._choose_head(self.published.revision) if self.published is not None else None

    def _choose_head(self, revision: int) -> StoreHead:
        if self.state is State.PUBLISHED:
            return StoreHead(HeadState.CURRENT, revision)
        if self.state is State.REJECTED:
            reason, at = (self.rejection.reason, self.rejection.at) if self.rejection else ("", "")
            return StoreHead(HeadState.WITHDRAWN, revision, reason, at)
        reason, at = (self.reopening.reason, self.reopening.at) if self.reopening else ("", "")
        return StoreHead(HeadState.UNDER_REVIEW, revision, reason, at)

    @property
    def has_outdated_head(self) -> bool:
        """Whether the pointer in the store says something else than it must."""
        return self.choose_new_head(self._main_holding) is not None

    def choose_new_head(self, holding: Holding) -> StoreHead | None:
        """Return what the pointer in a store must say; None if it does. The reason alone changes nothing.

        A manifest that nobody approves any more may be out although no record says so (ADR 46).
        """
        revision = holding.published.revision if holding.published is not None else 0
        published = self.published.revision if self.published is not None else 0
        released = published if holding.store else self.released
        if self.approval is None or self.approval.revision != released:
            revision = max(revision, released)
        elif holding.head == UNKNOWN_HEAD and self.state is not State.PUBLISHED:
            revision = max(revision, released - 1)  # what a store that is named again may have had before
        is_approved = self.approval is not None and self.approval.revision == revision
        if not revision or (is_approved and self.state is not State.PUBLISHED):
            return None  # nobody doubts it, and its manifest is released once more
        wanted = self._choose_head(revision)
        told = holding.head or StoreHead(HeadState.CURRENT, revision)
        return wanted if (told.state, told.revision) != (wanted.state, wanted.revision) else None

    @property
    def reference(self) -> str | None:
        """The camera whose clock is the session clock: the reference of the terms, if it has a usable clip.

        Otherwise the first camera that has one; None before the session is sealed, and without clips.
        """
        if self.terms is None:
            return None
        filled = {clip.camera for clip in self.usable_clips}
        keys = [self.terms.reference, *(camera.key for camera in self.terms.cameras)]
        return next((key for key in keys if key in filled), None)

    @property
    def usable_clips(self) -> tuple[Clip, ...]:
        """The clips to be synced: those that can be read and that nobody took off the timeline."""
        off = {ruling.clip for ruling in self.rulings}
        return tuple(clip for clip in self.clips if not clip.fault and clip.key not in off)

    def find_ruling(self, key: str) -> Ruling | None:
        """Return what a person decided about a clip, or None."""
        return next((ruling for ruling in self.rulings if ruling.clip == key), None)

    def is_left_out(self, key: str) -> bool:
        """Tell whether a person left a clip out: nothing more is done with it."""
        ruling = self.find_ruling(key)
        return ruling is not None and ruling.disposition is Disposition.LEFT_OUT

    def find_clip(self, key: str) -> Clip | None:
        """Return the clip with that key (`camera/name`), or None."""
        return next((clip for clip in self.clips if clip.key == key), None)
