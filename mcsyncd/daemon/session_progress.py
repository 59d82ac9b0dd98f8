"""How far a session has come in its present stage, and how long the rest takes. Pure.

Jobs count by how much there is to do in them: a proxy of 2 MB is not half of an upload whose other half is
an original of 400 MB.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import assert_never

from mcsyncd.api import ProgressBody
from mcsyncd.model import jobs
from mcsyncd.model.clip import Clip
from mcsyncd.model.due import select_current_conforms
from mcsyncd.model.jobs import Job, find_store_name
from mcsyncd.model.limits import count_input_bytes
from mcsyncd.model.schedule import Lane, choose_lane
from mcsyncd.model.session import Session, Stage
from mcsyncd.workers.perform import choose_unit
from mcsyncd.workers.progress import ProgressReport

Reports = Mapping[Job, ProgressReport | None]
"""The running jobs of a session, each with its last report."""


@dataclass(frozen=True, slots=True)
class StageWork:
    """What is done of a session's present stage, and all of it, by the weights of its jobs.

    `lead` is the first of the running jobs, and `alike` the weight of the open jobs of its lane, which go
    about as fast. `found` is what running jobs found done when they began (the parts of an upload that the
    store had already), by their ids: it was not done in this run.
    """

    lead: Job
    done: float
    total: float
    alike: float
    found: Mapping[str, float]

    @property
    def stage(self) -> Stage:
        """The stage."""
        return self.lead.stage

    @property
    def lane(self) -> Lane:
        """The lane of the running jobs: small objects and large files go at very different speeds."""
        return choose_lane(self.lead)

    def estimate_left_s(self, throughput: float | None) -> float | None:
        """Return the seconds left at this throughput; None where it says nothing of most of what is left."""
        left = self.total - self.done
        return left / throughput if throughput and self.alike >= left / 2 else None


def weigh_job(job: Job) -> int:
    """Return how much there is to do in a job, comparable with the other jobs of its stage; at least 1.

    What moves bytes counts in bytes, what works through a clip in microseconds of the clip, because all clips
    of a session get the same rate. The others are short, or alone in their stage.
    """
    match job:
        case jobs.Offload() | jobs.Return() | jobs.Hash() | jobs.Upload() | jobs.ReadBack():
            return max(1, count_input_bytes(job))
        case jobs.Listen() | jobs.Conform():
            return _weigh_clip(job.clip)
        case jobs.Probe() | jobs.Align():
            return 1
        case jobs.PlanPublishing() | jobs.PublishManifest() | jobs.PointHead() | jobs.PublishCopy():
            return 1
        case jobs.TrashOriginals() | jobs.EmptyTrash():
            return max(1, count_input_bytes(job))
        case _:
            assert_never(job)


def _weigh_clip(clip: Clip) -> int:
    return max(1, clip.media.duration_us) if clip.media is not None else 1


def measure_stage(session: Session, running: Reports, open_jobs: Collection[Job]) -> StageWork | None:
    """Return what is done of the stage of the first running job; None if nothing is running.

    `open_jobs` are all whose results are missing, running or not, in the order in which they are needed.
    """
    if not running:
        return None
    lead = next((job for job in open_jobs if job in running), next(iter(running)))
    in_stage = [(job, report) for job, report in running.items() if _is_counted_with(job, lead)]
    finished = _weigh_finished(session, lead)
    superseded = [job for job in running if job not in open_jobs]  # they are being stopped
    waiting = [job for job in (*open_jobs, *superseded) if _is_counted_with(job, lead)]
    total = finished + sum(map(weigh_job, waiting))
    alike = sum(weigh_job(job) for job in waiting if choose_lane(job) is choose_lane(lead))
    done = finished + sum(weigh_job(job) * report.done for job, report in in_stage if report is not None)
    found = {
        job.id: weigh_job(job) * report.first_count / report.total
        for job, report in in_stage
        if report is not None and report.first_count < report.total
    }
    return StageWork(lead, done, max(done, total), alike, found)


def _is_counted_with(job: Job, lead: Job) -> bool:
    """Tell whether two jobs are of one stage, and where that is publishing, also about one store."""
    both_read = isinstance(job, jobs.ReadBack) == isinstance(lead, jobs.ReadBack)
    return job.stage == lead.stage and both_read and find_store_name(job) == find_store_name(lead)


def _weigh_finished(session: Session, lead: Job) -> int:
    """Return the weight of the jobs of this kind that the session has finished."""
    clips = session.clips
    match lead:
        case jobs.Hash():
            return sum(clip.bytes for clip in clips if clip.digest is not None)
        case jobs.Probe():
            return sum(clip.media is not None for clip in clips)
        case jobs.Listen():
            return sum(_weigh_clip(clip) for clip in clips if clip.analysis_audio is not None)
        case jobs.Conform():
            made = select_current_conforms(session)
            return sum(_weigh_clip(clip) for clip in clips if clip.key in made)
        case jobs.Upload() | jobs.PublishManifest() | jobs.PointHead() | jobs.PublishCopy():
            holding = session.find_holding(find_store_name(lead) or "")
            stored = {found.key for found in holding.stored} if holding is not None else set()
            plan = session.publishing.plan if session.publishing is not None else None
            return sum(planned.bytes for planned in plan.uploads if planned.key in stored) if plan else 0
        case _:
            return 0


def build_session_progress(work: StageWork, running: Reports, throughput: float | None) -> ProgressBody:
    """Return the progress of a session's present stage.

    `throughput` is the weight that is done in a second, as it was measured; without one, the time left is not
    known. What is counted in bytes is counted for the whole stage, anything else for its largest running job.
    """
    body = ProgressBody(
        stage=work.stage,
        done=work.done / work.total,
        eta_s=work.estimate_left_s(throughput),
        subject=work.lead.subject,
    )
    if choose_unit(work.lead) == "bytes":
        counted = {"count": int(work.done), "total": int(work.total), "unit": "bytes", "rate": throughput}
        return body.model_copy(update=counted)
    reports = [
        report for job, report in running.items() if report is not None and _is_counted_with(job, work.lead)
    ]
    largest = max(reports, key=lambda report: report.total, default=None)
    if largest is None:
        return body
    rate = sum(report.rate or 0.0 for report in reports) or None
    counted = {"count": largest.count, "total": largest.total, "unit": largest.unit, "rate": rate}
    return body.model_copy(update=counted)


def build_job_progress(job: Job, report: ProgressReport | None) -> ProgressBody | None:
    """Return the progress of one job; None before its first report."""
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
