"""A segment encoded in a process that can touch only the clip and the segment's folder."""

from __future__ import annotations

from mcsyncd.conform import segment_task
from mcsyncd.conform.segment_task import SegmentResult, SegmentTask
from mcsyncd.integrity.derived_file import make_folders
from mcsyncd.workers.job_grants import list_devices
from mcsyncd.workers.sandbox.contained_call import run_contained
from mcsyncd.workers.sandbox.grant import ENCODER_CPU_S, ENCODER_MEMORY_BYTES, OUTPUT_FACTOR, Grant


def encode_contained(task: SegmentTask, max_bytes: int) -> SegmentResult:
    """Return what `encode_segment` returns; none of its files may have more than `max_bytes`.

    The caller must have no other threads that do anything. Raises what `encode_segment` raises, and
    ContainedProcessDied.
    """
    folder = task.folder.path
    make_folders(folder)
    grant = Grant(
        (task.source,),
        (folder,),
        max_bytes,
        OUTPUT_FACTOR * max_bytes,
        ENCODER_MEMORY_BYTES,
        ENCODER_CPU_S,
        tuple(list_devices(file.profile for file in task.plan.files)),
    )
    return run_contained(lambda _report: segment_task.encode_segment(task), SegmentResult, grant)
