"""The request and response bodies of the daemon's API, shared by server and client; see docs/api.md.

`SessionBody` is also what `sessions --json` and `show --json` print. Fields may be added to a body, but
not renamed. Milliseconds are floats with microsecond digits; times are UTC in ISO 8601.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from mcsyncd.model.alignment import SyncMethod
from mcsyncd.model.reason import ReasonCode
from mcsyncd.model.session import Stage, State

CallToAction = Literal["looks_good", "review_sync"]
ProblemCode = Literal[
    "invalid_request",
    "not_permitted",
    "unknown_session",
    "not_found",
    "method_not_allowed",
    "conflict",
    "too_large",
    "bad_media",
    "failed",
    "internal",
    "unavailable",
]
"""What is wrong with a request, for programs; docs/api.md has a line for each."""


class ApiBody(BaseModel):
    """Base of every body: an immutable value. A reader ignores fields that it does not know yet."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)


class ErrorBody(ApiBody):
    """Why something failed, and the operator's next action."""

    stage: Stage
    message: str
    hint: str = ""
    retryable: bool = False


class ProgressBody(ApiBody):
    """The progress of a running step.

    `done` is 0..1, `eta_s` the seconds left. `count` of `total` are in `unit` (`frames`, `bytes` or
    `percent`), and `rate` is units per second.
    """

    stage: Stage
    done: float
    eta_s: float | None = None
    subject: str = ""
    count: int = 0
    total: int = 0
    unit: str = ""
    rate: float | None = None


class ClipBody(ApiBody):
    """One clip of a camera."""

    name: str
    bytes: int
    sha256: str | None = None
    duration_s: float | None = None
    offset_ms: float | None = None
    warnings: list[str] = []


class CameraBody(ApiBody):
    """One angle and its clips, in order."""

    label: str
    clips: list[ClipBody] = []


class CandidateBody(ApiBody):
    """An offset that would explain the sound, and its score, comparable within one angle."""

    offset_ms: float
    score: float


class PieceBody(ApiBody):
    """Part of a clip that was cut or lost samples, in clip time, with the offset and drift of that part."""

    clip: str
    begin_s: float
    end_s: float
    offset_ms: float
    drift_ppm: float


class ReasonBody(ApiBody):
    """Why a person is needed. `code` is for filtering, `text` for people, with the cameras' labels.

    `subject` is the key of a camera or of a clip, `others` the other cameras it names; `values` are
    measurements in the units of their names.
    """

    code: ReasonCode
    subject: str
    others: list[str] = []
    values: dict[str, float | str] = {}
    text: str


class AngleBody(ApiBody):
    """The evidence behind one angle's offset.

    `strip` is the correlation around the offset, for display: values of 0..1, `strip_step_ms` apart,
    the middle one at the machine's offset.
    """

    confidence: float
    reasons: list[ReasonBody] = []
    candidates: list[CandidateBody] = []
    overlap_s: float = 0.0
    residual_ms: float | None = None
    strip: list[float] = []
    strip_step_ms: float = 0.0
    error_ms: float | None = None
    drift_error_ppm: float | None = None
    pieces: list[PieceBody] = []


class SessionBody(ApiBody):
    """One session, as the CLI and the terminal app see it."""

    id: str
    state: State
    revision: int
    call_to_action: CallToAction | None = None
    sync_confidence: float | None = None
    sync_method: SyncMethod | None = None
    offsets_ms: dict[str, float | None] = {}
    drift_ppm: dict[str, float] = {}
    reasons: list[ReasonBody] = []
    rate: str | None = None
    cameras: dict[str, CameraBody] = {}
    approved_by: str | None = None
    approved_at: str | None = None
    error: ErrorBody | None = None
    progress: ProgressBody | None = None
    reference: str | None = None
    angles: dict[str, AngleBody] = {}
    duration_s: float | None = None
    opened_at: str = ""
    claimed_by: str | None = None
    manifest_key: str | None = None


class SessionsBody(ApiBody):
    """All sessions, newest first."""

    sessions: list[SessionBody]


class PendingFileBody(ApiBody):
    """A file in a drop folder that is not offloaded yet, and why."""

    name: str
    bytes: int
    state: Literal["settling", "settled", "waiting", "ignored", "refused"]
    note: str = ""


