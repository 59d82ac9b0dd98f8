"""Decisions that a client sends. Each names its `action`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

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
    """Move a clip: `to` is `+1f` or `-12ms` from its offset, or `=-134ms` for an absolute offset.

    `clip` is its name. Without one, all placed clips of the camera move together, and `to` counts from the
    first of them.
    """

    action: Literal["nudge"] = "nudge"
    camera: str
    to: str = Field(max_length=40)
    clip: str | None = Field(default=None, min_length=1, max_length=4096)


class ClipRequest(ApiBody):
    """Take a clip off the timeline, or give it `back` to the machine. `clip` is `CAMERA/NAME`.

    A clip that is set aside is conformed and published, but has no place. One that is left out is not
    published; that takes a `reason`.
    """

    action: Literal["clip"] = "clip"
    clip: str = Field(min_length=3, max_length=4200)
    disposition: Literal["set_aside", "left_out", "back"]
    reason: str = Field(default="", max_length=2000)

    @model_validator(mode="after")
    def _require_reason(self) -> ClipRequest:
        if self.disposition == "left_out" and not self.reason.strip():
            raise ValueError("a clip is left out for a reason")
        return self


class SealRequest(ApiBody):
    """Start with the clips that are there.

    `without` are held files to leave out, `as_is` incomplete ones to take all the same: `CAMERA/NAME`.
    """

    action: Literal["seal"] = "seal"
    without: list[str] = Field(default=[], max_length=1000)
    as_is: list[str] = Field(default=[], max_length=1000)


class JoinRequest(ApiBody):
    """Let the clips that have settled in the drop folders join this session, sealed without them."""

    action: Literal["join"] = "join"


class RetryRequest(ApiBody):
    """Run the failed step again."""

    action: Literal["retry"] = "retry"


class ResyncRequest(ApiBody):
    """Sync again, with the current settings."""

    action: Literal["resync"] = "resync"


class ReturnRequest(ApiBody):
    """Give the originals of a rejected session back: to the folder `to`, or to the drop folders."""

    action: Literal["return"] = "return"
    to: str | None = Field(default=None, pattern="^/", max_length=4096)


DecisionRequest = Annotated[
    ApproveRequest
    | RejectRequest
    | ReopenRequest
    | NudgeRequest
    | ClipRequest
    | SealRequest
    | JoinRequest
    | RetryRequest
    | ResyncRequest
    | ReturnRequest,
    Field(discriminator="action"),
]
"""A decision on a session. Approve, reject, reopen, nudge, clip and join need `If-Match: <revision>`."""
