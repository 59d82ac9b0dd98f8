"""A stretch of two cameras' sound as WAV, rendered in a worker: nothing decodes in the daemon."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mcsyncd.model.clip import Media


@dataclass(frozen=True, slots=True)
class PlacedOriginal:
    """An original and where it lies on the session clock."""

    path: Path
    media: Media
    offset_us: int
    drift_ppm: float


def render_audio_excerpt(
    left: PlacedOriginal, right: PlacedOriginal, start_us: int, duration_us: int
) -> bytes:
    """Return session time `start_us` and on as WAV, `left` in the left ear. Runs in a worker.

    Raises BadMedia when a file cannot be decoded.
    """
    from mcsyncd.listen.playback.comparison import ComparedClip, render_comparison_wav  # noqa: PLC0415  # loads the codecs, in the worker only

    def build_side(laid: PlacedOriginal) -> ComparedClip:
        return ComparedClip(laid.path, laid.media, laid.offset_us, laid.drift_ppm)

    return render_comparison_wav(build_side(left), build_side(right), start_us, duration_us)
