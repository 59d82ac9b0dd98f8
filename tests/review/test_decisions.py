from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcsyncd.errors import Conflict, UsageError
from mcsyncd.model.alignment import SyncMethod, floor_percent
from mcsyncd.model.facts import Approve, Nudge, Reject, Reopen, Resync, Retry
from mcsyncd.model.rate import Rate
from mcsyncd.model.session import Approval, Attempt, Session, State
from mcsyncd.review.decisions import is_repeated_approval
from mcsyncd.review.decisions import require_applicable as require_applicable_given
from mcsyncd.review.nudge import parse_nudge
from mcsyncd.review.policy import choose_call_to_action
from shoots import AT, DROPPED, OFFSETS, OKAFOR, RUIZ, TERMS, alignment

NTSC = Rate(30000, 1001)


def require_applicable(session: Session, fact, awaited=frozenset()) -> None:
    require_applicable_given(session, fact, awaited)


def reviewed(**changes) -> Session:
    from mcsyncd.model.clip import Clip  # noqa: PLC0415  # only here

    clips = tuple(
        Clip(file.camera, file.name, file.bytes, file.mtime_ns) for file in DROPPED if file.kind == "clip"
    )
    session = Session(
        "20261123-091502-k7q", AT, State.IN_REVIEW, 3, DROPPED, TERMS, True, clips, NTSC, alignment()
    )
    return replace(session, **changes)


@pytest.mark.parametrize(
    ("to", "target"),
    [
        ("+1ms", -133_000),
        ("-12ms", -146_000),
        ("=-134ms", -134_000),
        ("=+87ms", 87_000),
        ("+2s", 1_866_000),
        ("=0ms", 0),
        ("+1.5ms", -132_500),
        ("+1f", -100_633),
        ("-3f", -234_100),
        ("=30f", 1_001_000),
        ("+250us", -133_750),
    ],
)
def test_nudges_read_as_people_write_them(to, target):
    assert parse_nudge(to, -134_000, NTSC) == target


@pytest.mark.parametrize(
    "to", ["", "12ms", "+ms", "+1", "++1ms", "=1 parsec", "+1e9ms", "+999999s", "; rm -rf", "+1f\n+1f"]
)
def test_other_nudges_are_refused_with_an_example(to):
    with pytest.raises(UsageError) as caught:
        parse_nudge(to, 0, NTSC)
    assert caught.value.hint


@given(st.integers(-(10**9), 10**9), st.integers(1, 5000))
def test_there_and_back_again(offset, frames):
    there = parse_nudge(f"+{frames}f", offset, NTSC)
    assert abs(parse_nudge(f"-{frames}f", there, NTSC) - offset) <= 1


def test_a_day_is_the_farthest_that_a_nudge_goes():
    assert parse_nudge("=86400s", 0, NTSC) == 86_400_000_000
    for text in ("=86400.000001s", "=-86400.000001s"):
        with pytest.raises(UsageError, match="more than a day"):
            parse_nudge(text, 0, NTSC)


def test_a_camera_without_a_place_is_laid_before_it_is_moved():
    with pytest.raises(UsageError, match="no position"):
        parse_nudge("+1ms", None, NTSC)
    assert parse_nudge("=5ms", None, NTSC) == 5_000


def test_the_reference_cannot_be_nudged_nor_a_camera_that_is_not_there():
    for camera in ("cam_a", "cam_x"):
        with pytest.raises(UsageError):
            require_applicable(reviewed(), Nudge(AT, OKAFOR, 3, camera, 40_000))


@pytest.mark.parametrize("revision", [2, 4, 0, -1])
@pytest.mark.parametrize(
    ("state", "build"),
    [
        (State.IN_REVIEW, lambda revision: Approve(AT, OKAFOR, revision)),
        (State.IN_REVIEW, lambda revision: Reject(AT, OKAFOR, revision, "no")),
        (State.IN_REVIEW, lambda revision: Nudge(AT, OKAFOR, revision, "cam_b", 0)),
        (State.PUBLISHED, lambda revision: Reopen(AT, OKAFOR, revision, "why")),
        (State.PUBLISHED, lambda revision: Resync(AT, OKAFOR, revision, TERMS)),
    ],
)
def test_a_decision_on_another_revision_is_a_conflict(revision, state, build):
    with pytest.raises(Conflict, match="revision 3 now"):
        require_applicable(reviewed(state=state), build(revision))


