"""What stands against a fact: the one guard of the state machine, pure.

`find_objection` tells whether a fact applies to the session as it is, and if not, why and what to do
instead. `decide` yields nothing for a fact with an objection; the daemon tells a person about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, assert_never

from mcsyncd.model import facts as fa
from mcsyncd.model.losses import find_lost_results, is_lost_too_often
from mcsyncd.model.session import HALTED, Recall, Session, State

ObjectionKind = Literal["moved_on", "wrong_state", "invalid", "not_awaited"]

_REJECTABLE = frozenset({State.WORKING, State.IN_REVIEW, *HALTED})
_REOPENABLE = frozenset({State.APPROVED, State.PUBLISHING, State.PUBLISHED, State.REJECTED})
_RESYNCABLE = frozenset(State) - {State.COLLECTING, State.WORKING, State.REJECTED}
"""States in which a decision is allowed. A state too many loses work in progress; one too few leaves a
session that no command can move."""
_UNFAILABLE = frozenset({State.PUBLISHED, State.REJECTED, *HALTED})
"""States that a loss of derived files leaves alone, however often it happens: nothing there waits for one."""


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a fact does not apply, and the caller's next action.

    `moved_on`: the decision names another revision. `wrong_state`: the session's state does not allow
    it. `invalid`: it makes no sense for this session at all. `not_awaited`: nobody waits for this result.
    """

    kind: ObjectionKind
    message: str
    hint: str


def find_objection(session: Session, fact: fa.Fact, awaited: frozenset[str]) -> Objection | None:  # noqa: C901, PLR0911, PLR0912  # one line for each fact
    """Return why `fact` does not apply to `session`, or None if it does.

    `awaited` holds the ids of the jobs whose results are still missing.
    """
    match fact:
        case fa.FilesSettled():
            return _require_state(session, frozenset({State.COLLECTING}))
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
        case fa.Approve():
            return _object_to_approval(session, fact)
        case fa.Reject():
            return _require_revision(session, fact.revision) or _require_state(session, _REJECTABLE)
        case fa.Reopen():
            return _object_to_reopening(session, fact)
        case fa.Nudge():
            return _object_to_nudge(session, fact)
        case fa.Retry():
            return _object_to_retry(session, awaited)
        case fa.Resync():
            return _object_to_resync(session, fact)
        case fa.ReturnOriginals():
            return _object_to_return(session)
        case _:
            assert_never(fact)


def suggest_next_step(session: Session) -> str:  # noqa: PLR0911  # one line for each state
    """Return the command that takes a session on from the state it is in."""
    match session.state:
        case State.COLLECTING:
            return f"wait until it is sealed, or start it now: mcsyncd seal --session {session.id}"
        case State.WORKING:
            return "wait for the sync: mcsyncd status --follow"
        case State.IN_REVIEW:
            return f"it is in review: mcsyncd review {session.id}"
        case State.APPROVED | State.PUBLISHING | State.PUBLISHED:
            return f"reopen it first: mcsyncd reopen {session.id} --reason TEXT"
        case State.REJECTED:
            return f"to undo the rejection: mcsyncd reopen {session.id} --reason TEXT"
        case State.FAILED | State.QUARANTINED:
            return f"fix what it reports, then: mcsyncd retry {session.id}"
        case State.STALE:
            return f"if the new file is the right one: mcsyncd resync {session.id}"
        case _:
            assert_never(session.state)


def has_unplaced_clip(session: Session) -> bool:
    """Tell whether a clip has no position on the session clock: such a session cannot be approved."""
    found = session.alignment
    if found is None:
        return True
    placements = (found.find_placement(clip.camera, clip.name) for clip in session.clips)
    return any(placement is None or placement.offset_us is None for placement in placements)


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


def _object_to_dropped_clip(session: Session, fact: fa.ClipDroppedAgain) -> Objection | None:
    clip = session.find_clip(fact.clip)
    if session.state in (State.COLLECTING, State.REJECTED):
        return Objection("wrong_state", _describe_state(session), suggest_next_step(session))
    if clip is None or fact.file.key in {file.key for file in session.incoming}:
        return Objection("not_awaited", f"{session.id} does not need {fact.file.key}", "nothing to do")
    if fact.relation == "replacement" and session.state not in HALTED:
        return Objection("wrong_state", _describe_state(session), suggest_next_step(session))
    recall = Recall(fact.clip, fact.file.bytes, fact.relation == "differing")
    if fact.relation in ("continued", "differing") and recall in session.recalls:
        return Objection("not_awaited", f"{session.id} is recalled already", suggest_next_step(session))
    if fact.relation == "fuller" and fact.file.bytes < clip.bytes + (not clip.is_doubtful):
        return Objection("invalid", f"{fact.file.key} is no longer than {fact.clip}", "nothing to do")
    return None


