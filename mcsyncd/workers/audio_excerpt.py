"""An excerpt of two cameras' audio as WAV, decoded in a worker: the daemon itself never decodes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mcsyncd.model.clip import Media
from mcsyncd.model.drift_curve import DriftCurve
from mcsyncd.workers.sandbox.contained_call import run_contained
from mcsyncd.workers.sandbox.grant import Grant


@dataclass(frozen=True, slots=True)
class PlacedOriginal:
    """An original, its placement on the session clock, and its channels worth hearing, if they are known."""

    path: Path
    media: Media
    offset_us: int
    drift_ppm: float
    curve: DriftCurve
    heard: tuple[tuple[int, int], ...] | None


def render_audio_excerpt(
    left: PlacedOriginal, right: PlacedOriginal, start_us: int, duration_us: int
) -> bytes:
    """Return `duration_us` of audio from session time `start_us` as WAV: `left` and `right` as stereo.

    Decodes in a process that can read these two files and nothing else. Raises BadMedia if a file cannot be
    decoded, ContainedProcessDied if the decoder crashes.
    """
    grant = Grant(reads=(left.path, right.path))
    return run_contained(lambda _report: _render_wav(left, right, start_us, duration_us), bytes, grant)


def _render_wav(left: PlacedOriginal, right: PlacedOriginal, start_us: int, duration_us: int) -> bytes:
    from mcsyncd.listen.playback.comparison import ComparedClip, render_comparison_wav  # noqa: PLC0415  # loads the codecs, in the worker only

    def build_side(original: PlacedOriginal) -> ComparedClip:
        placement = (original.offset_us, original.drift_ppm, original.curve)
        return ComparedClip(original.path, original.media, *placement, original.heard)

    return render_comparison_wav(build_side(left), build_side(right), start_us, duration_us)
