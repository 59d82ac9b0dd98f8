"""From a decision, as a client sends it, to the fact that the loop decides on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, assert_never

from mcsyncd import api
from mcsyncd.daemon.clock import utc_now
from mcsyncd.errors import UsageError
from mcsyncd.integrity.file_times import is_same_time
from mcsyncd.model.alignment import Disposition
from mcsyncd.model.facts import (
    Approve,
    Fact,
    FileIdentity,
    Nudge,
    Reject,
    Reopen,
    Resync,
    Retry,
    ReturnOriginals,
    SetDisposition,
)
from mcsyncd.model.session import Actor, Session, Terms
from mcsyncd.review.nudge import parse_nudge
from mcsyncd.settings.work_layout import WorkLayout


@dataclass(frozen=True, slots=True)
class OriginalsNow:
    """The originals of a session as they are now: size and time of each, and the clips without one."""

    found: tuple[FileIdentity, ...] = ()
    missing: tuple[str, ...] = ()


def build_fact(  # noqa: PLR0911  # one line for each decision
    now: Session,
    decision: api.DecisionRequest,
    revision: int,
    actor: Actor,
    *,
    terms: Terms,
    originals: OriginalsNow,
) -> Fact:
    """Return the fact that a decision is, on a session as it is now.

    Raises UsageError for a seal, which depends on the drop folders: the drop scanner builds that fact.
    `terms` are those of today, `originals` what lies in the work folder now: a resync begins with both.
    """
    at = utc_now()
    match decision:
        case api.ApproveRequest():
            return Approve(at, actor, revision)
        case api.RejectRequest():
            return Reject(at, actor, revision, decision.reason)
        case api.ReopenRequest():
            return Reopen(at, actor, revision, decision.reason)
        case api.NudgeRequest():
            return _build_nudge(now, decision, revision, actor, at)
        case api.ClipRequest():
            return _build_disposition(decision, revision, actor, at)
        case api.ReturnRequest():
            return ReturnOriginals(at, actor, decision.to or "")
        case api.ResyncRequest():
            return Resync(at, actor, revision, terms, originals.found, originals.missing)
        case api.RetryRequest():
            return Retry(at, actor, originals.found, originals.missing)
        case api.SealRequest() | api.JoinRequest():
            raise UsageError("a seal depends on the drop folders", "the drop scanner builds it")
        case _:
            assert_never(decision)


def look_at_originals(session: Session, layout: WorkLayout) -> OriginalsNow:
    """Return what lies where the session's originals should be. Blocks.

    Raises OSError for errors of the disk: an original that cannot be looked at is not missing.
    """
    found, missing = [], []
    for clip in session.clips:
        if not clip.path:
            continue  # it is still in its drop folder
        try:
            now = layout.resolve_path(clip.place).stat(follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            missing.append(clip.key)
        else:
            is_same = is_same_time(now.st_mtime_ns, clip.mtime_ns)
            mtime_ns = clip.mtime_ns if is_same else now.st_mtime_ns
            found.append(FileIdentity(clip.key, now.st_size, mtime_ns))
    return OriginalsNow(tuple(found), tuple(missing))


def get_current_revision(session: Session, decision: api.DecisionRequest) -> int:
    """Return the revision of a decision that names none: not allowed for what a person reviewed."""
    if isinstance(decision, api.SealRequest | api.RetryRequest | api.ResyncRequest | api.ReturnRequest):
        return session.revision
    raise UsageError("the decision does not say on which revision it is based", "send If-Match: <revision>")


def _build_nudge(now: Session, decision: api.NudgeRequest, revision: int, actor: Actor, at: str) -> Nudge:
    """Return the nudge with its offset; a camera or rate that is not there is the guard's to object to."""
    angle, clip = now.alignment.find_angle(decision.camera) if now.alignment else None, decision.clip or ""
    if angle is None or now.rate is None or now.revision != revision:
        return Nudge(at, actor, revision, decision.camera, 0, clip)
    places = {placed.clip: placed.offset_us for placed in angle.placements}
    offset_us = parse_nudge(decision.to, places.get(clip) if clip else angle.offset_us, now.rate)
    return Nudge(at, actor, revision, decision.camera, offset_us, clip)


def _build_disposition(decision: api.ClipRequest, revision: int, actor: Actor, at: str) -> SetDisposition:
    match decision.disposition:
        case "set_aside":
            found: Literal[Disposition.SET_ASIDE, Disposition.LEFT_OUT] | None = Disposition.SET_ASIDE
        case "left_out":
            found = Disposition.LEFT_OUT
        case "back":
            found = None
        case _:
            assert_never(decision.disposition)
    return SetDisposition(at, actor, revision, decision.clip, found, decision.reason.strip())