def test_the_second_approver_is_told_who_came_first():
    done = reviewed(state=State.APPROVED, approval=Approval(RUIZ, AT, 3))
    with pytest.raises(Conflict, match=r"a\.ruiz"):
        require_applicable(done, Approve(AT, OKAFOR, 3))
    assert not is_repeated_approval(done, OKAFOR, 3)
    assert is_repeated_approval(done, RUIZ, 3)
    assert not is_repeated_approval(done, RUIZ, 2)
    assert not is_repeated_approval(replace(done, revision=4), RUIZ, 3)
    assert not is_repeated_approval(replace(done, approval=Approval(RUIZ, AT, 4)), RUIZ, 3)


def test_a_session_with_an_unplaced_clip_cannot_be_approved():
    lost = reviewed(alignment=alignment(offsets=OFFSETS | {"cam_b": None}))
    with pytest.raises(UsageError, match="no place on the timeline"):
        require_applicable(lost, Approve(AT, OKAFOR, 3))


def test_there_is_nothing_to_retry_where_nothing_failed():
    with pytest.raises(UsageError, match="nothing has failed"):
        require_applicable(reviewed(), Retry(AT, OKAFOR))


def test_a_published_session_whose_upload_failed_once_has_nothing_to_retry():
    done = reviewed(state=State.PUBLISHED, attempts=(Attempt("upload", 1, 0, 0.0),))
    with pytest.raises(UsageError, match="nothing has failed"):
        require_applicable(done, Retry(AT, OKAFOR))
    require_applicable(replace(done, state=State.PUBLISHING), Retry(AT, OKAFOR), frozenset({"upload"}))


@pytest.mark.parametrize(
    ("state", "command"),
    [
        (State.COLLECTING, "mcsyncd seal"),
        (State.WORKING, "mcsyncd status"),
        (State.APPROVED, "mcsyncd reopen"),
        (State.PUBLISHING, "mcsyncd reopen"),
        (State.PUBLISHED, "mcsyncd reopen"),
        (State.REJECTED, "mcsyncd reopen"),
        (State.FAILED, "mcsyncd retry"),
        (State.QUARANTINED, "mcsyncd retry"),
        (State.STALE, "mcsyncd resync"),
    ],
)
@pytest.mark.parametrize("decision", [Approve(AT, OKAFOR, 3), Nudge(AT, OKAFOR, 3, "cam_b", 0)])
def test_a_decision_outside_review_names_the_command_that_leads_there(state, command, decision):
    with pytest.raises(Conflict) as caught:
        require_applicable(reviewed(state=state), decision)
    assert command in caught.value.hint


@pytest.mark.parametrize(
    ("confidence", "method", "action"),
    [
        (0.85, SyncMethod.AUDIO_CORR, "looks_good"),
        (0.8499999, SyncMethod.AUDIO_CORR, "review_sync"),
        (0.99, SyncMethod.FALLBACK, "review_sync"),
        (0.71, SyncMethod.MANUAL, "review_sync"),
        (0.92, SyncMethod.MANUAL, "review_sync"),
    ],
)
def test_exactly_at_the_threshold_looks_good(confidence, method, action):
    assert choose_call_to_action(reviewed(alignment=alignment(confidence, method)), 0.85) == action


def test_nothing_is_asked_for_where_no_decision_is_due():
    for state in set(State) - {State.IN_REVIEW}:
        assert choose_call_to_action(reviewed(state=state), 0.85) is None


@given(st.floats(0, 1))
def test_a_shown_percentage_never_flatters(confidence):
    assert floor_percent(confidence) <= confidence * 100 + 1e-9
    assert (floor_percent(confidence) >= 85) == (confidence >= 0.85)


def test_hundredths_are_shown_as_they_were_meant():
    assert [floor_percent(n / 100) for n in range(101)] == list(range(101))
