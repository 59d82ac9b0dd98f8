"""What a command costs, as the kernel counts it, and how two compare on a machine that is never quiet."""

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
    """User and system seconds, seconds on the wall, and the largest resident set of any one process."""

    cpu_s: float
    wall_s: float
    peak_bytes: int


def cost_of(commands: Sequence[Command]) -> Cost:
    """Run commands one after the other, each to its end, and return what they cost together.

    Their children count where the commands waited for them. Raises CalledProcessError.
    """
    began, cpu_s, peak = monotonic(), 0.0, 0
    for command in commands:
        process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, process.args)
        cpu_s += used.ru_utime + used.ru_stime
        peak = max(peak, used.ru_maxrss * 1024)
    return Cost(cpu_s, monotonic() - began, peak)


def in_turn(jobs: Mapping[str, Sequence[Command]], rounds: int) -> dict[str, list[Cost]]:
    """Run every job `rounds` times, forwards and backwards in turn, after a round that does not count.

    A machine that grows slower or faster while this runs then does so for all alike.
    """
    found: dict[str, list[Cost]] = {name: [] for name in jobs}
    for turn in range(-1, rounds):
        for name in sorted(jobs, reverse=bool(turn % 2)):
            cost = cost_of(jobs[name])
            if turn >= 0:
                found[name].append(cost)
    return found


def ratio(ours: Sequence[Cost], theirs: Sequence[Cost], part: str) -> tuple[float, float, float]:
    """Return lowest, median and highest of the ratios of each round; `part` names a field of Cost."""
    found = [getattr(one, part) / getattr(other, part) for one, other in zip(ours, theirs, strict=True)]
    return min(found), median(found), max(found)
