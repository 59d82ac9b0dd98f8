"""Facts: what happened outside. The only thing that can move a session.

Every fact has `at`, the wall clock in UTC (ISO 8601 with microseconds), read once at the edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mcsyncd.model.alignment import Alignment, Disposition
from mcsyncd.model.clip import AnalysisAudio, Digest, DropFile, HeldFile, Media
from mcsyncd.model.holding import Evidence
from mcsyncd.model.publishing import Publication, PublishingPlan, StoreHead
from mcsyncd.model.rendition import ConformResult, StoredObject
from mcsyncd.model.retention import RetentionTerms
from mcsyncd.model.session import Actor, FailureKind, Terms


@dataclass(frozen=True, slots=True)
class OffloadResult:
    """The result of moving the clips: the paths, relative to the work folder, by clip key.

    `left` holds the files that were copied but could not be removed, and why: `camera/name`, reason.
    """

    paths: tuple[tuple[str, str], ...]
    left: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ReturnResult:
    """The originals are back, but for those in `left`, for a reason.

    They could not be removed from the session's folder, or are no longer what was taken in.
    """

    left: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Removal:
    """Where each original is now, by clip key (`""`: deleted); or why none of them was touched."""

    paths: tuple[tuple[str, str], ...] = ()
    refused: str = ""


JobResult = (
    OffloadResult
    | ReturnResult
    | Digest
    | Media
    | AnalysisAudio
    | Alignment
    | ConformResult
    | PublishingPlan
    | StoredObject
    | Publication
    | StoreHead
    | Evidence
    | Removal
)


@dataclass(frozen=True, slots=True)
class FilesSettled:
    """These files, and no others, lie complete in the drop folders."""

    at: str
    files: tuple[DropFile, ...]


@dataclass(frozen=True, slots=True)
class Seal:
    """Start with what is there: by the quiet rule (`by` None) or by a person.

    `held` are the files that are not ready. A person may leave some out (`without`, their keys) or
    take incomplete ones as they are (`as_is`); any other one stands against the seal.
    """

    at: str
    terms: Terms
    by: Actor | None = None
    held: tuple[HeldFile, ...] = ()
    without: tuple[str, ...] = ()
    as_is: tuple[DropFile, ...] = ()


ClipRelation = Literal["fuller", "continued", "differing", "replacement"]
"""What a dropped file is to a clip that was taken in: the whole of it, the rest of it, as long as it but not
the same, another copy."""


@dataclass(frozen=True, slots=True)
class ClipDroppedAgain:
    """A file that belongs to the clip with the key `clip` was dropped after that was taken in.

    `fuller` begins like the clip and is longer, or as long as a clip of which a part may be missing;
    `continued` is what a resumed copy added; `differing` begins like the clip and is as long, and which
    of the two is damaged is not known; `replacement` is dropped for a session that an error halted.
    """

    at: str
    clip: str
    file: DropFile
    relation: ClipRelation


@dataclass(frozen=True, slots=True)
class JobFinished:
    """A job gave its result."""

    at: str
    job: str
    result: JobResult


@dataclass(frozen=True, slots=True)
class JobFailed:
    """A job gave up.

    `failure_kind`: `transient` (disk full, network: retried until it succeeds, at growing intervals),
    `crash` (the worker died, or was stopped at its
    time limit: three tries), `final` (trying again cannot help), `changed` (an
    original is not the file it was), `corrupt` (a copy does not match its hash).
    """

    at: str
    job: str
    failure_kind: FailureKind
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class DerivedFilesLost:
    """Derived files are missing or are not what was recorded, or no hash was recorded to prove them.

    `paths` are relative to the work folder. `job` is the one that found it; None where the daemon found it
    while it served a person.
    """

    at: str
    job: str | None
    paths: tuple[str, ...]
    message: str


@dataclass(frozen=True, slots=True)
class StoredObjectsLost:
    """The job found that the store no longer has objects that it took, by their keys."""

    at: str
    job: str
    keys: tuple[str, ...]
    message: str


@dataclass(frozen=True, slots=True)
class LookAfterStores:
    """The daemon's regular look at a published session: does it lie where it must, and is that proven?

    `further` are the further stores of the settings. What was read back before `read_before` (UTC, ISO 8601),
    or never, is read back again; None reads nothing. What failed before `failed_before` is tried again.
    """

    at: str
    further: tuple[str, ...]
    read_before: str | None
    failed_before: str


@dataclass(frozen=True, slots=True)
class LookAfterOriginals:
    """The daemon's regular look at the originals of a published session, if the settings let any go."""

    at: str
    terms: RetentionTerms


@dataclass(frozen=True, slots=True)
class Approve:
    """A person reviewed `revision` and approved it."""

    at: str
    by: Actor
    revision: int


@dataclass(frozen=True, slots=True)
class Reject:
    """A person rejected `revision`."""

    at: str
    by: Actor
    revision: int
    reason: str


@dataclass(frozen=True, slots=True)
class Reopen:
    """A person puts an approved, published or rejected session back into review."""

    at: str
    by: Actor
    revision: int
    reason: str


@dataclass(frozen=True, slots=True)
class Nudge:
    """A person set the offset of a camera's clip to `offset_us`.

    Without the name of a clip (`clip` is empty), its first one moves, and its other placed clips move along.
    """

    at: str
    by: Actor
    revision: int
    camera: str
    offset_us: int
    clip: str = ""


@dataclass(frozen=True, slots=True)
class SetDisposition:
    """A person takes the clip with the key `clip` off the timeline, or (None) gives it back."""

    at: str
    by: Actor
    revision: int
    clip: str
    disposition: Literal[Disposition.SET_ASIDE, Disposition.LEFT_OUT] | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class JoinReel:
    """A person lets settled files of the drop folders join a session that was sealed before they came.

    `held` are files there that are not ready: they stand against it, as against a seal.
    """

    at: str
    by: Actor
    revision: int
    files: tuple[DropFile, ...]
    held: tuple[HeldFile, ...] = ()


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """Current size and modification time of an original; `clip` is its key."""

    clip: str
    bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Retry:
    """A person retries the failed step; originals that were replaced are analysed again.

    `missing` are the clips that were taken in and whose originals are no longer in their place.
    """

    at: str
    by: Actor
    originals: tuple[FileIdentity, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Resync:
    """Find the offsets again, under the terms of today; `missing` as for a retry."""

    at: str
    by: Actor
    revision: int
    terms: Terms
    originals: tuple[FileIdentity, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReturnOriginals:
    """A person wants the originals of a rejected session back, in the folder `to` or the drop folders."""

    at: str
    by: Actor
    to: str = ""


Fact = (
    FilesSettled
    | Seal
    | ClipDroppedAgain
    | JobFinished
    | JobFailed
    | DerivedFilesLost
    | StoredObjectsLost
    | LookAfterStores
    | LookAfterOriginals
    | Approve
    | Reject
    | Reopen
    | Nudge
    | SetDisposition
    | JoinReel
    | Retry
    | Resync
    | ReturnOriginals
)
