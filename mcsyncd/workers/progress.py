"""How far a job is: written by the worker to a small file, read by the daemon twice a second.

A file works alike for threads, processes and a cluster with a shared filesystem, needs no open
channel, and is still there when the worker is not.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

REPORT_EVERY_S = 0.4

ReportProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ProgressReport:
    """`count` of `total` units done; `since` and `at` are wall-clock seconds of start and word."""

    count: int
    total: int
    unit: str
    started_at: float
    reported_at: float

    @property
    def done(self) -> float:
        """0..1."""
        return min(1.0, self.count / self.total) if self.total > 0 else 0.0

    @property
    def rate(self) -> float | None:
        """Units a second since the start; None before anything can be said."""
        took = self.reported_at - self.started_at
        return self.count / took if took > 0.5 and self.count > 0 else None

    @property
    def eta_s(self) -> float | None:
        """Seconds to go at this rate."""
        return (self.total - self.count) / self.rate if self.rate and self.total >= self.count else None


def build_progress_writer(path: Path, unit: str) -> ReportProgress:
    """Return a function that notes `(count, total)` at `path`, now and then.

    Atomic by rename and never fatal: a full disk must not fail a job for its progress file.
    """
    since = time.time()
    last = 0.0

    def report_progress(count: int, total: int) -> None:
        nonlocal last
        now = time.time()
        if now - last < REPORT_EVERY_S and count < total:
            return
        last = now
        fresh = path.with_suffix(".new")
        try:
            fresh.write_text(json.dumps(asdict(ProgressReport(count, total, unit, since, now))))
            fresh.replace(path)
        except OSError:
            fresh.unlink(missing_ok=True)

    return report_progress


def read_progress(path: Path) -> ProgressReport | None:
    """Return the last word of a job, or None."""
    try:
        return ProgressReport(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def remove_progress(path: Path) -> None:
    """Remove what a job told, when it is over."""
    path.unlink(missing_ok=True)


def clear_progress_folder(folder: Path) -> None:
    """Make the folder, and remove what jobs of an earlier life have left in it."""
    folder.mkdir(parents=True, exist_ok=True)
    for left in os.scandir(folder):
        Path(left.path).unlink(missing_ok=True)
