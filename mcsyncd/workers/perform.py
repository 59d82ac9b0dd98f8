"""What a worker does: one job in, one result out. The only place where jobs meet stations.

Imported by daemon and workers. Only workers import the stations, so that the daemon never loads
a codec.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Literal, assert_never

from mcsyncd.errors import MISSING_SOURCE_HINT, BadMedia, IntegrityError, OutputTooLarge, SourceChanged
from mcsyncd.integrity.derived_file import make_folders
from mcsyncd.integrity.file_times import is_same_time
from mcsyncd.model import jobs
from mcsyncd.model.alignment import Alignment
from mcsyncd.model.clip import AnalysisAudio, Clip, Digest, Media
from mcsyncd.model.facts import JobResult, OffloadResult, Removal, ReturnResult
from mcsyncd.model.holding import Evidence
from mcsyncd.model.parallels import find_parallels, place_parallels
from mcsyncd.model.placed_spans import join_spans
from mcsyncd.model.publishing import Publication, PublishingPlan, StoreHead
from mcsyncd.model.rendition import ConformResult, StoredObject
from mcsyncd.settings.job_limits import name_limit_field
from mcsyncd.settings.work_layout import WorkLayout, build_file_stem
from mcsyncd.workers.engine import ClusterEngine
from mcsyncd.workers.job_grants import (
    RESULT_TYPES,
    STAGE_MODULES,
    ContainedJob,
    build_job_grant,
    list_output_folders,
    require_own_files,
)
from mcsyncd.workers.process import DEFAULT_NICENESS, limit_output, limit_worker, release_freed_memory
from mcsyncd.workers.progress import ReportProgress, build_progress_writer
from mcsyncd.workers.sandbox.contained_call import FIRST_KEPT, run_contained
from mcsyncd.workers.written_paths import replace_paths

# ruff: noqa: PLC0415  # stations are imported in the workers, never in the daemon


def enter_worker(parent_pid: int, niceness: int = DEFAULT_NICENESS, preloaded: tuple[str, ...] = ()) -> None:
    """Prepare a worker process: set its limits, and import the modules `preloaded` while it waits."""
    limit_worker(parent_pid, niceness)
    for module in preloaded:
        import_module(module)


def perform_job(
    job: jobs.Job, layout: WorkLayout, max_output_bytes: int, engine: ClusterEngine | None = None
) -> JobResult:
    """Do the job. No file that it writes may have more than `max_output_bytes`.

    One that reads a clip's content does so in a process of its own that can touch nothing else
    (`sandbox.contained_call`). With an `engine`, the segments of a clip are encoded on its machines: another
    process, which has the network and reads no clip, hands them out. Raises what its stage raises, and
    OutputTooLarge.
    """
    report_progress = build_progress_writer(layout.locate_progress(job.id), choose_unit(job))
    try:
        if isinstance(job, jobs.Conform):
            _remove_superseded_segments(job, layout)
        if isinstance(job, ContainedJob):
            return _perform_contained(job, layout, max_output_bytes, report_progress, engine)
        with limit_output(max_output_bytes):
            return _run_stage(job, layout, report_progress)
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise _build_output_error(job, max_output_bytes) from error
        raise
    finally:
        jobs.forget_job_ids()
        release_freed_memory()


def _perform_contained(
    job: ContainedJob,
    layout: WorkLayout,
    max_output_bytes: int,
    report_progress: ReportProgress,
    engine: ClusterEngine | None,
) -> JobResult:
    """Do a job on untrusted bytes in a process that is granted what it needs, and nothing else."""
    import_module(STAGE_MODULES[type(job)])  # here, where the next job finds it, too
    folders = list_output_folders(job, layout)
    for folder in folders:
        make_folders(folder)
    grant = build_job_grant(job, layout, max_output_bytes)
    try:
        with _open_segment_pipes(job, layout, max_output_bytes, engine) as pipes:
            run_stage = partial(_run_contained_stage, job, layout, hands_out=bool(pipes))
            result: JobResult = run_contained(
                run_stage, RESULT_TYPES[type(job)], grant, report_progress, kept=pipes
            )
        require_own_files(job, result, layout)
        return result
    finally:
        _remove_empty_folders(job, layout, folders)


@contextmanager
def _open_segment_pipes(
    job: ContainedJob, layout: WorkLayout, max_output_bytes: int, engine: ClusterEngine | None
) -> Iterator[tuple[int, ...]]:
    """Give the pipes by which a job asks for its segments; none if it encodes them itself."""
    if engine is None or not isinstance(job, jobs.Conform):
        yield ()
        return
    from mcsyncd.workers.segment_server import open_segment_server

    with open_segment_server(engine, job, layout, max_output_bytes) as pipes:
        yield pipes


def _run_contained_stage(
    job: ContainedJob, layout: WorkLayout, report_progress: ReportProgress, *, hands_out: bool
) -> JobResult:
    """Do the job in the contained process; with `hands_out`, two pipes for its segments are open there."""
    if not hands_out:
        return _run_stage(job, layout, report_progress)
    from mcsyncd.workers.segment_requests import AskingExecutor

    return _run_stage(job, layout, report_progress, AskingExecutor(FIRST_KEPT, FIRST_KEPT + 1))


def _remove_empty_folders(job: ContainedJob, layout: WorkLayout, folders: tuple[Path, ...]) -> None:
    """Remove what the job could not remove itself: its own folders, as far as they are empty."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()
    if isinstance(job, jobs.Conform):
        from mcsyncd.conform.segment_files import remove_clip_folder

        remove_clip_folder(layout.locate_segments(job.session, job.clip.key, job.id))


