"""Events: what was recorded. Append-only, chained by hash, and all there is of a session.

A field that is added later needs a default: old events must stay readable.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mcsyncd.model.alignment import Alignment, Disposition
from mcsyncd.model.clip import AnalysisAudio, Clip, Digest, DropFile, HeldFile, Media
from mcsyncd.model.facts import ClipRelation, FileIdentity
from mcsyncd.model.ledger_events import DecisionRefused, LedgerAccepted, LedgerRebuilt
from mcsyncd.model.publishing import Publication, PublishingPlan
from mcsyncd.model.rate import Rate
from mcsyncd.model.rendition import ConformResult, StoredObject
from mcsyncd.model.retention_events import RetentionEvent
from mcsyncd.model.session import Actor, Attempt, Failure, Recall, State, Terms
from mcsyncd.model.store_events import StoreEvent, StoreSurveyed


@dataclass(frozen=True, slots=True)
class SessionOpened:
    """The first settled clip opened a session."""

    at: str
    id: str
    kind: Literal["session_opened"] = "session_opened"


@dataclass(frozen=True, slots=True)
class DropFilesChanged:
    """The set of settled files changed: only what did is recorded, because 10,000 files are megabytes.

    A file that changed is in both. `files` is the whole set, as it was recorded before; else None.
    """

    at: str
    files: tuple[DropFile, ...] | None = None
    added: tuple[DropFile, ...] = ()
    removed: tuple[str, ...] = ()
    kind: Literal["drop_files_changed"] = "drop_files_changed"


@dataclass(frozen=True, slots=True)
class SessionSealed:
    """These files are the session, under these terms."""

    at: str
    terms: Terms
    clips: tuple[Clip, ...]
    by: Actor | None = None
    left_out: tuple[HeldFile, ...] = ()
    taken_as_is: tuple[HeldFile, ...] = ()
    kind: Literal["session_sealed"] = "session_sealed"


@dataclass(frozen=True, slots=True)
class ClipsOffloaded:
    """The originals are in the work folder; paths by clip key. `left` stays in the drop folder, and why."""

    at: str
    paths: tuple[tuple[str, str], ...]
    left: tuple[tuple[str, str], ...] = ()
    kind: Literal["clips_offloaded"] = "clips_offloaded"


@dataclass(frozen=True, slots=True)
class ClipHashed:
    """Both hashes of an original. `former` is the sha256 of the file that a person let it replace."""

    at: str
    clip: str
    digest: Digest
    former: str = ""
    kind: Literal["clip_hashed"] = "clip_hashed"


@dataclass(frozen=True, slots=True)
class ClipProbed:
    """What a clip is."""

    at: str
    clip: str
    media: Media
    kind: Literal["clip_probed"] = "clip_probed"


@dataclass(frozen=True, slots=True)
class ClipAudioAnalysed:
    """A clip's analysis audio and peaks are there."""

    at: str
    clip: str
    analysis_audio: AnalysisAudio
    kind: Literal["clip_audio_analysed"] = "clip_audio_analysed"


@dataclass(frozen=True, slots=True)
class SessionAligned:
    """The machine's answer: a new revision, due for review."""

    at: str
    revision: int
    alignment: Alignment
    rate: Rate
    kind: Literal["session_aligned"] = "session_aligned"


@dataclass(frozen=True, slots=True)
class OffsetNudged:
    """A person's answer: a new revision with method `manual`.

    `clip` is the name of the one clip that was moved; empty where all of the camera's moved together.
    """

    at: str
    by: Actor
    revision: int
    camera: str
    offset_us: int
    alignment: Alignment
    clip: str = ""
    kind: Literal["offset_nudged"] = "offset_nudged"


@dataclass(frozen=True, slots=True)
class ClipFaulted:
    """A clip cannot be read; its session goes on without it, until a person decides about it."""

    at: str
    clip: str
    message: str
    hint: str
    kind: Literal["clip_faulted"] = "clip_faulted"


@dataclass(frozen=True, slots=True)
class DispositionSet:
    """A person took the clip with the key `clip` off the timeline, or (None) gave it back to the machine.

    `alignment` is the answer of the new revision; None where the offsets have to be found again.
    """

    at: str
    by: Actor
    revision: int
    clip: str
    disposition: Disposition | None
    reason: str
    alignment: Alignment | None
    kind: Literal["disposition_set"] = "disposition_set"


@dataclass(frozen=True, slots=True)
class SessionApproved:
    """A person approved this revision."""

    at: str
    by: Actor
    revision: int
    kind: Literal["session_approved"] = "session_approved"


@dataclass(frozen=True, slots=True)
class SessionRejected:
    """A person rejected this revision."""

    at: str
    by: Actor
    revision: int
    reason: str
    kind: Literal["session_rejected"] = "session_rejected"


@dataclass(frozen=True, slots=True)
class SessionReopened:
    """Back to review under a new revision; an approval is void from here on.

    `by` is None where no person did it: a clip turned out to be damaged after it was approved.
    """

    at: str
    by: Actor | None
    revision: int
    reason: str
    kind: Literal["session_reopened"] = "session_reopened"


