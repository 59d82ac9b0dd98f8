"""What a daemon holds after each of many sessions (memory, descriptors, threads, files), and if it grows."""

from __future__ import annotations

import os
import re
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path

MAX_GROWTH = 0.05
"""Growth of memory that is allowed from the second tenth of the samples to the last. Specification."""
MAX_LOG_BYTES = 64 << 20
"""Size that SQLite's write-ahead log may have. Specification."""
_VARIABLE = re.compile(r"[0-9a-f]{8,64}|\d{4}-\d{2}-\d{2}_\d{6}Z|\d{8}-\d{6}-[a-z0-9]{3}")
"""What differs in the names of two sessions' files: hashes, times and ids."""


@dataclass(frozen=True)
class Footprint:
    """What a daemon and its processes use at one instant; sizes in bytes."""

    passed_s: float
    daemon_bytes: int
    worker_bytes: int
    workers: int
    descriptors: int
    threads: int
    log_bytes: int


def list_processes(leader: int) -> list[int]:
    """Return the processes of a daemon's session (`setsid`), the daemon's own included."""
    return [pid for pid, session, _ in _iterate_processes() if session == leader]


def measure_footprint(leader: int, state: Path, passed_s: float) -> Footprint:
    """Measure a daemon that leads a session of processes, and whose ledger lies in `state`."""
    workers = [_read_resident(pid) for pid in list_processes(leader) if pid != leader]
    return Footprint(
        passed_s,
        _read_resident(leader),
        sum(workers),
        len(workers),
        len(list(Path(f"/proc/{leader}/fd").iterdir())),
        len(list(Path(f"/proc/{leader}/task").iterdir())),
        measure_log(state),
    )


def measure_log(state: Path) -> int:
    """Return the size of the write-ahead logs in a folder."""
    return sum(path.stat().st_size for path in state.glob("*-wal"))


def find_growth(samples: Sequence[Footprint]) -> list[str]:
    """Return what grew after the first tenth of the samples, and what was too large at any time.

    Medians of two tenths are compared: the second, when all kinds of work were done, and the last. Raises
    ValueError if there are fewer than ten samples.
    """
    if len(samples) < 10:
        raise ValueError(f"{len(samples)} samples have no tenth")
    tenth = len(samples) // 10
    early, late = samples[tenth : 2 * tenth], samples[-tenth:]
    faults = []
    for name, allowed in (
        ("daemon_bytes", MAX_GROWTH),
        ("worker_bytes", MAX_GROWTH),
        ("workers", 0.0),
        ("descriptors", 0.0),
        ("threads", 0.0),
    ):
        before, after = (statistics.median(getattr(one, name) for one in some) for some in (early, late))
        if after > before * (1 + allowed):
            faults.append(f"{name} grew from {before:g} to {after:g}")
    largest = max(one.log_bytes for one in samples)
    if largest > MAX_LOG_BYTES:
        faults.append(f"the write-ahead log had {largest} bytes")
    return faults


def format_samples(samples: Sequence[Footprint]) -> str:
    """Return a table of about twenty of the samples."""
    names = [field.name for field in fields(Footprint)]
    step = max(1, len(samples) // 20)
    chosen = [*enumerate(samples, 1)][::-step][::-1]
    rows = [[str(number), *(f"{getattr(one, name):.0f}" for name in names)] for number, one in chosen]
    head = ["session", *names]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def find_litter(home: Path, sessions: Sequence[str]) -> list[str]:
    """Return the files that nobody needs: temporary ones, and those that only some sessions have.

    All sessions went the same way, so the names of their files differ in hashes, times and ids alone.
    """
    faults = [f"temporary: {path.relative_to(home)}" for path in _find_temporary(home)]
    work = home / "var" / "work"
    shapes = {name: _describe_folder(work / "sessions" / name) for name in sessions}
    usual, _ = Counter(shapes.values()).most_common(1)[0]
    for name, shape in shapes.items():
        odd = Counter(shape)
        odd.subtract(usual)
        faults += [f"{name}: {count:+d} {path}" for path, count in odd.items() if count]
    known = {"sessions": len(sessions), "progress": 0, "cluster": 0}
    for folder, count in known.items():
        if (work / folder).is_dir() and len(found := list((work / folder).iterdir())) != count:
            faults.append(f"{folder}: {len(found)} entries instead of {count}")
    return faults


def find_orphans(leader: int, home: Path) -> list[str]:
    """Return the processes that a daemon, which has ended, left behind."""
    return [
        f"process {pid}: {words}"
        for pid, session, words in _iterate_processes()
        if session == leader or str(home) in words
    ]


def _describe_folder(folder: Path) -> tuple[str, ...]:
    found = (str(path.relative_to(folder)) for path in folder.rglob("*"))
    return tuple(sorted(_VARIABLE.sub("*", name) for name in found))


def _find_temporary(home: Path) -> Iterator[Path]:
    for path in (home / "var").rglob("*"):
        if path.name.endswith((".part", ".tmp")):
            yield path


def _iterate_processes() -> Iterator[tuple[int, int, str]]:
    """Yield the id, the session and the command line of each process that runs; zombies do not."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                state, _, _, session, *_ = (entry / "stat").read_text().rpartition(")")[2].split()
                words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if state != "Z" and int(entry.name) != os.getpid():
                    yield int(entry.name), int(session), words


def _read_resident(pid: int) -> int:
    with suppress(OSError):
        found = re.search(r"^VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
        return int(found[1]) * 1024 if found else 0
    return 0