def _remove_superseded_segments(job: jobs.Conform, layout: WorkLayout) -> None:
    from mcsyncd.conform.segment_files import remove_superseded

    remove_superseded(layout.locate_segments(job.session, job.clip.key, job.id))


def _build_output_error(job: jobs.Job, max_bytes: int) -> OutputTooLarge:
    setting = f"limits.{name_limit_field(job)}"
    return OutputTooLarge(
        f"{job.subject}: {job.stage} was writing a file of more than {max_bytes / 1e9:.3g} GB, or of more "
        "than the filesystem of the work folder or of the bucket allows: stopped",
        f"check that the clip is what its camera wrote; if it is, raise {setting}.output or "
        f"{setting}.output_per_gb in the settings and retry the session",
    )


def choose_unit(job: jobs.Job) -> Literal["frames", "bytes", "percent"]:
    """Return what the progress of a job is counted in."""
    match job:
        case jobs.Conform():
            return "frames"
        case jobs.Offload() | jobs.Return() | jobs.Hash() | jobs.Upload() | jobs.ReadBack():
            return "bytes"
        case jobs.TrashOriginals() | jobs.EmptyTrash():
            return "bytes"
        case jobs.Probe() | jobs.Listen() | jobs.Align():
            return "percent"
        case jobs.PlanPublishing() | jobs.PublishManifest() | jobs.PointHead() | jobs.PublishCopy():
            return "percent"
        case _:
            assert_never(job)


def _run_stage(  # noqa: C901, PLR0911, PLR0912  # one line for each job
    job: jobs.Job, layout: WorkLayout, report_progress: ReportProgress, executor: Executor | None = None
) -> JobResult:
    match job:
        case jobs.Offload():
            return _offload_files(job, layout, report_progress)
        case jobs.Return():
            return _return_files(job, layout, report_progress)
        case jobs.Hash():
            return _hash_original(job, layout, report_progress)
        case jobs.Probe():
            return _probe_original(job, layout)
        case jobs.Listen():
            return _analyse_audio(job, layout, report_progress)
        case jobs.Align():
            return _align_clips(job, layout, report_progress)
        case jobs.Conform():
            return _conform_clip(job, layout, report_progress, executor)
        case jobs.PlanPublishing():
            return _plan_publishing(job, layout, report_progress)
        case jobs.Upload():
            return _upload_object(job, layout, report_progress)
        case jobs.PublishManifest():
            return _publish_manifest(job, layout)
        case jobs.PointHead():
            return _point_head(job, layout)
        case jobs.PublishCopy():
            return _publish_copy(job, layout)
        case jobs.ReadBack():
            return _read_back(job, layout, report_progress)
        case jobs.TrashOriginals() | jobs.EmptyTrash():
            return _remove_originals(job, layout, report_progress)
        case _:
            assert_never(job)


