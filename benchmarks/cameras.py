"""Three cameras with drifting clocks: synced and conformed by the real stages, checked with ffmpeg."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from angles import RATE, Angle, list_events, plan_three_cameras, record_camera
from lockstep import Inspection, align_cameras, compute_flash_spread, conform_camera, inspect_rendition
from mcsyncd.model.alignment import Alignment

_JUDGED_S = 60.0
"""Seconds of the start, middle and end of the shoot that are judged, besides the whole."""


def run(home: Path, minutes: float, drifts_ppm: Sequence[float]) -> None:
    """Film three cameras for `minutes`, conform them, and print how well they stay together."""
    seconds = minutes * 60
    angles = plan_three_cameras(drifts_ppm)
    files = {one.key: _record(home, one, seconds) for one in angles}
    answer, media = align_cameras(files, home)
    _print_alignment(angles, answer)
    made = [conform_camera(one, files[one.key], media[one.key], answer, home) for one in angles]
    seen = [inspect_rendition(one, list_events(seconds)) for one in made]
    length = min(_JUDGED_S, seconds / 3)
    print(f"{'':<8}{'ticks':>9}{'frame off by':>16}{'flashes':>9}{'apart':>10}", end="")
    print(f"{'beeps apart':>14}{'and off by':>12}")
    for name, begins in (("start", 0.0), ("middle", (seconds - length) / 2), ("end", seconds - length)):
        _print_row(name, seen, list_events(seconds), begins, begins + length)
    _print_row("whole", seen, list_events(seconds), 0.0, seconds)


def _record(home: Path, angle: Angle, seconds: float) -> Path:
    path = home / f"{angle.key}-{seconds:g}s{angle.drift_ppm:+g}ppm.mov"
    return (
        path
        if path.is_file()
        else record_camera(path.with_stem(f"part-{path.stem}"), angle, seconds).replace(path)
    )


def _print_alignment(angles: Sequence[Angle], answer: Alignment) -> None:
    for angle, found in zip(angles, answer.angles, strict=True):
        off_us = (found.offset_us or 0) - angle.offset_us
        print(
            f"{angle.key}: {angle.offset_us / 1000:+.3f} ms and {angle.drift_ppm:+g} ppm;"
            f" found {off_us:+d} us and {found.drift_ppm - angle.drift_ppm:+.4f} ppm off"
        )
    print(f"confidence {answer.confidence:.3f}")


def _print_row(
    name: str, seen: Sequence[Inspection], all_events: np.ndarray, begins_s: float, ends_s: float
) -> None:
    """Print a row: the largest errors between two instants of the session clock."""
    here = (all_events >= begins_s) & (all_events < ends_s)
    if not here.any():
        return  # parts of a short shoot may have no flash
    off_us = np.concatenate([_select_ticks(one, begins_s, ends_s) for one in seen])
    beeps_s = np.array([one.beeps_s[here] for one in seen])
    apart_us = 1e6 * (beeps_s.max(0) - beeps_s.min(0)).max()
    wrong_us = 1e6 * np.abs(beeps_s - all_events[here]).max()
    flashes = max(compute_flash_spread(list(seen), at) for at in all_events[here])
    print(
        f"{name:<8}{off_us.size:9}{off_us.max():13.1f} us"
        f"{here.sum():9}{flashes:5} tick{apart_us:11.1f} us{wrong_us:9.1f} us"
    )


def _select_ticks(one: Inspection, begins_s: float, ends_s: float) -> np.ndarray:
    first = max(0, round(begins_s * RATE) - one.first)
    return one.off_us[first : round(ends_s * RATE) - one.first]