def _object_to_return(session: Session) -> Objection | None:
    if session.state is not State.REJECTED:
        hint = f"reject it first: mcsyncd reject {session.id} --reason TEXT"
        return Objection("wrong_state", _describe_state(session), hint)
    if not session.offloaded:
        return Objection(
            "invalid", f"{session.id} took nothing in", "its files are still in the drop folders"
        )
    if session.returned:
        return Objection("invalid", f"the originals of {session.id} are back already", "nothing to do")
    return None


def _object_to_reopening(session: Session, fact: fa.Reopen) -> Objection | None:
    objection = _require_revision(session, fact.revision) or _require_state(session, _REOPENABLE)
    if objection is None and (session.returned or session.returning_to is not None):
        return Objection(
            "invalid",
            f"the originals of {session.id} were returned",
            "drop them again: they become a new session",
        )
    return objection


def _object_to_loss(session: Session, fact: fa.DerivedFilesLost, awaited: frozenset[str]) -> Objection | None:
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
    objection = _object_outside_review(session, fact.revision)
    if objection is None and has_unplaced_clip(session):
        return Objection(
            "invalid",
            f"{session.id}: a clip has no position on the timeline",
            f"place it by hand first: mcsyncd nudge {session.id} CAMERA =0ms",
        )
    return objection


def _object_to_nudge(session: Session, fact: fa.Nudge) -> Objection | None:
    objection = _object_outside_review(session, fact.revision)
    if objection is not None:
        return objection
    if session.alignment is None or session.alignment.find_angle(fact.camera) is None:
        return Objection(
            "invalid", f"{session.id} has no camera {fact.camera}", f"see `mcsyncd show {session.id}`"
        )
    if fact.camera == session.alignment.reference:
        return Objection(
            "invalid",
            f"{fact.camera} is the reference: the session clock cannot move",
            "nudge the other cameras instead",
        )
    return None


def _object_outside_review(session: Session, revision: int) -> Objection | None:
    return _require_revision(session, revision) or _require_state(session, frozenset({State.IN_REVIEW}))


def _object_to_retry(session: Session, awaited: frozenset[str]) -> Objection | None:
    # An attempt outlives its job: only one whose result is still missing can be repeated.
    if session.state in HALTED or any(attempt.job in awaited for attempt in session.attempts):
        return None
    return Objection("invalid", f"nothing has failed: {_describe_state(session)}", suggest_next_step(session))


def _object_to_resync(session: Session, fact: fa.Resync) -> Objection | None:
    objection = _require_revision(session, fact.revision)
    if objection is not None:
        return objection
    if session.state in _RESYNCABLE and session.offloaded:
        return None
    if session.state in HALTED:
        hint = f"its originals are not in yet: mcsyncd retry {session.id}"
        return Objection("wrong_state", _describe_state(session), hint)
    return Objection("wrong_state", _describe_state(session), suggest_next_step(session))


def _require_revision(session: Session, revision: int) -> Objection | None:
    if revision == session.revision:
        return None
    return Objection(
        "moved_on",
        f"{session.id} is at revision {session.revision} now; you decided on revision {revision}",
        f"read it again, then decide: mcsyncd show {session.id}",
    )


def _require_state(session: Session, allowed: frozenset[State]) -> Objection | None:
    if session.state in allowed:
        return None
    return Objection("wrong_state", _describe_state(session), suggest_next_step(session))


def _require_awaited(session: Session, job: str, awaited: frozenset[str]) -> Objection | None:
    return None if job in awaited else _not_awaited(session, job)


def _not_awaited(session: Session, job: str) -> Objection:
    return Objection("not_awaited", f"{session.id} does not wait for job {job}", "nothing to do")


def _describe_state(session: Session) -> str:
    by = f" (by {session.approval.by.name}, {session.approval.at})" if session.approval else ""
    return f"{session.id} is {session.state.replace('_', ' ')}{by}"