@dataclass(frozen=True, slots=True)
class SessionRecalled:
    """The drop path of a clip was written to after it was taken in: an approval is void from here on."""

    at: str
    recall: Recall
    revision: int
    kind: Literal["session_recalled"] = "session_recalled"


@dataclass(frozen=True, slots=True)
class ClipReplaced:
    """A dropped file takes the place of the clip with the key `clip`; what was found in that is void."""

    at: str
    clip: str
    file: DropFile
    relation: ClipRelation
    kind: Literal["clip_replaced"] = "clip_replaced"


@dataclass(frozen=True, slots=True)
class ReelJoined:
    """Files that came after the seal belong to the session; its answer and its approval are void."""

    at: str
    by: Actor
    revision: int
    files: tuple[DropFile, ...]
    kind: Literal["reel_joined"] = "reel_joined"


@dataclass(frozen=True, slots=True)
class ReturnRequested:
    """A person wants the originals back, in the folder `to` or, if empty, the drop folders."""

    at: str
    by: Actor
    to: str
    kind: Literal["return_requested"] = "return_requested"


@dataclass(frozen=True, slots=True)
class OriginalsReturned:
    """The originals are back where they came from, or in another folder."""

    at: str
    left: tuple[tuple[str, str], ...] = ()
    kind: Literal["originals_returned"] = "originals_returned"


@dataclass(frozen=True, slots=True)
class ClipSubstituted:
    """A clip cannot be read, and `why` not: its second copy `file` takes its place."""

    at: str
    clip: str
    file: DropFile
    why: str
    kind: Literal["clip_substituted"] = "clip_substituted"


@dataclass(frozen=True, slots=True)
class ClipConformed:
    """Mezzanine and proxy of one clip are there, under the job's identity."""

    at: str
    job: str
    clip: str
    result: ConformResult
    kind: Literal["clip_conformed"] = "clip_conformed"


@dataclass(frozen=True, slots=True)
class PublishingBegan:
    """Everything that was approved is ready; it goes to the store."""

    at: str
    revision: int
    kind: Literal["publishing_began"] = "publishing_began"


@dataclass(frozen=True, slots=True)
class PublishingPlanned:
    """The uploads of this revision are planned; `chain_head` is the hash of the event before this one."""

    at: str
    plan: PublishingPlan
    chain_head: str
    kind: Literal["publishing_planned"] = "publishing_planned"


@dataclass(frozen=True, slots=True)
class ObjectStored:
    """An object is in the store, checked."""

    at: str
    object: StoredObject
    store: str = ""
    """The name of a further store; the main one's is empty."""
    kind: Literal["object_stored"] = "object_stored"


@dataclass(frozen=True, slots=True)
class SessionPublished:
    """The manifest is in the store: ready to edit."""

    at: str
    publication: Publication
    kind: Literal["session_published"] = "session_published"


@dataclass(frozen=True, slots=True)
class JobPostponed:
    """A job failed and is tried again later; `failure` is shown meanwhile."""

    at: str
    attempt: Attempt
    failure: Failure
    kind: Literal["job_postponed"] = "job_postponed"


@dataclass(frozen=True, slots=True)
class ResultsForgotten:
    """Derived files are lost: the results that they belong to count as missing and are made again.

    `paths` are relative to the work folder.
    """

    at: str
    paths: tuple[str, ...]
    reason: str
    kind: Literal["results_forgotten"] = "results_forgotten"


@dataclass(frozen=True, slots=True)
class SessionHalted:
    """The session cannot go on by itself: failed, stale or quarantined."""

    at: str
    state: State
    failure: Failure
    kind: Literal["session_halted"] = "session_halted"


@dataclass(frozen=True, slots=True)
class SessionRetried:
    """A person had the failed step retried; originals that changed are analysed again."""

    at: str
    by: Actor
    originals: tuple[FileIdentity, ...] = ()
    kind: Literal["session_retried"] = "session_retried"


@dataclass(frozen=True, slots=True)
class SessionResynced:
    """A person had the offsets found again; the old answer and its approval are void."""

    at: str
    by: Actor
    terms: Terms
    originals: tuple[FileIdentity, ...] = ()
    kind: Literal["session_resynced"] = "session_resynced"


Event = (
    SessionOpened
    | DropFilesChanged
    | SessionSealed
    | ClipsOffloaded
    | ClipHashed
    | ClipProbed
    | ClipAudioAnalysed
    | SessionAligned
    | OffsetNudged
    | ClipFaulted
    | DispositionSet
    | ReelJoined
    | SessionApproved
    | SessionRejected
    | SessionReopened
    | SessionRecalled
    | ClipReplaced
    | ClipSubstituted
    | ReturnRequested
    | OriginalsReturned
    | ClipConformed
    | PublishingBegan
    | PublishingPlanned
    | ObjectStored
    | SessionPublished
    | StoreEvent
    | RetentionEvent
    | JobPostponed
    | ResultsForgotten
    | SessionHalted
    | SessionRetried
    | SessionResynced
    | DecisionRefused
    | LedgerAccepted
    | LedgerRebuilt
    | StoreSurveyed
)
