"""Real recordings and real camera files, dropped into a running daemon.

They lie beside the checkout for the project's own people; elsewhere these tests skip.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from judge import needs_ffmpeg

CLIPS = {"cam_a": (6.0, 24.0, 30), "cam_b": (1.813, 22.0, 25), "cam_c": (9.25, 20.0, 30)}
"""Where each camera begins in the recording, how long it runs, and its rate."""


def filmed(recording: Path, folder: Path) -> dict[str, Path]:
    """Three cameras in one place: the same recording, other starts, microphones and codecs."""
    microphones = {
        "cam_a": "volume=0.8",
        "cam_b": "highpass=f=300,lowpass=f=3400,volume=0.5",
        "cam_c": "treble=g=-8,volume=1.2",
    }
    files = {}
    for camera, (start, length, rate) in CLIPS.items():
        files[camera] = folder / f"{camera}.mp4"
        picture = f"testsrc2=s=320x180:r={rate}:d={length}"
        subprocess.run(
            [
                "ffmpeg",
                "-v",
                "error",
                "-f",
                "lavfi",
                "-i",
                picture,
                "-i",
                recording,
                "-filter_complex",
                f"[1:a]atrim=start={start}:duration={length},asetpts=PTS-STARTPTS,{microphones[camera]}[a]",
                "-map",
                "0:v",
                "-map",
                "[a]",
                "-c:v",
                "libx264",
                "-preset",
                "ultrafast",
                "-c:a",
                "aac",
                files[camera],
            ],
            check=True,
        )
    return files


@needs_ffmpeg
def test_a_recorded_place_is_synced(line, shared, tmp_path):
    """Ambience is the hardest honest sound there is; right, or said to be unsure."""
    files = filmed(shared / "syncbench" / "data" / "noise_public" / "city.ogg", tmp_path)
    line.start()
    line.drop_in(files)
    reviewed = line.wait_for("in_review")
    for camera, (start, _, _) in CLIPS.items():
        truth = (start - CLIPS["cam_a"][0]) * 1000
        right = abs((reviewed["offsets_ms"][camera] or 1e9) - truth) < 1000 / 120 or camera == "cam_a"
        assert right or reviewed["sync_confidence"] < 0.85
    if reviewed["sync_confidence"] >= 0.85:
        line.ask("approve", reviewed["id"], "--revision", str(reviewed["revision"]))
        line.wait_for("published")


@pytest.mark.skipif(
    "MCSYNCD_CASE" not in os.environ, reason="MCSYNCD_CASE names no case of the sync benchmark"
)
def test_a_case_of_the_benchmark(line):
    """Run by hand: `MCSYNCD_CASE=…/case000_clean_speech pytest tests/daemon/test_real.py`."""
    case = Path(os.environ["MCSYNCD_CASE"])
    line.start()
    line.drop_in({camera: case / f"{camera}.mp4" for camera in CLIPS})
    reviewed = line.wait_for("in_review")
    line.ask("approve", reviewed["id"], "--revision", str(reviewed["revision"]))
    line.wait_for("published", patience_s=180)


def test_real_camera_files_that_share_nothing_are_never_called_synced(line, shared):
    samples = shared / "media_samples"
    line.start()
    line.drop_in(
        {
            "cam_a": samples / "drewnoakes__with-gps.mov",
            "cam_b": samples / "drewnoakes__Sony_ILCE-7M3__A7M3_.mts",
            "cam_c": samples / "gopro__max-heromode_4s.mov",
        }
    )
    reviewed = line.wait_for("in_review")
    assert reviewed["sync_confidence"] < 0.85
    assert reviewed["call_to_action"] == "review_sync"
    assert reviewed["reasons"]
    for camera in ("cam_b", "cam_c"):
        line.ask("nudge", reviewed["id"], camera, "=+120ms")
    line.ask("approve", reviewed["id"], "--revision", str(line.session()["revision"]))
    line.wait_for("published", patience_s=120)
