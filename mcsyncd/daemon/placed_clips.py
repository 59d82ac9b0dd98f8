"""The clips of a camera as the review lays them on the session clock. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from mcsyncd.errors import UsageError
from mcsyncd.model.alignment import Placement
from mcsyncd.model.clip import Clip
from mcsyncd.model.drift_curve import DriftCurve
from mcsyncd.model.session import Session


def list_placed_clips(session: Session, camera: str) -> tuple[Clip, ...]:
    """Return a camera's clips that are on the timeline; all that can be read where none is, to be placed.

    Raises UsageError for an unknown camera.
    """
    clips = tuple(clip for clip in session.clips if clip.camera == camera)
    if not clips:
        raise UsageError(f"{session.id}: no camera {camera}", "see `mcsyncd show` for its cameras")
    placed = tuple(clip for clip in clips if _find_place(session, clip) is not None)
    return placed or tuple(clip for clip in clips if not clip.fault)


def get_placement(session: Session, clip: Clip) -> tuple[int, float, DriftCurve]:
    """Return offset (µs), drift (ppm) and curve; a clip without an offset is shown at 0, to be nudged."""
    placed = _find_place(session, clip)
    return (placed.offset_us or 0, placed.drift_ppm, placed.curve) if placed is not None else (0, 0.0, ())


def choose_clip(session: Session, clips: Sequence[Clip], at_us: int) -> Clip | None:
    """Return the probed clip that covers session time `at_us`, or else the nearest one; None without any."""

    def measure_distance_us(clip: Clip) -> int:
        begin_us = get_placement(session, clip)[0]
        duration_us = clip.media.duration_us if clip.media is not None else 0
        return max(begin_us - at_us, at_us - begin_us - duration_us, 0)

    return min((clip for clip in clips if clip.media is not None), key=measure_distance_us, default=None)


def _find_place(session: Session, clip: Clip) -> Placement | None:
    found = session.alignment.find_placement(clip.camera, clip.name) if session.alignment else None
    return found if found is not None and found.offset_us is not None else None
