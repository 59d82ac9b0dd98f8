"""What a clip is encoded in: its plan, and the task of each segment. Known without opening the clip."""

from __future__ import annotations

from pathlib import Path

from mcsyncd.conform.grid import Grid
from mcsyncd.conform.hardware_check import find_usable_encoders
from mcsyncd.conform.library_versions import get_library_versions
from mcsyncd.conform.plan import RenderPlan, RenditionKind, plan_renditions
from mcsyncd.conform.segment_files import SegmentFolder
from mcsyncd.conform.segment_task import SegmentTask
from mcsyncd.conform.segments import Segment, compute_segments_key, plan_segments
from mcsyncd.model.clip import Media
from mcsyncd.model.session import ProfileRef
from mcsyncd.settings.profiles import profile_from_ref

WHOLE_CLIP = (Segment(0, 0, None),)
"""The clip in one pass: where a seek could lead astray, or the segments contradict each other."""


def plan_clip(media: Media, grid: Grid, profiles: tuple[tuple[RenditionKind, ProfileRef], ...]) -> RenderPlan:
    """Return what is made of a clip with these profiles. Raises ConfigError for an invalid profile."""
    wanted = tuple((kind, ref, profile_from_ref(ref)) for kind, ref in profiles)
    return plan_renditions(media, grid, wanted, find_usable_encoders(profile for _, _, profile in wanted))


def build_segment_tasks(
    source: Path, plan: RenderPlan, segments: tuple[Segment, ...], path: Path
) -> tuple[SegmentFolder, tuple[SegmentTask, ...]]:
    """Return the folder of the segments at `path`, and the task of each.

    Its key covers the source's size and time, so it asks for them. Raises OSError if it is not there.
    """
    found = source.stat()
    origin = ("source", str(source)), ("bytes", str(found.st_size)), ("mtime", str(found.st_mtime_ns))
    folder = SegmentFolder(path, compute_segments_key(plan, segments, (*get_library_versions(), *origin)))
    return folder, tuple(SegmentTask(source, plan, segment, folder) for segment in segments)


def list_possible_tasks(source: Path, plan: RenderPlan, path: Path) -> tuple[SegmentTask, ...]:
    """Return every task that conforming the clip may come to, in segments or in one pass."""
    in_segments = build_segment_tasks(source, plan, plan_segments(plan), path)[1]
    return in_segments + build_segment_tasks(source, plan, WHOLE_CLIP, path)[1]
