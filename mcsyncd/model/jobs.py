"""Jobs: the work that a session still needs, as small values that cross a process border.

A job's identity is the hash of its inputs and parameters: doing it twice is harmless, and doing
it again is skipped. Paths in jobs are relative to the drop or the work folder; the absolute
ones are the daemon's business.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import lru_cache
from typing import ClassVar

from mcsyncd.model.clip import Clip, DropFile
from mcsyncd.model.drift_curve import DriftCurve
from mcsyncd.model.job_inputs import INPUT_IF_SET, is_input
from mcsyncd.model.memo import clear_memos, memoize_by_identity
from mcsyncd.model.publishing import PlannedObject, Publication, StoreHead, name_object
from mcsyncd.model.rate import Rate
from mcsyncd.model.rendition import ConformResult, StoredObject
from mcsyncd.model.session import ProfileRef, Session, Stage


class _Identified:
    """Room for a job's identity once it is computed. It is no field: no job is another one with it."""

    __slots__ = ("_known_id",)
    _known_id: str


@dataclass(frozen=True, slots=True)
class BaseJob(_Identified):
    """What all jobs share: the session they are for, and their identity."""

    stage: ClassVar[Stage]
    session: str

    @property
    def id(self) -> str:
        """The identity: kind and inputs, hashed."""
        try:
            return self._known_id
        except AttributeError:
            known_id = _compute_job_id(self)
            object.__setattr__(self, "_known_id", known_id)
            return known_id

    @property
    def subject(self) -> str:
        """What the job is about, for people: a clip's key, a clip's object, or the session."""
        return self.session


@dataclass(frozen=True, slots=True)
class Offload(BaseJob):
    """Move the sealed files (sidecars too) into the session's folder. Result: `OffloadResult`."""

    stage: ClassVar[Stage] = "ingest"
    files: tuple[DropFile, ...]
    replaces: bool = False
    """Whether files of these names are set aside, if they are in the session's folder."""


@dataclass(frozen=True, slots=True)
class Return(BaseJob):
    """Move the files back, to the folder `to` or, if empty, the drop folders. Result: `ReturnResult`."""

    stage: ClassVar[Stage] = "ingest"
    files: tuple[DropFile, ...]
    to: str


@dataclass(frozen=True, slots=True)
class ClipJob(BaseJob):
    """A job about one original; `clip.path` is set, `bytes` and `mtime_ns` are its identity.

    The results of other jobs are not part of a clip job's inputs, unless it names them itself.
    """

    clip: Clip

    @property
    def subject(self) -> str:
        return self.clip.key


@dataclass(frozen=True, slots=True)
class Hash(ClipJob):
    """Hash an original in one read. Result: `Digest`."""

    stage: ClassVar[Stage] = "ingest"


@dataclass(frozen=True, slots=True)
class Probe(ClipJob):
    """Find out what a clip is. Result: `Media`.

    `as_is` is set for a clip that a person took although it is not complete.
    """

    stage: ClassVar[Stage] = "probe"
    as_is: bool = False


@dataclass(frozen=True, slots=True)
class Listen(ClipJob):
    """Make analysis audio and peaks of a clip with sound (`clip.media` set). Result: `AnalysisAudio`."""

    stage: ClassVar[Stage] = "listen"


@dataclass(frozen=True, slots=True)
class Align(BaseJob):
    """Put all clips on one clock. Result: `Alignment`.

    `clip.media` is set; `clip.analysis_audio` is None for a clip without audio.
    """

    stage: ClassVar[Stage] = "sync"
    reference: str
    clips: tuple[Clip, ...]


@dataclass(frozen=True, slots=True)
class Conform(ClipJob):
    """Make the mezzanine and the proxy of one clip on the session grid. Result: `ConformResult`.

    `clip.media` is set. Whole ticks of the offset are not part of the job: see `split_offset`.
    """

    stage: ClassVar[Stage] = "conform"
    rate: Rate
    phase_us: int
    drift_ppm: float
    mezzanine: ProfileRef
    proxy: ProfileRef
    curve: DriftCurve = field(default=(), metadata=INPUT_IF_SET)


