"""What the job on a clip may touch: the clip and its metadata, to read them, and its own folders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mcsyncd.containers.camera_metadata import list_metadata_files
from mcsyncd.errors import IntegrityError
from mcsyncd.model.clip import AnalysisAudio, Media
from mcsyncd.model.facts import JobResult
from mcsyncd.model.jobs import Conform, Listen, Probe
from mcsyncd.model.rendition import ConformResult
from mcsyncd.model.session import ProfileRef
from mcsyncd.settings.profiles import profile_from_ref
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.workers.sandbox.grant import (
    ATTACK_HINT,
    ENCODER_CPU_S,
    ENCODER_MEMORY_BYTES,
    LISTENER_CPU_S,
    OUTPUT_FACTOR,
    Grant,
)
from mcsyncd.workers.written_paths import find_foreign_file

ContainedJob = Probe | Listen | Conform
"""Jobs that read what a camera wrote, or what somebody passed off as that."""

RESULT_TYPES: dict[type[ContainedJob], Any] = {
    Probe: Media,
    Listen: AnalysisAudio,
    Conform: ConformResult,
}
"""What each must return."""

STAGE_MODULES: dict[type[ContainedJob], str] = {
    Probe: "mcsyncd.probe.probe",
    Listen: "mcsyncd.listen.analysis",
    Conform: "mcsyncd.conform.conform",
}
"""What each runs; imported once, before the process of a job is forked."""

_DEVICE_PATTERNS = ("dri", "nvidia*", "dma_heap", "mali*", "video*", "media*")
"""Names below /dev by which drivers of encoders are reached. Judgement, not tried on a card."""


def list_output_folders(job: ContainedJob, layout: WorkLayout) -> tuple[Path, ...]:
    """Return the folders that are this job's alone; the first one is for its results."""
    match job:
        case Probe():
            return ()
        case Listen():
            return (layout.locate_analysis(job.session, job.clip.camera, job.id),)
        case Conform():
            segments = layout.locate_segments(job.session, job.clip.key, job.id)
            return (layout.locate_conformed(job.session, job.clip.camera, job.id), segments)


def build_job_grant(job: ContainedJob, layout: WorkLayout, max_output_bytes: int) -> Grant:
    """Return what the job may touch. No file of it may have more than `max_output_bytes`."""
    reads = (layout.resolve_path(job.clip.place),)
    writes = list_output_folders(job, layout)
    match job:
        case Probe():
            return Grant((*reads, *list_metadata_files(reads[0])))
        case Listen():
            limits = {"cpu_s": LISTENER_CPU_S}
        case Conform():
            limits = {"cpu_s": ENCODER_CPU_S, "memory_bytes": ENCODER_MEMORY_BYTES}
    return Grant(
        reads,
        writes,
        file_bytes=max_output_bytes,
        written_bytes=OUTPUT_FACTOR * max_output_bytes,
        devices=tuple(list_devices((job.mezzanine, job.proxy) if isinstance(job, Conform) else ())),
        **limits,
    )


def list_devices(profiles: Iterable[ProfileRef]) -> Iterator[Path]:
    """Yield the devices that the profiles encode with; only some ask for any."""
    if any(getattr(profile_from_ref(ref).video, "hardware", None) for ref in profiles):
        for pattern in _DEVICE_PATTERNS:
            yield from Path("/dev").glob(pattern)


def require_own_files(job: ContainedJob, result: JobResult, layout: WorkLayout) -> None:
    """Raise IntegrityError unless every file that a result names is a plain file in the job's own folder.

    The process of the job says what it wrote, and may have been taken over.
    """
    match result:
        case AnalysisAudio() | ConformResult():
            files = result.files
        case _:
            return
    folder = list_output_folders(job, layout)[0]
    if path := find_foreign_file((layout.resolve_path(file.path) for file in files), folder):
        raise IntegrityError(
            f"{job.clip.key}: {job.stage} says that it wrote {path}, which is no file of its own", ATTACK_HINT
        )
