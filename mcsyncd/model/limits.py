"""How long a job may take, without progress and in all, and how much it may write. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, assert_never

from mcsyncd.model import jobs
from mcsyncd.model.jobs import Job

_BYTES_PER_GB = 1_000_000_000
"""A gigabyte as disks and cards count it."""

Overrun = Literal["stalled", "too_long"]
"""Which limit a job exceeds: the one on time without progress, or the one on its whole time."""


@dataclass(frozen=True, slots=True)
class JobLimit:
    """The limits of one kind of job: seconds without progress, seconds in all, bytes of the largest file.

    For each gigabyte of its input, `per_gb_s` is added to `total_s`, `output_per_gb` to `output_bytes`.
    """

    stall_s: float
    total_s: float
    per_gb_s: float = 0.0
    output_bytes: int = 0
    output_per_gb: int = 0


def compute_total_limit_s(limit: JobLimit, input_bytes: int) -> float:
    """Return the seconds that a job on `input_bytes` may take in all."""
    return limit.total_s + limit.per_gb_s * input_bytes / _BYTES_PER_GB


def compute_output_limit(limit: JobLimit, input_bytes: int) -> int:
    """Return how many bytes the largest file of a job on `input_bytes` may have."""
    return limit.output_bytes + limit.output_per_gb * input_bytes // _BYTES_PER_GB


def find_overrun(limit: JobLimit, input_bytes: int, *, running_s: float, stalled_s: float) -> Overrun | None:
    """Return which limit a job exceeds, or None.

    `running_s` is the time since its start, `stalled_s` since its last progress (since its start where
    it reports none), both by the monotonic clock.
    """
    if stalled_s > limit.stall_s:
        return "stalled"
    if running_s > compute_total_limit_s(limit, input_bytes):
        return "too_long"
    return None


def count_input_bytes(job: Job) -> int:
    """Return the size of what a job reads."""
    match job:
        case jobs.Offload() | jobs.Return():
            return sum(file.bytes for file in job.files)
        case jobs.Hash() | jobs.Probe() | jobs.Listen() | jobs.Conform():
            return job.clip.bytes
        case jobs.Align() | jobs.TrashOriginals() | jobs.EmptyTrash():
            return sum(clip.bytes for clip in job.clips)
        case jobs.PlanPublishing():
            return sum(clip.bytes for clip in job.clips) + sum(file.bytes for file in job.attached)
        case jobs.Upload() | jobs.ReadBack():
            return job.object.bytes
        case jobs.PublishManifest() | jobs.PointHead() | jobs.PublishCopy():
            return 0
        case _:
            assert_never(job)
