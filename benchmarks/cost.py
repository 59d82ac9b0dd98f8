"""Measure what commands cost, by the kernel's accounting, and compare them on a busy machine."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import monotonic, sleep

Command = Sequence[str | Path]

_LOOK_S = 0.01
"""Seconds between two looks at the memory of a process. Judgement: a look takes 30 µs of another process, and
what is taken after the last one is not seen."""


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
        used = _wait_for(_start(command))
        cpu_s += used.ru_utime + used.ru_stime
        peak = max(peak, used.ru_maxrss * 1024)
    return Cost(cpu_s, monotonic() - start, peak)


def measure_process(command: Command) -> Cost:
    """Run one command and return its cost; the memory is that of its own process.

    `ru_maxrss` begins with what the parent had when it started the process, so a small one is looked at
    while it runs: the kernel forgets the rest at its end. Raises CalledProcessError.
    """
    start, peak = monotonic(), 0
    process = _start(command)
    while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        peak = max(peak, _read_peak(process.pid))
        sleep(_LOOK_S)
    wall_s, used = monotonic() - start, _wait_for(process)
    return Cost(used.ru_utime + used.ru_stime, wall_s, peak)


def _start(command: Command) -> subprocess.Popen[bytes]:
    return subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL)


def _wait_for(process: subprocess.Popen[bytes]) -> resource.struct_rusage:
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return used


def _read_peak(pid: int) -> int:
    """Return the peak memory of a process in bytes; 0 if it has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


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
