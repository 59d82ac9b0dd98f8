"""The progress of a job: a small file that its worker writes and the daemon reads twice a second.

A file works for threads, processes and a cluster with a shared filesystem alike, needs no open
connection, and survives the worker.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from mcsyncd.integrity.derived_file import make_folders, write_derived_file

REPORT_EVERY_S = 0.4
"""Seconds between two writes of a job's progress.

Judgement: below the 0.5 s in which the daemon reads it, so that each reading is new; shorter, and
encoders spend time on files that nobody reads.
"""
_MIN_RATE_S = 0.5
"""Seconds of work before a rate is shown. Judgement, not measured: a rate of a shorter time
is dominated by the start of the job and jumps."""

ReportProgress = Callable[[int, int], None]
"""Called with the units done and the units in all."""


@dataclass(frozen=True, slots=True)
class ProgressReport:
    """`count` of `total` units done; `started_at` and `reported_at` are seconds of the monotonic clock.

    `started_at` is when the job reported for the first time, and `first_count` what was done by then: an
    upload that goes on after a restart begins with what the store has, which says nothing about the speed.
    """

    count: int
    total: int
    unit: str
    started_at: float
    reported_at: float
    first_count: int = 0

    @property
    def done(self) -> float:
        """The part that is done, 0..1."""
        return min(1.0, self.count / self.total) if self.total > 0 else 0.0

    @property
    def rate(self) -> float | None:
        """Units per second since the first report; None while that is not known."""
        elapsed_s, moved = self.reported_at - self.started_at, self.count - self.first_count
        return moved / elapsed_s if elapsed_s > _MIN_RATE_S and moved > 0 else None

    @property
    def eta_s(self) -> float | None:
        """Seconds left at this rate; None while that is not known."""
        return (self.total - self.count) / self.rate if self.rate and self.total >= self.count else None


def build_progress_writer(path: Path, unit: str) -> ReportProgress:
    """Return a function that writes `(count, total)` to `path` every `REPORT_EVERY_S`.

    Atomic by rename. Errors are ignored: a full disk must not fail a job because of its progress.
    """
    first: ProgressReport | None = None
    reported_at = 0.0

    def report_progress(count: int, total: int) -> None:
        nonlocal first, reported_at
        now = time.monotonic()
        if first is None:
            first = ProgressReport(count, total, unit, now, now, count)
        elif now - reported_at < REPORT_EVERY_S and count < total:
            return
        reported_at = now
        report = json.dumps(asdict(replace(first, count=count, total=total, reported_at=now)))
        with suppress(OSError):
            write_derived_file(path, report.encode(), durable=False)

    return report_progress


def read_progress(path: Path) -> ProgressReport | None:
    """Return the last report of a job; None if there is none or it cannot be read."""
    try:
        return ProgressReport(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def remove_progress(path: Path) -> None:
    """Remove the report of a job that is over."""
    path.unlink(missing_ok=True)


def clear_progress_folder(folder: Path) -> None:
    """Create the folder, and remove the reports that an earlier process left in it."""
    make_folders(folder)
    for entry in os.scandir(folder):
        Path(entry.path).unlink(missing_ok=True)
