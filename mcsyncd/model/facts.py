"""Facts: what happened outside. The only thing that can move a session.

Every fact has `at`, the wall clock in UTC (ISO 8601 with microseconds), read once at the edge.
"""

from __future__ import annotations

from dataclasses import dataclass

from mcsyncd.model.alignment import Alignment
from mcsyncd.model.clip import AnalysisAudio, Digest, DropFile, Media
from mcsyncd.model.publishing import PublishingPlan
from mcsyncd.model.rendition import ConformResult, StoredObject
from mcsyncd.model.session import Actor, FailureKind, Publication, Terms


@dataclass(frozen=True, slots=True)
class OffloadResult:
    """The result of moving the clips: the paths, relative to the work folder, by clip key."""

    paths: tuple[tuple[str, str], ...]


JobResult = (
    OffloadResult
    | Digest
    | Media
    | AnalysisAudio
    | Alignment
    | ConformResult
    | PublishingPlan
    | StoredObject
    | Publication
)


@dataclass(frozen=True, slots=True)
class FilesSettled:
    """These files, and no others, lie complete in the drop folders."""

    at: str
    files: tuple[DropFile, ...]


@dataclass(frozen=True, slots=True)
class Seal:
    """Start with what is there: by the quiet rule (`by` None) or by a person."""

    at: str
    terms: Terms
    by: Actor | None = None


@dataclass(frozen=True, slots=True)
class JobFinished:
    """A job gave its result."""

    at: str
    job: str
    result: JobResult


@dataclass(frozen=True, slots=True)
class JobFailed:
    """A job gave up. `now` is the same instant as `at` in seconds, for the time of the retry.

    `verdict`: `transient` (disk full, network: tried again for ever, slower and slower),
    `crash` (the worker died: three tries), `final` (trying again cannot help), `changed` (an
    original is not the file it was), `corrupt` (a copy does not match its hash).
    """

    at: str
    now: float
    job: str
    failure_kind: FailureKind
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Approve:
    """A person looked at `revision` and said that it looks good."""

    at: str
    by: Actor
    revision: int


@dataclass(frozen=True, slots=True)
class Reject:
    """A person threw `revision` out."""

    at: str
    by: Actor
    revision: int
    reason: str


@dataclass(frozen=True, slots=True)
class Reopen:
    """A person wants to look again at what was approved, published or rejected."""

    at: str
    by: Actor
    revision: int
    reason: str


@dataclass(frozen=True, slots=True)
class Nudge:
    """A person laid one camera at `offset_us` (its first clip; later clips move along)."""

    at: str
    by: Actor
    revision: int
    camera: str
    offset_us: int


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """Size and time of an original as it lies now, by clip key."""

    clip: str
    bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again where it failed; originals that were replaced are looked at afresh."""

    at: str
    by: Actor
    originals: tuple[FileIdentity, ...] = ()


@dataclass(frozen=True, slots=True)
class Resync:
    """Find the offsets again, under the terms of today."""

    at: str
    by: Actor
    revision: int
    terms: Terms
    originals: tuple[FileIdentity, ...] = ()


Fact = FilesSettled | Seal | JobFinished | JobFailed | Approve | Reject | Reopen | Nudge | Retry | Resync
