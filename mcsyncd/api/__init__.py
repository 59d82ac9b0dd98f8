"""The request and response bodies of the daemon's API, shared by server and client; see docs/api.md.

`SessionBody` is also what `sessions --json` and `show --json` print. Fields may be added to a body, but
not renamed. Milliseconds are floats with microsecond digits; times are UTC in ISO 8601.
"""

from __future__ import annotations

from mcsyncd.api.answers import ClaimBody, LogBody, LogEntryBody, PeaksBody, ProblemBody, StreamEventBody
from mcsyncd.api.base import ApiBody, ProblemCode
from mcsyncd.api.requests import (
    ApproveRequest,
    ClipRequest,
    DecisionRequest,
    JoinRequest,
    NudgeRequest,
    RejectRequest,
    ReopenRequest,
    ResyncRequest,
    RetryRequest,
    ReturnRequest,
    SealRequest,
)
from mcsyncd.api.sessions import (
    AngleBody,
    CallToAction,
    CameraBody,
    CandidateBody,
    ClipBody,
    ErrorBody,
    HandSetBody,
    PieceBody,
    ProgressBody,
    ReasonBody,
    ReopenedBody,
    SessionBody,
    SessionsBody,
    WitnessBody,
)
from mcsyncd.api.status import (
    AlertBody,
    AlertCode,
    FolderBody,
    LedgerBody,
    PendingFileBody,
    ReloadBody,
    StatusBody,
    StorageBody,
    WorkerBody,
)

__all__ = [
    "AlertBody",
    "AlertCode",
    "AngleBody",
    "ApiBody",
    "ApproveRequest",
    "CallToAction",
    "CameraBody",
    "CandidateBody",
    "ClaimBody",
    "ClipBody",
    "ClipRequest",
    "DecisionRequest",
    "ErrorBody",
    "FolderBody",
    "HandSetBody",
    "JoinRequest",
    "LedgerBody",
    "LogBody",
    "LogEntryBody",
    "NudgeRequest",
    "PeaksBody",
    "PendingFileBody",
    "PieceBody",
    "ProblemBody",
    "ProblemCode",
    "ProgressBody",
    "ReasonBody",
    "RejectRequest",
    "ReloadBody",
    "ReopenRequest",
    "ReopenedBody",
    "ResyncRequest",
    "RetryRequest",
    "ReturnRequest",
    "SealRequest",
    "SessionBody",
    "SessionsBody",
    "StatusBody",
    "StorageBody",
    "StreamEventBody",
    "WitnessBody",
    "WorkerBody",
]
