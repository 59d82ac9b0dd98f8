"""Which of the due jobs start now: one order over all sessions, pure.

Each kind of work has a lane with slots of its own, so that a confidence never waits for an encoder,
an upload or the hash of a large card. Within a lane, the oldest session goes first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import assert_never

from mcsyncd.model import jobs
from mcsyncd.model.jobs import Job


class Lane(StrEnum):
    """A kind of work that has its own slots. No lane ever waits for another one's."""

    INGEST = "ingest"
    """Offloading: bound by the disk, and by the network where the drop folder is a share."""
    ANALYSIS = "analysis"
    """What a confidence needs: probe, listen, align."""
    HASHING = "hashing"
    """Reads whole originals. Nobody waits for it before the session is published."""
    ENCODING = "encoding"
    """Conform, of one session at a time."""
    PUBLISHING = "publishing"
    """The plan, the uploads and the manifest."""


def choose_lane(job: Job) -> Lane:
    """Return the lane of a job."""
    match job:
        case jobs.Offload() | jobs.Return():
            return Lane.INGEST
        case jobs.Probe() | jobs.Listen() | jobs.Align():
            return Lane.ANALYSIS
        case jobs.Hash():
            return Lane.HASHING
        case jobs.Conform():
            return Lane.ENCODING
        case jobs.PlanPublishing() | jobs.Upload() | jobs.PublishManifest():
            return Lane.PUBLISHING
        case _:
            assert_never(job)


def choose_jobs(
    due: Iterable[Job], running: Iterable[Job], free_slots: Mapping[Lane, int]
) -> tuple[Job, ...]:
    """Return the jobs to start, in order.

    `due` has the jobs of the oldest session first, and those of one session in the order in which it
    needs them. `running` are the jobs that hold a slot, `free_slots` the slots that nobody holds. A
    session whose encoding has begun keeps the encoders until none of its jobs is running or due.
    """
    left = dict(free_slots)
    encoding = next((job.session for job in running if choose_lane(job) is Lane.ENCODING), None)
    chosen = []
    for job in due:
        lane = choose_lane(job)
        if left.get(lane, 0) < 1:
            continue
        if lane is Lane.ENCODING:
            if encoding not in (None, job.session):
                continue
            encoding = job.session
        left[lane] -= 1
        chosen.append(job)
    return tuple(chosen)
