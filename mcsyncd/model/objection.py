"""What stands against a fact: the one guard of the state machine, pure.

`find_objection` tells whether a fact applies to the session as it is, and if not, why and what to do
instead. `decide` yields nothing for a fact with an objection; the daemon tells a person about it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import assert_never

from mcsyncd.model import facts as fa
from mcsyncd.model.dispositions import list_undecided_clips
from mcsyncd.model.losses import find_lost_results, is_lost_too_often
from mcsyncd.model.objection_basis import (
    Objection,
    describe_state,
    require_review,
    require_revision,
    require_state,
    suggest_next_step,
)
from mcsyncd.model.placing_objection import object_to_disposition, object_to_nudge, object_to_undecided
from mcsyncd.model.session import HALTED, Recall, Session, State

_REJECTABLE = frozenset({State.WORKING, State.IN_REVIEW, *HALTED})
_REOPENABLE = frozenset({State.APPROVED, State.PUBLISHING, State.PUBLISHED, State.REJECTED})
_RESYNCABLE = frozenset(State) - {State.COLLECTING, State.WORKING, State.REJECTED}
"""States in which a decision is allowed. A state too many loses work in progress; one too few leaves a
session that no command can move."""
_JOINABLE = frozenset({State.IN_REVIEW, State.APPROVED, State.PUBLISHED})
"""States of a session that late clips may join: its answer is known, and nothing of it is on its way."""
_RECORDED = frozenset({"clip", "copy"})
"""Kinds of files that a camera recorded. Others describe them, and a later one replaces an earlier one."""
_UNDECIDED = frozenset({State.WORKING, State.IN_REVIEW})
"""States in which another copy of a clip that cannot be read takes its place."""
_UNFAILABLE = frozenset({State.PUBLISHED, State.REJECTED, *HALTED})
"""States that a loss of derived files leaves alone, however often it happens: nothing there waits for one."""


def find_objection(session: Session, fact: fa.Fact, awaited: Collection[str]) -> Objection | None:  # noqa: C901, PLR0911, PLR0912  # one line for each fact
    """Return why `fact` does not apply to `session`, or None if it does.

    `awaited` holds the ids of the jobs whose results are still missing.
    """
    match fact:
        case fa.FilesSettled():
            return require_state(session, frozenset({State.COLLECTING}))
        case fa.Seal():
            return _object_to_seal(session, fact)
        case fa.ClipDroppedAgain():
            return _object_to_dropped_clip(session, fact)
        case fa.JobFinished():
            return _require_awaited(session, fact.job, awaited)
        case fa.JobFailed():
            if session.state in HALTED:
                return _not_awaited(session, fact.job)
            return _require_awaited(session, fact.job, awaited)
        case fa.DerivedFilesLost():
            return _object_to_loss(session, fact, awaited)
        case fa.StoredObjectsLost():
            return _require_awaited(session, fact.job, awaited)
        case fa.LookAfterStores() if session.may_have_readers:
            return None
        case fa.LookAfterStores() | fa.LookAfterOriginals():
            return require_state(session, frozenset({State.PUBLISHED}))
        case fa.Approve():
            return _object_to_approval(session, fact)
        case fa.Reject():
            return _object_to_rejection(session, fact)
        case fa.Reopen():
            return _object_to_reopening(session, fact)
        case fa.Nudge():
            return object_to_nudge(session, fact)
        case fa.SetDisposition():
            return object_to_disposition(session, fact)
        case fa.JoinReel():
            return _object_to_joining(session, fact)
        case fa.Retry():
            return _object_to_retry(session, fact, awaited)
        case fa.Resync():
            return _object_to_resync(session, fact)
        case fa.ReturnOriginals():
            return _object_to_return(session)
        case _:
            assert_never(fact)


def _object_to_seal(session: Session, fact: fa.Seal) -> Objection | None:
    if session.state is not State.COLLECTING:
        return Objection("wrong_state", f"{session.id} is sealed already", suggest_next_step(session))
    files = (*session.drop_files, *fact.as_is)
    if not any(file.kind == "clip" for file in files):
        return Objection(
            "invalid", "nothing to seal: no settled clip in any drop folder", "see `mcsyncd status`"
        )
    return _object_to_held_files(fact)


def _object_to_held_files(fact: fa.Seal) -> Objection | None:
    settled_about = {*fact.without, *(file.key for file in fact.as_is)}
    held = {file.key: file for file in fact.held}
    unknown = [key for key in settled_about if key not in held]
    if unknown:
        return Objection(
            "invalid",
            f"{unknown[0]} is not a file that holds the seal",
            "name it CAMERA/NAME as `mcsyncd status` does; move a complete file out of the drop folder",
        )
    for key, file in held.items():
        if key not in settled_about:
            return Objection(
                "invalid",
                f"{key} is not ready: {file.reason}",
                f"mend it, or start without it: mcsyncd seal --without {key}",
            )
    return None


def _object_to_joining(session: Session, fact: fa.JoinReel) -> Objection | None:
    objection = require_revision(session, fact.revision) or require_state(session, _JOINABLE)
    if objection is not None or session.are_originals_deleted:
        return objection or _object_to_deleted(session)
    if fact.held:
        held = fact.held[0]
        hint = "wait until its copy is complete, or move it out of the drop folder"
        return Objection("invalid", f"{held.key} is not ready: {held.reason}", hint)
    if not any(file.kind == "clip" for file in fact.files):
        hint = "copy the clips into their camera's folder first; see `mcsyncd status`"
        return Objection("invalid", "nothing to join: no settled clip in any drop folder", hint)
    cameras = {camera.key for camera in session.terms.cameras} if session.terms is not None else set()
    # The second half of a card has index files of the same names; only what was recorded must not clash.
    known = {file.key for file in session.drop_files if file.kind in _RECORDED}
    for file in fact.files:
        if file.camera not in cameras:
            return Objection(
                "invalid", f"{session.id} has no camera {file.camera}", "seal a session of its own"
            )
        if file.key in known:
            hint = f"move the reel into a folder of its own: {file.camera}/reel-2/"
            return Objection("invalid", f"{session.id} has a file {file.key} already", hint)
    return None


def _object_to_dropped_clip(session: Session, fact: fa.ClipDroppedAgain) -> Objection | None:  # noqa: PLR0911  # one line for each rule
    clip = session.find_clip(fact.clip)
    if session.state in (State.COLLECTING, State.REJECTED):
        return Objection("wrong_state", describe_state(session), suggest_next_step(session))
    if clip is None or fact.file.key in {file.key for file in session.incoming}:
        return Objection("not_awaited", f"{session.id} does not need {fact.file.key}", "nothing to do")
    if session.are_originals_deleted:
        return _object_to_deleted(session)
    is_missed = session.state in HALTED or (clip.fault and session.state in _UNDECIDED)
    if fact.relation == "replacement" and not is_missed:
        return Objection("wrong_state", describe_state(session), suggest_next_step(session))
    recall = Recall(fact.clip, fact.file.bytes, fact.relation == "differing")
    if fact.relation in ("continued", "differing") and recall in session.recalls:
        return Objection("not_awaited", f"{session.id} is recalled already", suggest_next_step(session))
    if fact.relation == "fuller" and fact.file.bytes < clip.bytes + (not clip.is_doubtful):
        return Objection("invalid", f"{fact.file.key} is no longer than {fact.clip}", "nothing to do")
    return None


def _object_to_return(session: Session) -> Objection | None:
    if session.state is not State.REJECTED:
        hint = f"reject it first: mcsyncd reject {session.id} --reason TEXT"
        return Objection("wrong_state", describe_state(session), hint)
    if not session.offloaded:
        return Objection(
            "invalid", f"{session.id} took nothing in", "its files are still in the drop folders"
        )
    if session.returned:
        return Objection("invalid", f"the originals of {session.id} are back already", "nothing to do")
    if any(clip.moved_to for clip in session.clips):
        where = "were deleted here" if session.are_originals_deleted else "lie in the trash of the session"
        hint = f"mcsyncd restore {session.id} --into DIR brings them back"
        return Objection("invalid", f"the originals of {session.id} {where}", hint)
    return None


def _object_to_rejection(session: Session, fact: fa.Reject) -> Objection | None:
    """What is published is reopened first, unless that cannot be done any more."""
    also = {State.PUBLISHED} if session.are_originals_deleted else set()
    return require_revision(session, fact.revision) or require_state(session, _REJECTABLE | also)


def _object_to_reopening(session: Session, fact: fa.Reopen) -> Objection | None:
    objection = require_revision(session, fact.revision) or require_state(session, _REOPENABLE)
    if objection is None and session.are_originals_deleted:
        return _object_to_deleted(session)
    if objection is None and (session.returned or session.returning_to is not None):
        return Objection(
            "invalid",
            f"the originals of {session.id} were returned",
            "drop them again: they become a new session",
        )
    return objection


def _object_to_deleted(session: Session) -> Objection:
    return Objection(
        "invalid",
        f"the originals of {session.id} were deleted here, as the settings ask",
        f"mcsyncd restore {session.id} --into DIR brings them back; {suggest_next_step(session)}",
    )


def _object_to_loss(
    session: Session, fact: fa.DerivedFilesLost, awaited: Collection[str]
) -> Objection | None:
    if not find_lost_results(session, fact.paths):
        return Objection("not_awaited", f"{session.id}: no result has these files", "nothing to do")
    if fact.job is not None:
        return (
            _not_awaited(session, fact.job)
            if session.state in HALTED
            else _require_awaited(session, fact.job, awaited)
        )
    if session.state in _UNFAILABLE and is_lost_too_often(session, fact.paths):
        return Objection("invalid", fact.message, "check the disk of the work folder (`dmesg`)")
    return None


def _object_to_approval(session: Session, fact: fa.Approve) -> Objection | None:
    objection = require_review(session, fact.revision)
    undecided = list_undecided_clips(session)
    if objection is None and undecided:
        return object_to_undecided(session, undecided[0])
    return objection


def _object_to_retry(session: Session, fact: fa.Retry, awaited: Collection[str]) -> Objection | None:
    missed = (clip for clip in session.clips if clip.fault and not session.is_left_out(clip.key))
    # An attempt outlives its job: only one whose result is still missing can be repeated.
    waits = any(attempt.job in awaited for attempt in session.attempts)
    if not (session.state in HALTED or waits or (session.state in _UNDECIDED and any(missed))):
        state = describe_state(session)
        return Objection("invalid", f"nothing has failed: {state}", suggest_next_step(session))
    keeps_answer = session.approval is not None and _are_same(session, fact.originals)
    if keeps_answer or session.state is State.REJECTED:
        return None  # what is still to be done needs no new answer
    return _object_to_missing(session, fact.missing)


def _are_same(session: Session, originals: Collection[fa.FileIdentity]) -> bool:
    """Tell whether these originals are the files that were taken in."""
    taken = {(clip.key, clip.bytes, clip.mtime_ns) for clip in session.clips}
    return all((one.clip, one.bytes, one.mtime_ns) in taken for one in originals)


def _object_to_resync(session: Session, fact: fa.Resync) -> Objection | None:
    objection = require_revision(session, fact.revision)
    if objection is not None or session.are_originals_deleted:
        return objection or _object_to_deleted(session)
    if session.state in _RESYNCABLE and session.offloaded:
        return _object_to_missing(session, fact.missing)
    if session.state in HALTED:
        hint = f"its originals are not in yet: mcsyncd retry {session.id}"
        return Objection("wrong_state", describe_state(session), hint)
    return Objection("wrong_state", describe_state(session), suggest_next_step(session))


def _object_to_missing(session: Session, missing: Collection[str]) -> Objection | None:
    """Without an original, what looks good could not be published: no answer is shown until it is back."""
    coming = {file.key for file in session.incoming}
    needed = [key for key in missing if key not in coming and not session.is_left_out(key)]
    if not needed:
        return None
    more = f", and {len(needed) - 1} more" if len(needed) > 1 else ""
    hint = "put it back and try again"
    if session.state in HALTED:  # or nothing that is dropped takes its place
        hint = f"drop it again; or put it back, then: mcsyncd retry {session.id}"
    if session.state in {*HALTED, State.IN_REVIEW}:
        hint += f"; to go on without it: mcsyncd clip {session.id} {needed[0]} leave-out --reason TEXT"
    return Objection("invalid", f"the original of {needed[0]} is missing{more}", hint)


def _require_awaited(session: Session, job: str, awaited: Collection[str]) -> Objection | None:
    return None if job in awaited else _not_awaited(session, job)


def _not_awaited(session: Session, job: str) -> Objection:
    return Objection("not_awaited", f"{session.id} does not wait for job {job}", "nothing to do")
