"""Sessions as bodies of the API. Pure: values in, bodies out."""

from __future__ import annotations

import json
from collections.abc import Mapping

from mcsyncd.api import (
    AngleBody,
    CameraBody,
    ClipBody,
    ErrorBody,
    HandSetBody,
    HashCheckBody,
    LogEntryBody,
    ProgressBody,
    ReasonBody,
    ReopenedBody,
    SessionBody,
)
from mcsyncd.daemon.store_bodies import build_copy_bodies
from mcsyncd.model.alignment import Alignment, AngleMatch
from mcsyncd.model.angle_document import build_angle_document, ms_from_us
from mcsyncd.model.clip import Camera, Clip
from mcsyncd.model.due import list_conform_warnings
from mcsyncd.model.hand_set import HandSetOffset, list_hand_set_offsets
from mcsyncd.model.intake_doubts import list_intake_doubts
from mcsyncd.model.reason import build_reason_document
from mcsyncd.model.session import Failure, Reopening, Session
from mcsyncd.model.store_jobs import is_safe
from mcsyncd.review.policy import choose_call_to_action
from mcsyncd.store.chain import LogEntry


def build_log_entry_body(entry: LogEntry) -> LogEntryBody:
    """Return an event of the ledger as the API shows it."""
    return LogEntryBody(
        seq=entry.seq,
        at=entry.at,
        session=entry.session_id,
        kind=entry.kind,
        body=json.loads(entry.body),
        hash=entry.hash,
    )


def build_session_body(
    session: Session,
    review_below: float,
    *,
    cameras: tuple[Camera, ...],
    progress: ProgressBody | None = None,
    claimed_by: str | None = None,
    waits_for: Failure | None = None,
    retry_at: str | None = None,
    main_store: str = "",
    min_copies: int = 1,
    has_faulty_originals: bool = False,
) -> SessionBody:
    """Return a session as the API shows it.

    `cameras` are those of the settings in force, for a session that is not sealed yet. `review_below`
    is the confidence below which a session needs a review. `claimed_by` is the reviewer's name,
    `waits_for` what is wrong outside the session (the store), `retry_at` when what failed is tried again.
    `main_store` is the name of the main store; a session with `min_copies` that were read back is safe.
    One that `has_faulty_originals`, which are missing or changed, does not look good.
    """
    alignment = session.alignment
    approval = session.approval
    labels = {camera.key: camera.label for camera in (session.terms.cameras if session.terms else cameras)}
    return SessionBody(
        id=session.id,
        state=session.state,
        revision=session.revision,
        call_to_action=choose_call_to_action(
            session, review_below, has_faulty_originals=has_faulty_originals
        ),
        sync_confidence=alignment.confidence if alignment else None,
        sync_method=alignment.method if alignment else None,
        offsets_ms={angle.camera: ms_from_us(angle.offset_us) for angle in alignment.angles}
        if alignment
        else {},
        drift_ppm={angle.camera: angle.drift_ppm for angle in alignment.angles} if alignment else {},
        reasons=[
            ReasonBody.model_validate(build_reason_document(reason, labels))
            for reason in (
                *list_intake_doubts(session),
                *(alignment.reasons if alignment else ()),
                *list_conform_warnings(session),
            )
        ],
        rate=str(session.rate) if session.rate else None,
        cameras=_build_camera_bodies(session, session.terms.cameras if session.terms else cameras),
        approved_by=approval.by.name if approval else None,
        approved_at=approval.at if approval else None,
        error=_build_error_body(session.error or waits_for, retry_at),
        progress=progress,
        reference=alignment.reference if alignment else None,
        angles={angle.camera: _build_angle_body(angle, labels) for angle in alignment.angles}
        if alignment
        else {},
        duration_s=_compute_duration_s(session, alignment),
        opened_at=session.opened_at,
        claimed_by=claimed_by,
        manifest_key=session.published.key if session.published else None,
        left_out={file.key: file.reason for file in session.left_out},
        left_behind=dict(session.left_behind),
        hand_set=[_build_hand_set_body(one) for one in list_hand_set_offsets(session)],
        reopened=_build_reopened_body(session.reopening),
        originals_taken=session.offloaded and not session.returned,
        copies=build_copy_bodies(session, main_store),
        is_safe=is_safe(session, min_copies),
    )


