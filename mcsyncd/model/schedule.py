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
from mcsyncd.model.rendition import ObjectKind


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
    """The plan, the manifest, and what an editor begins with: proxies, waveforms, thumbnails."""
    BULK_UPLOAD = "bulk_upload"
    """Originals and mezzanines: hours on a slow line, and nobody waits for them at the screen."""
    COPYING = "copying"
    """What goes to the further stores: one job for each of them at a time, so that none waits for another."""
    READING_BACK = "reading_back"
    """Objects that are read back, one at a time from each store. Nobody waits for it."""


_BULK_KINDS: frozenset[ObjectKind] = frozenset({"original", "attached", "mezzanine"})
"""What is large. All other objects of all sessions go before it, on the same line."""
_LANES_BY_STORE = frozenset({Lane.COPYING, Lane.READING_BACK})
"""Lanes in which each store has one job at a time, so that none waits for a slower one."""


def needs_store(job: Job) -> bool:
    """Tell whether a job talks to the store."""
    return jobs.find_store_name(job) is not None


def choose_lane(job: Job) -> Lane:  # noqa: PLR0911  # one line for each lane
    """Return the lane of a job."""
    match job:
        case jobs.Offload() | jobs.Return():
            return Lane.INGEST
        case jobs.Probe() | jobs.Listen() | jobs.Align():
            return Lane.ANALYSIS
        case jobs.Hash() | jobs.TrashOriginals() | jobs.EmptyTrash():
            return Lane.HASHING
        case jobs.Conform():
            return Lane.ENCODING
        case jobs.ReadBack():
            return Lane.READING_BACK
        case jobs.Upload() | jobs.PublishCopy() | jobs.PointHead() if job.store:
            return Lane.COPYING
        case jobs.Upload() if job.object.kind in _BULK_KINDS:
            return Lane.BULK_UPLOAD
        case (
            jobs.PlanPublishing()
            | jobs.Upload()
            | jobs.PublishManifest()
            | jobs.PointHead()
            | jobs.PublishCopy()
        ):
            return Lane.PUBLISHING
        case _:
            assert_never(job)


def choose_jobs(
    due: Iterable[Job], running: Iterable[Job], free_slots: Mapping[Lane, int]
) -> tuple[Job, ...]:
    """Return the jobs to start, in order.

    `due` has the jobs of the oldest session first, and those of one session in the order in which it
    needs them. `running` are the jobs that hold a slot, `free_slots` the slots that nobody holds. A
    session whose encoding has begun keeps the encoders until none of its jobs is running or due. No
    large file goes out before what is small, whichever session it is of: an hour of footage takes hours.
    """
    due, running = tuple(due), tuple(running)
    left = dict(free_slots)
    if _has_small_upload(due) or _has_small_upload(running):
        left[Lane.BULK_UPLOAD] = left[Lane.COPYING] = 0
    asked = {(choose_lane(job), jobs.find_store_name(job)) for job in running}
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
        if lane in _LANES_BY_STORE:
            store = jobs.find_store_name(job)
            if (lane, store) in asked:
                continue
            asked.add((lane, store))
        left[lane] -= 1
        chosen.append(job)
    return tuple(chosen)


def list_yielding_jobs(due: Iterable[Job], running: Iterable[Job]) -> tuple[Job, ...]:
    """Return the running uploads of large files that make way for small ones that are due.

    The parts that they have sent stay in the store, so little is sent twice.
    """
    if not _has_small_upload(due):
        return ()
    return tuple(job for job in running if choose_lane(job) is Lane.BULK_UPLOAD)


def _has_small_upload(some: Iterable[Job]) -> bool:
    return any(choose_lane(job) is Lane.PUBLISHING and needs_store(job) for job in some)
