"""`python -m benchmarks.solve_job FOLDER [--all-pairs]`: solve the sounds of a folder, print what came of it.

In a process of its own, so that its time and memory are the solver's.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.analysis_sound import CAMERAS_FILE, AnalysisCamera
from mcsyncd.listen.samples import map_samples
from mcsyncd.model.alignment import Placement
from mcsyncd.model.drift_curve import DriftKnot, measure_bend_us
from mcsyncd.model.named_doubts import list_named_doubts
from mcsyncd.sync import measurement, pair_choice
from mcsyncd.sync.graph import Solution
from mcsyncd.sync.pair import Pair
from mcsyncd.sync.recording import ANALYSIS_RATE_HZ, Recording
from mcsyncd.sync.shares import SmallShare
from mcsyncd.sync.solve import solve_alignment

RESULT_FILE = "result.json"
_MOMENTS = 1000
"""Moments of a clip at which its answer is compared with the truth, both ends among them."""


def build_command(folder: Path, *, all_pairs: bool) -> list[str | Path]:
    """Return the command that solves the sounds of `folder` and writes `RESULT_FILE` there."""
    return [sys.executable, "-m", "benchmarks.solve_job", folder, *(["--all-pairs"] if all_pairs else [])]


def main(folder: Path, *, all_pairs: bool) -> None:
    """Solve, compare with the truth throughout each clip, and write the result."""
    cameras = [AnalysisCamera(**one) for one in json.loads((folder / CAMERAS_FILE).read_text())]
    recordings = [_map_recording(folder, camera) for camera in cameras]
    if all_pairs:
        pair_choice.MIN_SPARSE_ANGLES = len(recordings) + 1
    counts: list[int] = []
    find_shares = measurement.find_small_shares

    def count_pairs(
        clips: Sequence[Recording], pairs: Sequence[Pair], solution: Solution
    ) -> tuple[SmallShare, ...]:
        counts.append(len(pairs))
        return find_shares(clips, pairs, solution)

    measurement.find_small_shares = count_pairs
    answer, reference = solve_alignment(recordings, cameras[0].angle), cameras[0]
    found = {}
    for camera in cameras:
        angle = answer.find_angle(camera.angle)
        place = angle.placements[0]
        error_ms = None if place.offset_us is None else _measure_worst_ms(camera, reference, place)
        found[camera.angle] = {
            "error_ms": error_ms,
            "confidence": angle.confidence,
            "bend_ms": measure_bend_us(place.curve) * 1e-3,
            "asks": sorted(str(one.code) for one in list_named_doubts(answer) if one in angle.reasons),
        }
    (folder / RESULT_FILE).write_text(json.dumps({"pairs": counts[0], "angles": found}))


def _map_recording(folder: Path, camera: AnalysisCamera) -> Recording:
    samples = map_samples(folder / f"{camera.angle}.s16")
    return Recording(
        camera.angle, "clip", ANALYSIS_RATE_HZ, 0, (samples,), round(samples.size / ANALYSIS_RATE_HZ * 1e6)
    )


def _measure_worst_ms(camera: AnalysisCamera, reference: AnalysisCamera, place: Placement) -> float:
    """Return how far an answer is off at the worst moment of a clip, on the clock of an even reference."""
    times_s = np.linspace(0.0, camera.seconds, _MOMENTS)
    true_s = (camera.read_clock(times_s) - reference.offset_s) / (1 + reference.drift_ppm * 1e-6)
    knots = np.array([(knot.clip_us, knot.shift_us) for knot in place.curve or (DriftKnot(0, 0),)]).T * 1e-6
    line_s = (place.offset_us or 0) * 1e-6 + times_s * (1 + place.drift_ppm * 1e-6)
    return float(np.abs(line_s + np.interp(times_s, *knots) - true_s).max() * 1e3)


if __name__ == "__main__":
    main(Path(sys.argv[1]), all_pairs="--all-pairs" in sys.argv)