def _build_error_body(error: Failure | None, retry_at: str | None) -> ErrorBody | None:
    if error is None:
        return None
    return ErrorBody(
        stage=error.stage,
        message=error.message,
        hint=error.hint,
        retryable=error.retryable,
        clip=error.clip,
        retry_at=retry_at,
    )


def _build_hand_set_body(found: HandSetOffset) -> HandSetBody:
    return HandSetBody(
        camera=found.camera,
        clip=found.clip,
        offset_ms=ms_from_us(found.offset_us),
        solved_ms=ms_from_us(found.solved_us) if found.solved_us is not None else None,
        solved_confidence=found.solved_confidence,
        by=found.move.by.name,
        at=found.move.at,
    )


def _build_reopened_body(reopening: Reopening | None) -> ReopenedBody | None:
    if reopening is None:
        return None
    by = reopening.by.name if reopening.by is not None else None
    return ReopenedBody(by=by, at=reopening.at, reason=reopening.reason)


def _build_camera_bodies(session: Session, cameras: tuple[Camera, ...]) -> dict[str, CameraBody]:
    return {
        camera.key: CameraBody(label=camera.label, clips=_build_clip_bodies(session, camera.key))
        for camera in cameras
    }


def _build_clip_bodies(session: Session, camera: str) -> list[ClipBody]:
    if session.clips:
        attached = _list_attached(session)
        return [
            _build_clip_body(session, clip, attached.get(clip.key, []))
            for clip in session.clips
            if clip.camera == camera
        ]
    return [
        ClipBody(name=file.name, bytes=file.bytes)
        for file in session.drop_files
        if file.camera == camera and file.kind == "clip"
    ]


def _list_attached(session: Session) -> dict[str, list[str]]:
    """Return the names of what belongs to each clip, by its key."""
    found: dict[str, list[str]] = {}
    for file in session.drop_files:
        if file.attached_to:
            found.setdefault(f"{file.camera}/{file.attached_to}", []).append(file.name)
    return found


def _build_clip_body(session: Session, clip: Clip, attached: list[str]) -> ClipBody:
    placement = session.alignment.find_placement(clip.camera, clip.name) if session.alignment else None
    ruling = session.find_ruling(clip.key)
    sha256 = clip.digest.sha256 if clip.digest else None
    warnings = [
        *(clip.media.warnings if clip.media else ()),
        *(clip.analysis_audio.notes if clip.analysis_audio else ()),
    ]
    return ClipBody(
        name=clip.name,
        bytes=clip.bytes,
        sha256=sha256,
        former_sha256=clip.former_sha256 if clip.former_sha256 not in ("", sha256) else None,
        duration_s=clip.media.duration_us / 1e6 if clip.media else None,
        offset_ms=ms_from_us(placement.offset_us) if placement else None,
        warnings=warnings,
        original="" if session.are_originals_deleted else clip.place,
        disposition=session.alignment.find_disposition(clip.camera, clip.name) if session.alignment else None,
        disposition_reason=ruling.reason if ruling else "",
        confidence=placement.confidence if placement else None,
        fault=clip.fault,
        fault_hint=clip.fault_hint,
        continues=placement.continues if placement else "",
        parallel_to=placement.parallel_to if placement else "",
        attached=attached,
        hash_checks=[
            HashCheckBody(hash_list=one.hash_list, algorithm=one.algorithm, verdict=one.verdict)
            for one in clip.checks
        ],
    )


def _build_angle_body(angle: AngleMatch, labels: Mapping[str, str]) -> AngleBody:
    strip = {"strip": angle.correlation_strip, "strip_step_ms": angle.strip_step_us / 1000}
    return AngleBody.model_validate(build_angle_document(angle, labels) | strip)


def _compute_duration_s(session: Session, alignment: Alignment | None) -> float | None:
    """Return the seconds from the start of the first placed clip to the end of the last."""
    if alignment is None:
        return None
    spans = [
        (placement.offset_us, placement.offset_us + clip.media.duration_us)
        for clip in session.clips
        if (placement := alignment.find_placement(clip.camera, clip.name))
        and placement.offset_us is not None
        and clip.media is not None
    ]
    return (max(end for _, end in spans) - min(start for start, _ in spans)) / 1e6 if spans else None
