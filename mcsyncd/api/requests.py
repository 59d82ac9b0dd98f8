"""Decisions that a client sends. Each names its `action`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mcsyncd.api.base import ApiBody


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
