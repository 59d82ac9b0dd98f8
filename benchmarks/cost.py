"""Measure what commands cost, by the kernel's accounting, and compare them on a busy machine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import monotonic

Command = Sequence[str | Path]


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds (user and system), wall-clock seconds, and the largest peak memory of a process."""

    cpu_s: float
    wall_s: float
    peak_bytes: int


def measure_cost(commands: Sequence[Command]) -> Cost:
    """Run commands one after the other and return their total cost.

    Children count if the commands waited for them. Raises CalledProcessError.
    """
    start, cpu_s, peak = monotonic(), 0.0, 0
    for command in commands:
        process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, process.args)
        cpu_s += used.ru_utime + used.ru_stime
        peak = max(peak, used.ru_maxrss * 1024)
    return Cost(cpu_s, monotonic() - start, peak)


def measure_in_turn(jobs: Mapping[str, Sequence[Command]], rounds: int) -> dict[str, list[Cost]]:
    """Run every job `rounds` times, in alternating order, after a warm-up round that does not count.

    If the machine becomes slower or faster meanwhile, that affects all jobs equally.
    """
    costs: dict[str, list[Cost]] = {name: [] for name in jobs}
    for turn in range(-1, rounds):
        for name in sorted(jobs, reverse=bool(turn % 2)):
            cost = measure_cost(jobs[name])
            if turn >= 0:
                costs[name].append(cost)
    return costs


def compute_ratio(ours: Sequence[Cost], theirs: Sequence[Cost], part: str) -> tuple[float, float, float]:
    """Return the minimum, median and maximum ratio over the rounds; `part` is the name of a field of Cost."""
    ratios = [getattr(one, part) / getattr(other, part) for one, other in zip(ours, theirs, strict=True)]
    return min(ratios), median(ratios), max(ratios)
