"""Sessions as the API shows them. Pure: values in, bodies out."""

from __future__ import annotations

from collections.abc import Mapping

from mcsyncd.api import (
    AngleBody,
    CameraBody,
    ClipBody,
    ErrorBody,
    ProgressBody,
    ReasonBody,
    SessionBody,
)
from mcsyncd.model.alignment import Alignment, AngleMatch
from mcsyncd.model.angle_document import build_angle_document, ms_from_us
from mcsyncd.model.clip import Camera, Clip
from mcsyncd.model.due import list_conform_warnings
from mcsyncd.model.jobs import Job
from mcsyncd.model.reason import build_reason_document
from mcsyncd.model.session import Session
from mcsyncd.review.policy import choose_call_to_action
from mcsyncd.workers.progress import ProgressReport


def build_session_body(
    session: Session,
    review_below: float,
    *,
    cameras: tuple[Camera, ...],
    progress: ProgressBody | None = None,
    claimed_by: str | None = None,
) -> SessionBody:
    """Return a session as every face sees it.

    `cameras` are today's, for one not sealed yet; `trouble` is what holds it up beside its own
    error.
    """
    found = session.alignment
    approval = session.approval
    labels = {camera.key: camera.label for camera in (session.terms.cameras if session.terms else cameras)}
    error = session.error
    return SessionBody(
        id=session.id,
        state=session.state,
        revision=session.revision,
        call_to_action=choose_call_to_action(session, review_below),
        sync_confidence=found.confidence if found else None,
        sync_method=found.method if found else None,
        offsets_ms={angle.camera: ms_from_us(angle.offset_us) for angle in found.angles} if found else {},
        drift_ppm={angle.camera: angle.drift_ppm for angle in found.angles} if found else {},
        reasons=[
            ReasonBody.model_validate(build_reason_document(reason, labels))
            for reason in (*(found.reasons if found else ()), *list_conform_warnings(session))
        ],
        rate=str(session.rate) if session.rate else None,
        cameras=_build_camera_bodies(session, session.terms.cameras if session.terms else cameras),
        approved_by=approval.by.name if approval else None,
        approved_at=approval.at if approval else None,
        error=ErrorBody(stage=error.stage, message=error.message, hint=error.hint, retryable=error.retryable)
        if error
        else None,
        progress=progress,
        reference=found.reference if found else None,
        angles={angle.camera: _build_angle_body(angle, labels) for angle in found.angles} if found else {},
        duration_s=_compute_duration_s(session, found),
        opened_at=session.opened_at,
        claimed_by=claimed_by,
        manifest_key=session.published.key if session.published else None,
    )


def _build_camera_bodies(session: Session, cameras: tuple[Camera, ...]) -> dict[str, CameraBody]:
    return {
        camera.key: CameraBody(label=camera.label, clips=_build_clip_bodies(session, camera.key))
        for camera in cameras
    }


def _build_clip_bodies(session: Session, camera: str) -> list[ClipBody]:
    if session.clips:
        return [_build_clip_body(session, clip) for clip in session.clips if clip.camera == camera]
    return [
        ClipBody(name=file.name, bytes=file.bytes)
        for file in session.drop_files
        if file.camera == camera and file.kind == "clip"
    ]


def _build_clip_body(session: Session, clip: Clip) -> ClipBody:
    placed = session.alignment.find_placement(clip.camera, clip.name) if session.alignment else None
    warnings = [
        *(clip.media.warnings if clip.media else ()),
        *(clip.analysis_audio.notes if clip.analysis_audio else ()),
    ]
    return ClipBody(
        name=clip.name,
        bytes=clip.bytes,
        sha256=clip.digest.sha256 if clip.digest else None,
        duration_s=clip.media.duration_us / 1e6 if clip.media else None,
        offset_ms=ms_from_us(placed.offset_us) if placed else None,
        warnings=warnings,
    )


def _build_angle_body(angle: AngleMatch, labels: Mapping[str, str]) -> AngleBody:
    strip = {"strip": angle.correlation_strip, "strip_step_ms": angle.strip_step_us / 1000}
    return AngleBody.model_validate(build_angle_document(angle, labels) | strip)


def _compute_duration_s(session: Session, found: Alignment | None) -> float | None:
    """From the first moment that any placed clip covers to the last."""
    if found is None:
        return None
    spans = [
        (placed.offset_us, placed.offset_us + clip.media.duration_us)
        for clip in session.clips
        if (placed := found.find_placement(clip.camera, clip.name))
        and placed.offset_us is not None
        and clip.media is not None
    ]
    return (max(end for _, end in spans) - min(start for start, _ in spans)) / 1e6 if spans else None


def build_session_progress(
    running: Mapping[Job, ProgressReport | None], waiting: tuple[Job, ...], finished_in_stage: int
) -> ProgressBody | None:
    """Return how far a session's present stage is: that of the running jobs, uploads last.

    `waiting` are its open jobs that do not run yet, `finished_in_stage` those of the stage that
    are done. Each job of a stage counts alike; the time to go is that of the slowest, times the
    rounds that still have to start.
    """
    if not running:
        return None
    stage = next(iter(running)).stage
    told = [progress for job, progress in running.items() if job.stage == stage]
    behind = sum(job.stage == stage for job in waiting)
    whole = len(told) + behind + finished_in_stage
    done = (finished_in_stage + sum(one.done for one in told if one)) / whole
    etas = [one.eta_s for one in told if one and one.eta_s is not None]
    rounds = 1 + behind / len(told)
    loudest = max((one for one in told if one), key=lambda one: one.total, default=None)
    first = next(job for job in running if job.stage == stage)
    return ProgressBody(
        stage=stage,
        done=min(1.0, done),
        eta_s=max(etas) * rounds if etas else None,
        subject=first.subject,
        count=loudest.count if loudest else 0,
        total=loudest.total if loudest else 0,
        unit=loudest.unit if loudest else "",
        rate=sum(one.rate or 0.0 for one in told if one) or None,
    )


def build_job_progress(job: Job, report: ProgressReport | None) -> ProgressBody | None:
    """Return how far one job is."""
    if report is None:
        return None
    return ProgressBody(
        stage=job.stage,
        done=report.done,
        eta_s=report.eta_s,
        subject=job.subject,
        count=report.count,
        total=report.total,
        unit=report.unit,
        rate=report.rate,
    )