def _offload_files(job: jobs.Offload, layout: WorkLayout, report_progress: ReportProgress) -> OffloadResult:
    from mcsyncd.ingest.offload import offload_files

    moved = offload_files(
        job.files,
        layout.drop,
        layout.locate_originals(job.session),
        report_progress,
        set_aside=layout.locate_replaced(job.session) if job.replaces else None,
    )
    paths = tuple((key, layout.make_relative(path)) for key, path in moved.paths)
    return OffloadResult(paths, moved.left)


def _return_files(job: jobs.Return, layout: WorkLayout, report_progress: ReportProgress) -> ReturnResult:
    from mcsyncd.ingest.offload import list_unreturnable, offload_files

    target = Path(job.to) if job.to else layout.drop
    originals = layout.locate_originals(job.session)
    # One of them must not keep the others here.
    unreturnable = list_unreturnable(job.files, originals, target)
    files = [file for file in job.files if file.key not in dict(unreturnable)]
    moved = offload_files(files, originals, target, report_progress)
    # Of clips that were being encoded when it was rejected: nobody will finish them.
    shutil.rmtree(layout.locate_segment_root(job.session), ignore_errors=True)
    return ReturnResult((*moved.left, *unreturnable))


def _hash_original(job: jobs.Hash, layout: WorkLayout, report_progress: ReportProgress) -> Digest:
    from mcsyncd.integrity.part_sums import compute_part_sums, keep_part_sums

    with _hold_original(job.clip, layout) as path:
        found, sums = compute_part_sums(path, report_progress)
    if sums.has_parts:
        keep_part_sums(layout.locate_part_sums(job.session, found.sha256), sums)
    return found


def _probe_original(job: jobs.Probe, layout: WorkLayout) -> Media:
    from mcsyncd.probe.probe import probe_clip

    with _hold_original(job.clip, layout) as path:
        return probe_clip(path, as_is=job.as_is)


def _analyse_audio(job: jobs.Listen, layout: WorkLayout, report_progress: ReportProgress) -> AnalysisAudio:
    from mcsyncd.listen.analysis import extract_analysis_audio

    folder = layout.locate_analysis(job.session, job.clip.camera, job.id)
    with _hold_original(job.clip, layout) as path:
        audio = extract_analysis_audio(
            path, _require_media(job.clip), folder, _report_percent(report_progress)
        )
    channels = tuple(replace(channel, path=layout.make_relative(channel.path)) for channel in audio.channels)
    return replace(audio, channels=channels, peaks=layout.make_relative(audio.peaks))


def _align_clips(job: jobs.Align, layout: WorkLayout, report_progress: ReportProgress) -> Alignment:
    from mcsyncd.sync.parallel_recordings import merge_parallels
    from mcsyncd.sync.solve import solve_alignment
    from mcsyncd.workers.derived_files import require_derived_files
    from mcsyncd.workers.solver_input import load_recording

    require_derived_files(
        [file for clip in job.clips if clip.analysis_audio for file in clip.analysis_audio.channel_files],
        layout,
    )
    leaders = find_parallels(job.clips)
    recordings = merge_parallels([load_recording(clip, layout) for clip in job.clips], leaders)
    found = solve_alignment(recordings, job.reference, report_progress=_report_percent(report_progress))
    return join_spans(place_parallels(found, leaders), job.clips)


