"""What may be missing of a clip is a reason, and asks for a review."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcsyncd.model.clip import AnalysisAudio, Clip, Digest, EarlyEnd, HeldFile
from mcsyncd.model.decide import choose_session_rate
from mcsyncd.model.due import is_ready_to_publish, list_conform_jobs, list_open_jobs
from mcsyncd.model.hash_check import HashCheck
from mcsyncd.model.intake_doubts import list_intake_doubts
from mcsyncd.model.jobs import Align, Conform, Probe
from mcsyncd.model.reason import format_reason
from mcsyncd.model.session import Approval, ConformedClip, Session, State
from mcsyncd.review.policy import choose_call_to_action
from shoots import AT, DROPPED, NTSC, OKAFOR, TERMS, alignment, media, result_of

LABELS = {camera.key: camera.label for camera in TERMS.cameras}
MINUTE_US = 60_000_000
KEY = "cam_b/B001.MOV"


def reviewed(minutes: dict[str, float] | None = None, **of_cam_b) -> Session:
    """A session of three clips of one minute each, unless `minutes` says otherwise, and cam_b's media."""
    clips = tuple(
        Clip(
            file.camera,
            file.name,
            file.bytes,
            file.mtime_ns,
            media=replace(
                media(),
                duration_us=round((minutes or {}).get(file.camera, 1.0) * MINUTE_US),
                **(of_cam_b if file.camera == "cam_b" else {}),
            ),
        )
        for file in DROPPED
        if file.kind == "clip"
    )
    return Session(
        "20261123-091502-k7q", AT, State.IN_REVIEW, 3, DROPPED, TERMS, True, clips, NTSC, alignment(0.99)
    )


def with_audio(session: Session, *early_ends: EarlyEnd) -> Session:
    audio = AnalysisAudio(8000, 0, 480_000, (), "", early_ends=early_ends)
    return replace(
        session,
        clips=tuple(
            replace(clip, analysis_audio=audio) if clip.camera == "cam_b" else clip for clip in session.clips
        ),
    )


def test_without_a_doubt_it_looks_good():
    session = with_audio(reviewed(lacks_end_mark=True))
    assert list_intake_doubts(session) == ()
    assert choose_call_to_action(session, 0.85) == "looks_good"


def test_what_the_container_cannot_decide_asks_for_a_review():
    session = reviewed(shortfall="its last page does not end the stream")
    (reason,) = list_intake_doubts(session)
    assert (reason.code, reason.subject) == ("maybe_incomplete", KEY)
    assert "its last page does not end the stream" in format_reason(reason, LABELS)
    assert choose_call_to_action(session, 0.85) == "review_sync"


def test_what_a_person_took_as_it_is_is_said_once():
    held = HeldFile("cam_b", "B001.MOV", "incomplete", "it ends inside a packet")
    session = replace(reviewed(shortfall="it ends inside a packet"), taken_as_is=(held,))
    assert [reason.code for reason in list_intake_doubts(session)] == ["taken_incomplete"]


def test_a_clip_that_is_not_what_its_hash_list_says_asks_for_a_review():
    verified, failed = (HashCheck("card.mhl", "xxh64", verdict) for verdict in ("verified", "failed"))
    held = HeldFile("cam_b", "B001.MOV", 1, "it is not what card.mhl says")

    def check(*checks):
        clips = (
            replace(clip, checks=checks) if clip.camera == "cam_b" else clip for clip in reviewed().clips
        )
        return replace(reviewed(), clips=tuple(clips))

    assert list_intake_doubts(check(verified)) == ()
    session = replace(check(verified, failed), taken_as_is=(held,))
    (reason,) = list_intake_doubts(session)
    assert (reason.code, reason.subject) == ("hash_differs", KEY)
    said = "Cam B/B001.MOV is not what card.mhl says (xxh64): compare it with the card"
    assert format_reason(reason, LABELS) == said
    assert choose_call_to_action(session, 0.85) == "review_sync"


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (
            EarlyEnd("sound", "declared", 20_000_000, 60_000_000),
            "40.0 s before the end that the file declares",
        ),
        (EarlyEnd("sound", "other", 20_000_000, 60_000_000), "40.0 s before its picture"),
        (EarlyEnd("picture", "other", 20_000_000, 60_000_000), "40.0 s before its sound"),
    ],
)
def test_a_stream_that_ends_early_asks_for_a_review(end, said):
    session = with_audio(reviewed(), end)
    (reason,) = list_intake_doubts(session)
    assert (reason.code, reason.subject) == ("ends_early", KEY)
    assert format_reason(reason, LABELS) == f"the {end.stream} of Cam B/B001.MOV ends {said}"
    assert choose_call_to_action(session, 0.85) == "review_sync"