class FolderBody(ApiBody):
    """One watched drop folder. `health` is `ok`, or says what is wrong."""

    path: str
    label: str
    health: str
    settling: list[PendingFileBody] = []


class WorkerBody(ApiBody):
    """One running job."""

    stage: Stage
    session: str
    subject: str
    pid: int | None = None
    progress: ProgressBody | None = None


class StorageBody(ApiBody):
    """The object store that publish writes to, and the free space of the work disk."""

    kind: Literal["local", "r2"]
    target: str
    health: str
    work_free_bytes: int | None
    """Null until the disk of the work folder has answered for the first time."""


class StatusBody(ApiBody):
    """What the daemon is doing."""

    version: str
    pid: int
    host: str
    started_at: str
    review_below: float
    folders: dict[str, FolderBody]
    unknown_folders: list[str] = []
    sessions: dict[State, int]
    storage: StorageBody
    workers: list[WorkerBody]
    worker_slots: int
    you: str = ""
    may_approve: bool = False


class ApproveRequest(ApiBody):
    """Approve the session."""

    action: Literal["approve"] = "approve"


class RejectRequest(ApiBody):
    """Reject the session."""

    action: Literal["reject"] = "reject"
    reason: str = Field(min_length=1, max_length=2000)


class ReopenRequest(ApiBody):
    """Put a decided session back into review."""

    action: Literal["reopen"] = "reopen"
    reason: str = Field(min_length=1, max_length=2000)


class NudgeRequest(ApiBody):
    """Move one camera: `to` is `+1f` or `-12ms` from its offset, or `=-134ms` for an absolute offset."""

    action: Literal["nudge"] = "nudge"
    camera: str
    to: str = Field(max_length=40)


class SealRequest(ApiBody):
    """Start with the clips that are there."""

    action: Literal["seal"] = "seal"


class RetryRequest(ApiBody):
    """Run the failed step again."""

    action: Literal["retry"] = "retry"


class ResyncRequest(ApiBody):
    """Sync again, with the current settings."""

    action: Literal["resync"] = "resync"


DecisionRequest = Annotated[
    ApproveRequest
    | RejectRequest
    | ReopenRequest
    | NudgeRequest
    | SealRequest
    | RetryRequest
    | ResyncRequest,
    Field(discriminator="action"),
]
"""A decision on a session. Approve, reject, reopen and nudge need `If-Match: <revision>`."""


class ClaimBody(ApiBody):
    """Who is reviewing a session. A courtesy to others: it prevents nothing."""

    by: str
    expires_s: float


class PeaksBody(ApiBody):
    """Peaks of one camera on the session clock: int8 `low` and `high` (-127..127) per column.

    Column i covers `step_ms` of session time from `start_ms + i * step_ms`. Every clip of the camera
    is placed at its offset; where there is no audio, both are 0.
    """

    camera: str
    start_ms: float
    step_ms: float
    low: list[int]
    high: list[int]


class LogEntryBody(ApiBody):
    """One event of the ledger."""

    seq: int
    at: str
    session: str
    kind: str
    body: dict[str, object]
    hash: str


class LogBody(ApiBody):
    """A page of the ledger's events, oldest first.

    `next_after` is what to send as `after` for the next page; null on the last one.
    """

    entries: list[LogEntryBody]
    next_after: int | None = None


class StreamEventBody(ApiBody):
    """One server-sent event.

    With `seq`, it is an event of the ledger, and `seq` is also its SSE id. Without, it is transient:
    the progress of a step, a claim, or a change in the drop folders.
    """

    what: Literal["event", "progress", "claim", "folders", "heartbeat"]
    session: str | None = None
    seq: int | None = None
    kind: str | None = None
    at: str | None = None
    progress: ProgressBody | None = None


class ProblemBody(ApiBody):
    """The response to a request that was refused or failed. `current` comes with a conflict."""

    code: ProblemCode
    message: str
    hint: str = ""
    current: SessionBody | None = None


class ReloadBody(ApiBody):
    """The result of a reload. `problems` is empty when the new settings are in force."""

    reloaded: bool
    problems: list[str] = []