def _conform_clip(
    job: jobs.Conform, layout: WorkLayout, report_progress: ReportProgress, executor: Executor | None
) -> ConformResult:
    from mcsyncd.conform.conform import conform_clip
    from mcsyncd.conform.segment_files import remove_clip_folder

    folder = layout.locate_conformed(job.session, job.clip.camera, job.id)
    segments = layout.locate_segments(job.session, job.clip.key, job.id)
    with _hold_original(job.clip, layout) as path:
        conformed = conform_clip(
            path,
            _require_media(job.clip),
            rate=job.rate,
            phase_us=job.phase_us,
            drift_ppm=job.drift_ppm,
            curve=job.curve,
            mezzanine=job.mezzanine,
            proxy=job.proxy,
            folder=folder,
            stem=build_file_stem(job.clip, job.id),
            report_progress=report_progress,
            segment_folder=segments,
            executor=executor,
        )
    remove_clip_folder(segments)
    return replace_paths(conformed, layout.make_relative)


def _plan_publishing(
    job: jobs.PlanPublishing, layout: WorkLayout, report_progress: ReportProgress
) -> PublishingPlan:
    from mcsyncd.workers.publishing import plan_publishing

    return plan_publishing(job, layout, _report_percent(report_progress))


def _upload_object(job: jobs.Upload, layout: WorkLayout, report_progress: ReportProgress) -> StoredObject:
    from mcsyncd.workers.publishing import upload_object

    return upload_object(job, layout, report_progress)


def _publish_manifest(job: jobs.PublishManifest, layout: WorkLayout) -> Publication:
    from mcsyncd.workers.publishing import publish_manifest

    return publish_manifest(job, layout)


def _point_head(job: jobs.PointHead, layout: WorkLayout) -> StoreHead:
    from mcsyncd.workers.publishing import point_head

    return point_head(job, layout)


def _publish_copy(job: jobs.PublishCopy, layout: WorkLayout) -> Publication:
    from mcsyncd.workers.store_jobs import publish_copy

    return publish_copy(job, layout)


def _read_back(job: jobs.ReadBack, layout: WorkLayout, report_progress: ReportProgress) -> Evidence:
    from mcsyncd.workers.store_jobs import read_back

    return read_back(job, layout, report_progress)


def _remove_originals(
    job: jobs.TrashOriginals | jobs.EmptyTrash, layout: WorkLayout, report_progress: ReportProgress
) -> Removal:
    from mcsyncd.workers.retention import remove_originals

    return remove_originals(job, layout, report_progress)


@contextmanager
def _hold_original(clip: Clip, layout: WorkLayout) -> Iterator[Path]:
    """Yield an original's path. Raises SourceChanged if it was, or becomes, another file than was offloaded.

    A file that is cut or replaced under its reader looks damaged; one that is deleted, like a failing disk.
    """
    path = _locate_original(clip, layout)
    try:
        yield path
    except (BadMedia, OSError):
        _locate_original(clip, layout)
        raise
    _locate_original(clip, layout)


def _locate_original(clip: Clip, layout: WorkLayout) -> Path:
    """Return an original's path. Raises SourceChanged if it is no longer the file that was offloaded."""
    path = layout.resolve_path(clip.place)
    try:
        now = path.stat(follow_symlinks=False)
    except FileNotFoundError:
        raise SourceChanged(f"{path}: missing", MISSING_SOURCE_HINT) from None
    if now.st_size != clip.bytes or not is_same_time(now.st_mtime_ns, clip.mtime_ns):
        raise SourceChanged(
            f"{path}: changed since it was offloaded", "if the new file is the right one, resync the session"
        )
    return path


def _require_media(clip: Clip) -> Media:
    if clip.media is None:
        raise IntegrityError(f"{clip.key}: not probed", "this is a fault of the daemon: report it")
    return clip.media


def _report_percent(report_progress: ReportProgress) -> Callable[[float], None]:
    return lambda done: report_progress(round(done * 100), 100)
