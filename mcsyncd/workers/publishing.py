"""The publishing jobs: the plan with its waveforms, one upload, and the manifest with its pointer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial

from mcsyncd import __version__
from mcsyncd.errors import CHANGED_SOURCE_HINT, DerivedFileLost, SourceChanged, StorageError
from mcsyncd.integrity.derived_file import write_derived_file
from mcsyncd.integrity.hashing import compute_digest
from mcsyncd.integrity.part_sums import compute_part_sums, keep_part_sums, load_part_sums
from mcsyncd.listen.peaks.waveform import FileClock, write_waveform
from mcsyncd.model.clip import AnalysisAudio, Clip, Digest
from mcsyncd.model.due import select_current_conforms
from mcsyncd.model.jobs import PlanPublishing, PointHead, PublishManifest, Upload
from mcsyncd.model.part_sums import PartSums
from mcsyncd.model.publishing import Publication, PublishingPlan, StoreHead
from mcsyncd.model.rendition import ConformResult, Rendition, StoredObject, WrittenFile
from mcsyncd.publish import release
from mcsyncd.publish.manifest import build_manifest, serialize_canonical
from mcsyncd.publish.object_store import ObjectStat
from mcsyncd.publish.open_store import open_known_store
from mcsyncd.publish.plan import build_plan
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.workers.derived_files import require_derived_files
from mcsyncd.workers.hash_history import write_conform_history, write_original_history
from mcsyncd.workers.progress import ReportProgress

_NO_LOCAL_FILE_HINT = "put the file back (`mcsyncd restore` fetches it); it is tried again within a day"


def plan_publishing(
    job: PlanPublishing, layout: WorkLayout, report_done: Callable[[float], None]
) -> PublishingPlan:
    """Draw the waveform of every clip with sound and return the plan of all uploads.

    Reads the analysis audio: 0.2 s of CPU for an hour of each channel; and all of the files that belong to
    clips, of which `report_done` gets the share (0..1); and what conform made, for the session's own hash
    histories and for its upload, which need not read it again. Raises DerivedFileLost if the audio is not
    what was recorded, SourceChanged if a file that belongs to a clip is not, McsyncError and OSError. What
    conform made is judged when it is uploaded.
    """
    conformed = dict(job.conformed)
    require_derived_files(
        [file for clip in job.clips if clip.analysis_audio for file in clip.analysis_audio.channel_files],
        layout,
    )
    peaks = _write_waveforms(job.clips, layout, conformed)
    digests = _hash_attached(job, layout, report_done)
    attached = _group_attached(job, layout, digests)
    plan = build_plan(job.session, job.clips, conformed=conformed, peaks=peaks, attached=attached)
    digests |= {clip.key: clip.digest for clip in job.clips if clip.digest is not None and not clip.moved_to}
    write_original_history(layout, job.session, digests)
    write_conform_history(layout, job.session, plan.objects)
    return plan


def upload_object(job: Upload, layout: WorkLayout, report_progress: ReportProgress) -> StoredObject:
    """Store one file.

    Raises what the store raises: SourceChanged for an original that has been modified. For any other file
    that is not what was planned, raises DerivedFileLost. What is published already is not made again for a
    further store: then it is a StorageError.
    """
    planned = job.object
    if not planned.path:
        raise StorageError(f"{planned.key}: no local copy of it is known", _NO_LOCAL_FILE_HINT)
    try:
        sums, found = _store_file(job, layout, report_progress)
    except SourceChanged as error:
        if job.store:
            raise StorageError(f"{error.message}; {job.store} did not get it", _NO_LOCAL_FILE_HINT) from error
        if planned.kind in {"original", "attached"}:
            raise
        raise DerivedFileLost(error.message, "it is made again by itself", (planned.path,)) from error
    return StoredObject(
        planned.key,
        planned.kind,
        planned.bytes,
        planned.sha256,
        planned.clip,
        tag=found.etag,
        crc64nvme=f"{sums.crc64nvme:016x}",
    )


def _store_file(
    job: Upload, layout: WorkLayout, report_progress: ReportProgress
) -> tuple[PartSums, ObjectStat]:
    """Store the file by its kept sums; take them again if there are none or the file does not fit them."""
    planned, path = job.object, layout.resolve_path(job.object.path)
    put = partial(
        open_known_store(layout, job.store).put_file,
        planned.key,
        path,
        metadata=planned.metadata,
        report_progress=report_progress,
    )
    kept = layout.locate_part_sums(job.session, planned.sha256)
    sums = load_part_sums(kept, sha256=planned.sha256, size=planned.bytes)
    if sums is not None:
        with suppress(SourceChanged):  # the file, or what was kept of it: the hash of the whole tells
            return sums, put(sums)
    digest, sums = compute_part_sums(path, lambda _done, total: report_progress(0, total))  # nothing is sent
    if (digest.sha256, digest.bytes) != (planned.sha256, planned.bytes):
        raise SourceChanged(f"{path} was modified after it was recorded", CHANGED_SOURCE_HINT)
    if sums.has_parts:
        keep_part_sums(kept, sums)
    return sums, put(sums)


def publish_manifest(job: PublishManifest, layout: WorkLayout) -> Publication:
    """Build the manifest, keep a copy in the work folder, and release it once each object is confirmed.

    Raises what the store raises, and StoredObjectsMissing.
    """
    session = job.snapshot
    encoders = dict(
        version for result in select_current_conforms(session).values() for version in result.versions
    )
    document = build_manifest(session, versions={"mcsyncd": __version__, **encoders})
    body = serialize_canonical(document)
    write_derived_file(layout.locate_manifest(session.id, session.revision), body)
    store = open_known_store(layout)
    release.confirm_objects(store, session.stored)
    return release.release_manifest(store, body)


def point_head(job: PointHead, layout: WorkLayout) -> StoreHead:
    """Make the pointer in the store say what holds of what is published. Raises what the store raises."""
    release.point_head(open_known_store(layout, job.store), job.session, job.publication, job.head)
    return job.head


def _hash_attached(
    job: PlanPublishing, layout: WorkLayout, report_done: Callable[[float], None]
) -> dict[str, Digest]:
    """Hash what belongs to clips, by `CAMERA/NAME`. Only now: it is not needed before."""
    total, done = sum(file.bytes for file in job.attached), 0
    found: dict[str, Digest] = {}
    for file in job.attached:
        path = layout.locate_originals(job.session) / file.camera / file.name
        digest = compute_digest(path, partial(_report_share, report_done, done, total))
        if digest.bytes != file.bytes:
            raise SourceChanged(
                f"{path}: changed since it was offloaded", "put the right file back, then retry"
            )
        found[file.key] = digest
        done += file.bytes
    return found


def _group_attached(
    job: PlanPublishing, layout: WorkLayout, digests: Mapping[str, Digest]
) -> dict[str, tuple[WrittenFile, ...]]:
    """Return what belongs to each clip, by clip key."""
    found: dict[str, list[WrittenFile]] = {}
    for file in job.attached:
        path, digest = layout.locate_originals(job.session) / file.key, digests[file.key]
        written = WrittenFile(layout.make_relative(path), digest.bytes, digest.sha256)
        found.setdefault(f"{file.camera}/{file.attached_to}", []).append(written)
    return {key: tuple(files) for key, files in found.items()}


def _report_share(report_done: Callable[[float], None], before: int, total: int, count: int, _: int) -> None:
    report_done((before + count) / total if total else 1.0)


def _write_waveforms(
    clips: tuple[Clip, ...], layout: WorkLayout, conformed: Mapping[str, ConformResult]
) -> dict[str, WrittenFile]:
    """Draw every clip that has sound, by clip key.

    Here and not when the audio is analysed, because a player draws a waveform along the file that
    it plays: the proxy's phase and the drift taken out of it are only known with the alignment.
    """
    peaks = {}
    for clip in clips:
        if clip.analysis_audio is not None and clip.analysis_audio.peaks:
            result = conformed.get(clip.key)
            proxy = result.get_rendition("proxy") if result is not None else None
            peaks[clip.key] = _write_waveform(clip.analysis_audio, proxy, layout)
    return peaks


def _write_waveform(audio: AnalysisAudio, proxy: Rendition | None, layout: WorkLayout) -> WrittenFile:
    """Draw one clip along its proxy, or along its own clock where it has no proxy."""
    clock = FileClock(proxy.phase_us, proxy.drift_applied_ppm, proxy.curve_applied) if proxy else FileClock()
    path = layout.resolve_path(proxy.path if proxy else audio.peaks).with_suffix(".dat")
    written = write_waveform(
        path,
        [layout.resolve_path(channel.path) for channel in audio.channels],
        start_us=audio.start_us,
        clock=clock,
        duration_us=_compute_duration_us(audio, proxy, clock),
    )
    return replace(written, path=layout.make_relative(path))


def _compute_duration_us(audio: AnalysisAudio, proxy: Rendition | None, clock: FileClock) -> int:
    """How long the file lasts: as long as its video, or to the end of its audio."""
    if proxy is not None and proxy.frames:
        return round(proxy.frames * proxy.rate.tick_us)
    return clock.file_us_from_clip_us(audio.start_us + round(audio.samples * 1_000_000 / audio.rate))
