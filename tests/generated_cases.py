"""What every generated session must be, whatever its condition; and recordings to make sessions from."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from calibration.cases import build_case
from calibration.material import Material
from hearing import as_int16, babble
from mcsyncd.sync.recording import ANALYSIS_RATE_HZ


def write_recordings(root: Path) -> Path:
    """Write recordings that are quick to decode, none of the same digits as another, into a folder."""
    for kind, count, seconds in (("speech", 150, 8.0), ("music", 14, 90.0), ("noise", 6, 20.0)):
        (root / kind).mkdir()
        for number in range(count):
            with wave.open(str(root / kind / f"{number}.wav"), "wb") as file:
                file.setparams((1, 2, ANALYSIS_RATE_HZ, 0, "NONE", ""))
                file.writeframes(as_int16(babble(1000 * count + number, seconds)).tobytes())
    return root


def check_case(condition: str, seed: int, material: Material) -> None:
    """Assert that a session is what the engine may be given."""
    made = build_case(condition, seed, material)
    assert {one.angle for one in made.recordings} == {"cam_a", "cam_b", "cam_c"}
    assert made.recordings[0].angle == "cam_a"
    assert made.truths[0] is not None
    assert len(made.truths) == len(made.recordings)
    for one in made.recordings:
        for channel in one.channels:
            assert channel.dtype == np.int16
            assert channel.any()
            assert abs(channel.size / ANALYSIS_RATE_HZ + one.start_us / 1e6 - one.duration_us / 1e6) < 0.01
