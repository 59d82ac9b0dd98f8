"""Everything that one clip gets, in one process: `python -m benchmarks.job CLIP FOLDER`.

Both hashes of the original, the probe, the listening pass with its peaks, then mezzanine, proxy,
thumbnails and their proofs in one decode: what the daemon's workers do, by the same calls. Leaves
FOLDER/told.json: CPU seconds of each step, and the high-water mark of memory at 10 and 50 % of
conform and at its end.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mcsyncd.conform.conform import conform_clip
from mcsyncd.integrity.hashing import compute_digest
from mcsyncd.listen.analysis import extract_analysis_audio
from mcsyncd.model.session import ProfileRef
from mcsyncd.probe.probe import probe_clip
from mcsyncd.settings.load import find_shipped_profiles
from mcsyncd.settings.profiles import load_profile

TOLD = "told.json"
_MARKS = (0.1, 0.5)


def command(clip: Path, folder: Path) -> list[str | Path]:
    """Return the command line that does it."""
    return [sys.executable, "-m", "benchmarks.job", clip, folder]


def shipped(name: str) -> ProfileRef:
    """Return a profile as a job carries it."""
    return load_profile(find_shipped_profiles(), name).build_ref(name)


class _Told:
    """Collects what is printed."""

    def __init__(self) -> None:
        self.cpu_s: dict[str, float] = {}
        self.peak_bytes: list[int] = []

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        began = _cpu_s()
        yield
        self.cpu_s[name] = round(_cpu_s() - began, 3)

    def look(self, done: int, expected: int) -> None:
        """Hear of conform's progress."""
        if len(self.peak_bytes) < len(_MARKS) and done >= _MARKS[len(self.peak_bytes)] * expected:
            self.peak_bytes.append(_high_water())


def main(clip: Path, folder: Path) -> None:
    """Do it all, and tell."""
    told = _Told()
    told.cpu_s["start"] = round(_cpu_s(), 3)
    with told.step("hash of the original"):
        compute_digest(clip)
    with told.step("probe"):
        media = probe_clip(clip)
    with told.step("listen"):
        extract_analysis_audio(clip, media, folder / "heard")
    assert media.video is not None
    with told.step("conform"):
        conform_clip(
            clip,
            media,
            rate=media.video.rate,
            phase_us=0,
            drift_ppm=0.0,
            mezzanine=shipped("mezz-h264"),
            proxy=shipped("proxy-540p"),
            folder=folder,
            stem=clip.stem,
            report_progress=told.look,
        )
    told.peak_bytes.append(_high_water())
    (folder / TOLD).write_text(json.dumps({"cpu_s": told.cpu_s, "peak_bytes": told.peak_bytes}))


def _high_water() -> int:
    """Bytes that were resident at most; of this process alone, which getrusage would not say."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def _cpu_s() -> float:
    spent = os.times()
    return spent.user + spent.system


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:]))
