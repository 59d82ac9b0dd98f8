"""`python -m benchmarks.solve_job FOLDER [--all-pairs]`: solve the sounds of a folder, print what came of it.

In a process of its own, so that its time and memory are the solver's.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.analysis_sound import CAMERAS_FILE, AnalysisCamera
from mcsyncd.listen.samples import map_samples
from mcsyncd.sync import measurement, pair_choice
from mcsyncd.sync.graph import Solution
from mcsyncd.sync.pair import Pair
from mcsyncd.sync.recording import ANALYSIS_RATE_HZ, Recording
from mcsyncd.sync.shares import SmallShare
from mcsyncd.sync.solve import solve_alignment

RESULT_FILE = "result.json"


def build_command(folder: Path, *, all_pairs: bool) -> list[str | Path]:
    """Return the command that solves the sounds of `folder` and writes `RESULT_FILE` there."""
    return [sys.executable, "-m", "benchmarks.solve_job", folder, *(["--all-pairs"] if all_pairs else [])]


def main(folder: Path, *, all_pairs: bool) -> None:
    """Solve, compare with the truth at both ends of each clip, and write the result."""
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
        error_ms = None
        if place.offset_us is not None:
            error_ms = max(
                (abs(_compute_miss_s(camera, reference, place.offset_us, place.drift_ppm, time_s)) * 1e3)
                for time_s in (0.0, camera.seconds)
            )
        found[camera.angle] = {"error_ms": error_ms, "confidence": angle.confidence}
    (folder / RESULT_FILE).write_text(json.dumps({"pairs": counts[0], "angles": found}))


def _map_recording(folder: Path, camera: AnalysisCamera) -> Recording:
    samples = map_samples(folder / f"{camera.angle}.s16")
    return Recording(
        camera.angle, "clip", ANALYSIS_RATE_HZ, 0, (samples,), round(samples.size / ANALYSIS_RATE_HZ * 1e6)
    )


def _compute_miss_s(
    camera: AnalysisCamera, reference: AnalysisCamera, offset_us: int, drift_ppm: float, time_s: float
) -> float:
    """Return how far an answer is off at a time of the clip, on the reference's clock."""
    scene_s = camera.offset_s + time_s * (1 + camera.drift_ppm * 1e-6)
    true_s = (scene_s - reference.offset_s) / (1 + reference.drift_ppm * 1e-6)
    return offset_us * 1e-6 + time_s * (1 + drift_ppm * 1e-6) - true_s


if __name__ == "__main__":
    main(Path(sys.argv[1]), all_pairs="--all-pairs" in sys.argv)