def test_an_angle_without_an_end_mark_that_stops_long_before_all_others_asks_for_a_review():
    half = reviewed({"cam_b": 0.5}, lacks_end_mark=True)
    (reason,) = list_intake_doubts(half)
    assert (reason.code, reason.subject) == ("stops_early", KEY)
    assert dict(reason.values)["early_s"] == pytest.approx(30.0, abs=1.0)
    assert choose_call_to_action(half, 0.85) == "review_sync"


@pytest.mark.parametrize(
    ("minutes", "lacks_end_mark"),
    [
        ({"cam_b": 0.5}, False),  # its container says that it is whole
        ({"cam_b": 0.9}, True),  # people stop cameras one after the other
        ({"cam_b": 0.5, "cam_c": 0.5}, True),  # another one stopped then, too
        ({"cam_a": 0.1, "cam_b": 0.05, "cam_c": 0.1}, True),  # seconds
    ],
)
def test_an_angle_that_was_stopped_by_hand_is_not_doubted(minutes, lacks_end_mark):
    assert list_intake_doubts(reviewed(minutes, lacks_end_mark=lacks_end_mark)) == ()


def test_a_camera_of_several_clips_is_not_doubted_for_its_last_one():
    session = reviewed({"cam_b": 0.5}, lacks_end_mark=True)
    (clip,) = (clip for clip in session.clips if clip.camera == "cam_b")
    assert list_intake_doubts(replace(session, clips=(*session.clips, replace(clip, name="B002.MOV")))) == ()


def test_a_doubt_changes_no_job():
    """What was conformed before a field was added must not look as if it had to be made again."""
    clip, doubtful = (
        next(clip for clip in session.clips if clip.camera == "cam_b")
        for session in (reviewed(), reviewed(shortfall="cut", lacks_end_mark=True))
    )
    jobs = [Conform("s", one, NTSC, 0, 0.0, TERMS.mezzanine, TERMS.proxy) for one in (clip, doubtful)]
    assert jobs[0].id == jobs[1].id
    assert Probe("s", clip).id != Probe("s", clip, as_is=True).id


def test_without_a_clip_of_the_reference_another_camera_gives_the_clock():
    whole = with_audio(reviewed())
    session = replace(
        whole, alignment=None, clips=tuple(clip for clip in whole.clips if clip.camera != TERMS.reference)
    )
    session = replace(
        session,
        clips=tuple(replace(clip, analysis_audio=whole.clips[1].analysis_audio) for clip in session.clips),
    )
    (align,) = [job for job in list_open_jobs(session, 0.85) if isinstance(job, Align)]
    assert align.reference == "cam_b"
    (reason,) = list_intake_doubts(session)
    assert (reason.code, reason.subject, reason.others) == ("reference_absent", TERMS.reference, ("cam_b",))
    assert format_reason(reason, LABELS) == (
        "Cam A, the reference camera, has no clip: the clock of Cam B is the session clock"
    )
    assert choose_session_rate(session, alignment()) == NTSC


def test_a_picture_that_nobody_here_can_decode_asks_for_a_review():
    session = reviewed(hidden_picture="brxq")
    (reason,) = list_intake_doubts(session)
    assert (reason.code, reason.subject) == ("hidden_picture", KEY)
    assert choose_call_to_action(session, 0.85) == "review_sync"


def test_a_picture_that_nobody_here_can_decode_gets_no_rendition_and_holds_up_nothing():
    whole, hidden = reviewed(), reviewed(hidden_picture="brxq")
    everything = {job.clip.key for job in list_conform_jobs(whole)}
    assert {job.clip.key for job in list_conform_jobs(hidden)} == everything - {KEY} != everything
    approved = replace(hidden, state=State.APPROVED, approval=Approval(OKAFOR, AT, hidden.revision))
    digest = Digest("a" * 64, "b" * 32, 1)
    audio = AnalysisAudio(8000, 0, 480_000, (), "")
    clips = tuple(replace(clip, digest=digest, analysis_audio=audio) for clip in approved.clips)
    approved = replace(approved, clips=clips)
    assert not is_ready_to_publish(approved)
    done = tuple(ConformedClip(job.id, job.clip.key, result_of(job)) for job in list_conform_jobs(approved))
    assert is_ready_to_publish(replace(approved, conformed=done))


def test_a_missing_picture_is_a_doubt_unless_the_settings_name_a_recorder():
    session = reviewed(video=None)
    (reason,) = list_intake_doubts(session)
    assert (reason.code, reason.subject) == ("no_picture", KEY)
    assert choose_call_to_action(session, 0.85) == "review_sync"
    cameras = tuple(
        replace(camera, kind="sound") if camera.key == "cam_b" else camera for camera in TERMS.cameras
    )
    assert list_intake_doubts(replace(session, terms=replace(TERMS, cameras=cameras))) == ()
