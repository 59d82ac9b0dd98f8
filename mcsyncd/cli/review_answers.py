"""What a person types at the prompt of `review`, and the decision that it means."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mcsyncd.cli.options import CLIP_DISPOSITIONS
from mcsyncd.errors import UsageError
from mcsyncd.model.session import State
from mcsyncd.present.numbers import read_rate
from mcsyncd.review.nudge import format_nudge_target, parse_offset

if TYPE_CHECKING:
    from mcsyncd.api import DecisionRequest, SessionBody

# ruff: noqa: PLC0415  # a command loads what it needs when it runs

_MOVE = re.compile(r"[+-]\d+(\.\d+)?(f|ms|us|s)")

_REVIEW_HELP = (
    "a approve · n CAMERA[/NAME] +1f | -12ms | =-134ms | =00:00:12:05 nudge · x REASON reject",
    "for one clip: set-aside CAMERA/NAME · leave-out CAMERA/NAME REASON · back CAMERA/NAME",
)
_HALTED_HELP = ("r retry · x REASON reject · leave-out CAMERA/NAME REASON",)
_DECIDED_HELP = ("o REASON reopen",)
_HELP = {
    State.IN_REVIEW: _REVIEW_HELP,
    State.FAILED: _HALTED_HELP,
    State.QUARANTINED: _HALTED_HELP,
    State.STALE: ("x REASON reject · to sync again: mcsyncd resync SESSION",),
    State.APPROVED: _DECIDED_HELP,
    State.PUBLISHING: _DECIDED_HELP,
    State.PUBLISHED: _DECIDED_HELP,
    State.REJECTED: _DECIDED_HELP,
}
"""What may be answered, by the state of the session; where nothing may, nobody is asked."""
_LOOK_HELP = "h history · w FOLDER write what there is to hear · ? help · q quit"


def format_prompt_help(body: SessionBody) -> str:
    """Return what may be answered now; empty where no decision is open."""
    lines = _HELP.get(body.state, ())
    return "\n".join((*lines, _LOOK_HELP)) if lines else ""


def parse_decision(answer: str, body: SessionBody) -> DecisionRequest | None:
    """Return the decision that an answer means, or None to quit. Raises `UsageError` for other text."""
    from mcsyncd.api import ApproveRequest, RejectRequest, ReopenRequest, RetryRequest

    verb, _, rest = answer.strip().partition(" ")
    reason = rest.strip()
    if verb in {"q", "quit"}:
        return None
    if verb in {"a", "approve"} and not reason:
        return ApproveRequest()
    if verb in {"r", "retry"} and not reason:
        return RetryRequest()
    if verb in {"x", "reject"} and reason:
        return RejectRequest(reason=reason)
    if verb in {"o", "reopen"} and reason:
        return ReopenRequest(reason=reason)
    if found := _parse_clip_decision(verb, reason, body):
        return found
    raise UsageError(f"{answer!r} is not understood", "? says what may be answered")


def _parse_clip_decision(verb: str, rest: str, body: SessionBody) -> DecisionRequest | None:
    """Return a decision about a camera or one of its clips, or None if the words are not one."""
    from mcsyncd.api import ClipRequest, NudgeRequest

    what, to = _split_target(rest, body)
    key, _, name = what.partition("/")
    if key not in body.cameras:
        return None
    if verb in {"n", "nudge"} and _MOVE.fullmatch(to):
        return NudgeRequest(camera=key, clip=name or None, to=to)
    if verb in {"n", "nudge"} and to.startswith("="):
        offset_us = parse_offset(to, read_rate(body.rate))
        return NudgeRequest(camera=key, clip=name or None, to=format_nudge_target(offset_us))
    if verb in CLIP_DISPOSITIONS and name and (to or verb != "leave-out"):
        disposition = CLIP_DISPOSITIONS[verb]
        return ClipRequest.model_validate({"clip": what, "disposition": disposition, "reason": to})
    return None


def _split_target(text: str, body: SessionBody) -> tuple[str, str]:
    """Return the camera or clip that a text begins with, and the rest: names of clips may hold spaces."""
    known = list(body.cameras)
    known += [f"{key}/{clip.name}" for key, camera in body.cameras.items() for clip in camera.clips]
    found = [key for key in known if text == key or text.startswith(f"{key} ")]
    what = max(found, key=len, default="")
    return what, text[len(what) :].strip()