@dataclass(frozen=True, slots=True)
class PlanPublishing(BaseJob):
    """Draw the published waveforms and list every file to upload. Result: `PublishingPlan`.

    `digest`, `media` and `analysis_audio` of the clips are set; `conformed` is by clip key. `attached` are
    the files that belong to clips.
    """

    stage: ClassVar[Stage] = "publish"
    clips: tuple[Clip, ...]
    conformed: tuple[tuple[str, ConformResult], ...]
    attached: tuple[DropFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Upload(BaseJob):
    """Store one file under its key and verify it there. Result: `StoredObject`.

    `store` is the name of a further store; that of the main one is empty, here and below.
    """

    stage: ClassVar[Stage] = "publish"
    object: PlannedObject
    store: str = ""

    @property
    def subject(self) -> str:
        return f"{name_object(self.object.clip, self.object.kind)}{_name_target(self.store)}"


@dataclass(frozen=True, slots=True)
class PublishManifest(BaseJob):
    """Build the manifest, store it and point the session's head at it. Result: `Publication`.

    `snapshot` is the session as it is published, without what later facts may still change.
    """

    stage: ClassVar[Stage] = "publish"
    snapshot: Session


@dataclass(frozen=True, slots=True)
class PointHead(BaseJob):
    """Make the pointer to the published manifest say what holds now. Result: `StoreHead`.

    `publication` is the newest that the ledger knows of in this store. The store may have one up to
    `head.revision` that it does not know of.
    """

    stage: ClassVar[Stage] = "publish"
    head: StoreHead
    publication: Publication | None
    store: str = ""


@dataclass(frozen=True, slots=True)
class PublishCopy(BaseJob):
    """Give a further store the manifests that the main one has, and its own pointer. Result: `Publication`.

    `stored` is what the newest manifest names, as this store took it.
    """

    stage: ClassVar[Stage] = "publish"
    store: str
    publication: Publication
    stored: tuple[StoredObject, ...]

    @property
    def subject(self) -> str:
        return f"manifest{_name_target(self.store)}"


@dataclass(frozen=True, slots=True)
class ReadBack(BaseJob):
    """Read one object back from a store, whole, and compare it with what was sent. Result: `Evidence`."""

    stage: ClassVar[Stage] = "publish"
    store: str
    object: StoredObject

    @property
    def subject(self) -> str:
        return f"{name_object(self.object.clip, self.object.kind)}, read back"


@dataclass(frozen=True, slots=True)
class RemovalJob(BaseJob):
    """What removes originals here, after all checks were made again. Result: `Removal`.

    `stores` are those that hold `publication`, and from which all of it was read back.
    """

    stage: ClassVar[Stage] = "publish"
    clips: tuple[Clip, ...]
    publication: Publication
    stores: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrashOriginals(RemovalJob):
    """Move the originals to the trash of the session."""

    @property
    def subject(self) -> str:
        return "originals to the trash"


@dataclass(frozen=True, slots=True)
class EmptyTrash(RemovalJob):
    """Delete the originals that lie in the trash of the session."""

    @property
    def subject(self) -> str:
        return "originals from the trash"


REMEMBERED_JOBS = 8192
"""Jobs of a kind that are remembered with the values that they are built from.

Judgement: ten sessions of 800 clips, at half a kilobyte each. With fewer than one session has, every event
builds all of its jobs again and hashes them; more is memory that nobody uses.
"""

Job = (
    Offload
    | Return
    | Hash
    | Probe
    | Listen
    | Align
    | Conform
    | PlanPublishing
    | Upload
    | PublishManifest
    | PointHead
    | PublishCopy
    | ReadBack
    | TrashOriginals
    | EmptyTrash
)
"""Every job there is: a `match` over it that ends in `assert_never` is checked for completeness."""


@memoize_by_identity(REMEMBERED_JOBS)
def build_upload(session: str, planned: PlannedObject, store: str) -> Upload:
    """Return the job that brings an object into a store (empty: the main one)."""
    return Upload(session, planned, store)


def find_store_name(job: Job) -> str | None:
    """Return the store that a job talks to, by the name that the ledger has for it; None if to none."""
    match job:
        case Upload() | PointHead() | PublishCopy() | ReadBack():
            return job.store
        case PublishManifest():
            return ""
        case _:
            return None


def is_follow_up(job: Job) -> bool:
    """Tell whether a job comes after what people wait for: its failure halts no session."""
    return isinstance(job, PointHead | ReadBack | RemovalJob) or bool(find_store_name(job))


def _name_target(store: str) -> str:
    return f" to {store}" if store else ""


@lru_cache(maxsize=1024)  # an equal job is built anew at many events; measured: 2 ms for a manifest
def _compute_job_id(job: BaseJob) -> str:
    inputs = json.dumps([type(job).__name__, _list_inputs(job)], sort_keys=True, default=str)
    return hashlib.sha256(inputs.encode()).hexdigest()[:24]


def forget_job_ids() -> None:
    """Let go of all jobs that are remembered: a worker has no use for those that it has done."""
    _compute_job_id.cache_clear()
    clear_memos()


def _list_inputs(value: object) -> object:
    """Return a value as JSON's types, without the fields that are no inputs (`job_inputs.py`)."""
    if value is None or isinstance(value, str | int | float):
        return value
    if is_dataclass(value):
        parts = [(one, getattr(value, one.name)) for one in fields(value)]
        return {one.name: _list_inputs(part) for one, part in parts if is_input(one, part)}
    if isinstance(value, tuple | list):
        return [_list_inputs(part) for part in value]
    if isinstance(value, Mapping):
        return {key: _list_inputs(part) for key, part in value.items()}
    return value
