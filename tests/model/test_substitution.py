"""Where a clip cannot be read and its second copy can, the copy takes its place and asks for a review."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcsyncd.model import facts as fa
from mcsyncd.model.clip import DropFile
from mcsyncd.model.decide import MAX_CRASHES, DecisionContext, decide
from mcsyncd.model.due import is_confident, list_due_jobs
from mcsyncd.model.events import SessionOpened
from mcsyncd.model.evolve import apply_event, replay_events
from mcsyncd.model.intake_doubts import list_intake_doubts
from mcsyncd.model.jobs import Probe
from mcsyncd.model.session import Session, State
from shoots import AT, DROPPED, TERMS, result_of

REVIEW_BELOW = 0.85
MAIN, PROXY, BACKUP, OTHER_SLOT = (
    "M4ROOT/CLIP/C1.MP4",
    "M4ROOT/SUB/C1S03.MP4",
    "M4ROOT/CLIP/C1.WAV",
    "B/C1.MP4",
)
SIDECAR = DropFile("cam_b", "M4ROOT/CLIP/C1M01.XML", 5, 5, "sidecar", attached_to=MAIN)
OTHERS = tuple(file for file in DROPPED if file.camera != "cam_b")


def copy_of(name: str, size: int) -> DropFile:
    return DropFile("cam_b", name, size, 5, "copy", attached_to=MAIN)


def tell(session: Session, fact: fa.Fact) -> Session:
    for event in decide(session, fact, DecisionContext(REVIEW_BELOW)):
        session = apply_event(session, event)
    return session


def offloaded(*copies: DropFile) -> Session:
    session = replay_events([SessionOpened(AT, "20261123-091502-k7q")])
    files = (*OTHERS, DropFile("cam_b", MAIN, 9000, 5), SIDECAR, *copies)
    for fact in (fa.FilesSettled(AT, files), fa.Seal(AT, TERMS)):
        session = tell(session, fact)
    (offload,) = list_due_jobs(session, REVIEW_BELOW)
    return tell(session, fa.JobFinished(AT, offload.id, result_of(offload)))


def fail_probe(session: Session, kind: str = "final", camera: str = "cam_b") -> Session:
    job = next(
        job
        for job in list_due_jobs(session, REVIEW_BELOW)
        if isinstance(job, Probe) and job.clip.camera == camera
    )
    return tell(session, fa.JobFailed(AT, job.id, kind, "none of its frames can be decoded", "copy it again"))


def finish_all(session: Session) -> Session:
    while session.alignment is None:
        job = list_due_jobs(session, REVIEW_BELOW)[0]
        session = tell(session, fa.JobFinished(AT, job.id, result_of(job, 0.99)))
    return session


def clip_of(session: Session):
    (clip,) = (clip for clip in session.clips if clip.camera == "cam_b")
    return clip


def test_the_copy_is_the_clip_and_a_person_must_look():
    session = offloaded(copy_of(PROXY, 500))
    folder = clip_of(session).path.removesuffix(MAIN)
    session = fail_probe(session)
    clip = clip_of(session)
    assert session.state is State.WORKING
    assert (clip.name, clip.path, clip.bytes) == (PROXY, folder + PROXY, 500)
    session = finish_all(session)
    assert session.state is State.IN_REVIEW
    (doubt,) = list_intake_doubts(session)
    assert (doubt.code, doubt.subject) == ("second_copy", f"cam_b/{PROXY}")
    assert dict(doubt.values)["instead_of"] == f"cam_b/{MAIN}"
    assert not is_confident(session, REVIEW_BELOW)


def test_nothing_is_lost_and_all_is_attached_to_the_new_clip():
    before = offloaded(copy_of(PROXY, 500), copy_of(BACKUP, 700))
    after = fail_probe(before)
    assert {file.key for file in after.drop_files} == {file.key for file in before.drop_files}
    own = {file.name: file for file in after.drop_files if file.camera == "cam_b"}
    assert own.pop(PROXY).kind == "clip"
    assert own[MAIN].kind == "copy"
    assert {file.attached_to for file in own.values()} == {PROXY}


def test_the_other_slot_is_better_than_a_proxy_and_a_proxy_than_a_backup_of_the_sound():
    session = offloaded(copy_of(BACKUP, 7000), copy_of(PROXY, 500), copy_of(OTHER_SLOT, 9000))
    for expected in (OTHER_SLOT, PROXY, BACKUP):
        session = fail_probe(session)
        assert clip_of(session).name == expected
    session = fail_probe(session)
    assert session.state is State.FAILED, "nothing is tried twice"


@pytest.mark.parametrize("kind", ["transient", "changed", "corrupt"])
def test_only_a_clip_that_cannot_be_read_gives_up_its_place(kind):
    assert clip_of(fail_probe(offloaded(copy_of(PROXY, 500)), kind)).name == MAIN


def test_a_clip_that_crashes_its_reader_gives_up_its_place_when_it_would_fail_the_session():
    session = offloaded(copy_of(PROXY, 500))
    for _ in range(MAX_CRASHES - 1):
        session = fail_probe(session, "crash")
        assert clip_of(session).name == MAIN
    assert clip_of(fail_probe(session, "crash")).name == PROXY


def test_without_a_copy_of_its_own_the_session_fails():
    copy = replace(copy_of(PROXY, 500), attached_to="M4ROOT/CLIP/C2.MP4")
    for session in (offloaded(), offloaded(copy)):
        assert fail_probe(session).state is State.FAILED
    assert fail_probe(offloaded(copy_of(PROXY, 500)), camera="cam_a").state is State.FAILED
