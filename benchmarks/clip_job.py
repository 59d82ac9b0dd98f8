"""Process one clip completely, in one process: `python -m benchmarks.clip_job CLIP FOLDER`.

Both hashes of the original, the probe, the listening pass with its peaks, then mezzanine, proxy,
thumbnails and their proofs in one decode: the same calls as in the daemon's workers. Writes
FOLDER/result.json: CPU seconds of each step, and the peak memory at 10% and 50% of conform and at its
end.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path

from mcsyncd.conform.clip_encoding import ReportProgress
from mcsyncd.conform.conform import conform_clip
from mcsyncd.integrity.hashing import compute_digest
from mcsyncd.listen.analysis import extract_analysis_audio
from mcsyncd.model.clip import Media
from mcsyncd.model.session import ProfileRef
from mcsyncd.probe.probe import probe_clip
from mcsyncd.settings.load import find_shipped_profiles
from mcsyncd.settings.profiles import load_profile

RESULT_FILE = "result.json"
_MEMORY_MARKS = (0.1, 0.5)
"""Fractions of conform at which the peak memory is recorded."""


def build_command(clip: Path, folder: Path) -> list[str | Path]:
    """Return the command line that runs this module on a clip."""
    return [sys.executable, "-m", "benchmarks.clip_job", clip, folder]


def build_shipped_ref(name: str) -> ProfileRef:
    """Return a shipped profile as a job carries it."""
    return load_profile(find_shipped_profiles(), name).build_ref(name)


def conform_as_shipped(
    clip: Path,
    media: Media,
    folder: Path,
    *,
    stem: str,
    report_progress: ReportProgress | None = None,
    executor: Executor | None = None,
) -> None:
    """Conform with the shipped profiles, at the clip's own rate. `executor` encodes the segments."""
    assert media.video is not None
    conform_clip(
        clip,
        media,
        rate=media.video.rate,
        phase_us=0,
        drift_ppm=0.0,
        mezzanine=build_shipped_ref("mezz-h264"),
        proxy=build_shipped_ref("proxy-540p"),
        folder=folder,
        stem=stem,
        report_progress=report_progress,
        executor=executor,
    )


class _Measurements:
    """CPU seconds by step, and peak memory at the marks."""

    def __init__(self) -> None:
        self.cpu_s: dict[str, float] = {}
        self.peak_bytes: list[int] = []

    @contextmanager
    def measure_step(self, name: str) -> Iterator[None]:
        start = _read_cpu_s()
        yield
        self.cpu_s[name] = round(_read_cpu_s() - start, 3)

    def record_progress(self, done: int, expected: int) -> None:
        """Record the peak memory when a mark is reached."""
        if (
            len(self.peak_bytes) < len(_MEMORY_MARKS)
            and done >= _MEMORY_MARKS[len(self.peak_bytes)] * expected
        ):
            self.peak_bytes.append(_read_peak_bytes())


def main(clip: Path, folder: Path) -> None:
    """Process the clip and write the result."""
    result = _Measurements()
    result.cpu_s["start"] = round(_read_cpu_s(), 3)
    with result.measure_step("hash of the original"):
        compute_digest(clip)
    with result.measure_step("probe"):
        media = probe_clip(clip)
    with result.measure_step("listen"):
        extract_analysis_audio(clip, media, folder / "listen")
    with result.measure_step("conform"):
        conform_as_shipped(clip, media, folder, stem=clip.stem, report_progress=result.record_progress)
    result.peak_bytes.append(_read_peak_bytes())
    (folder / RESULT_FILE).write_text(json.dumps({"cpu_s": result.cpu_s, "peak_bytes": result.peak_bytes}))


def _read_peak_bytes() -> int:
    """Return the peak resident memory in bytes, of this process alone (getrusage includes the parent's)."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def _read_cpu_s() -> float:
    spent = os.times()
    return spent.user + spent.system


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:]))
