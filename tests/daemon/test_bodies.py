"""What a face is told of a session."""

from dataclasses import replace

from mcsyncd.daemon.bodies import build_session_body
from mcsyncd.model.clip import Clip, DropFile
from mcsyncd.model.due import list_conform_jobs
from mcsyncd.model.reason import ReasonCode, build_reason
from mcsyncd.model.rendition import ConformReport
from mcsyncd.model.session import ConformedClip, Session, State
from shoots import AT, CAMERAS, DROPPED, NTSC, TERMS, alignment, media, result_of


def test_what_conform_met_stands_among_the_reasons():
    clips = tuple(
        Clip(file.camera, file.name, file.bytes, file.mtime_ns, file.name, media=media())
        for file in DROPPED
        if file.kind == "clip"
    )
    session = Session(
        "20261123-091502-k7q",
        AT,
        state=State.IN_REVIEW,
        revision=1,
        terms=TERMS,
        offloaded=True,
        clips=clips,
        rate=NTSC,
        alignment=replace(alignment(), reasons=(build_reason(ReasonCode.SPREAD, "cam_b", "cam_a"),)),
    )
    job = list_conform_jobs(session)[1]
    made = replace(result_of(job), report=ConformReport(warnings=("one frame is shown for 1.90 s",)))
    told = build_session_body(
        replace(session, conformed=(ConformedClip(job.id, job.clip.key, made),)), 0.85, cameras=CAMERAS
    )
    assert [(reason.code, reason.subject, reason.text) for reason in told.reasons] == [
        ("spread", "cam_b", "the offset between Cam B and Cam A is not sharp"),
        ("conform_warning", "cam_b/B001.MOV", "Cam B/B001.MOV: one frame is shown for 1.90 s"),
    ]
    assert told.call_to_action == "review_sync"


def test_a_clip_names_what_belongs_to_it_and_what_it_is_a_part_of():
    clips = tuple(
        Clip(file.camera, file.name, file.bytes, file.mtime_ns, file.name, media=media())
        for file in DROPPED
        if file.kind == "clip"
    )
    owner = clips[1]
    beside = DropFile(owner.camera, "SUB/B001S03.MP4", 5, 5, "copy", attached_to=owner.name)
    angles = tuple(
        replace(angle, placements=tuple(replace(one, continues="before") for one in angle.placements))
        for angle in alignment().angles
    )
    session = Session(
        "20261123-091502-k7q",
        AT,
        state=State.IN_REVIEW,
        terms=TERMS,
        drop_files=(*(file for file in DROPPED if file.kind == "clip"), beside),
        clips=clips,
        rate=NTSC,
        alignment=replace(alignment(), angles=angles),
    )
    told = build_session_body(session, 0.85, cameras=CAMERAS)
    attached = {key: camera.clips[0].attached for key, camera in told.cameras.items()}
    assert attached == {"cam_a": [], "cam_b": ["SUB/B001S03.MP4"], "cam_c": []}
    assert {camera.clips[0].continues for camera in told.cameras.values()} == {"before"}
