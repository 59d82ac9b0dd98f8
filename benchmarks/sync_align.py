"""`mcsyncd align` as an operator starts it, and what it costs: all its processes together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from threading import Event, Thread
from time import monotonic
from typing import Any

from benchmarks.cost import Cost
from benchmarks.sync_session import Session

_EVERY_S = 0.05


@dataclass(slots=True)
class Tree:
    """The most memory that a process and all below it had at one moment, in bytes.

    Proportional set sizes, so that a page which two of them share counts once. `private` leaves
    out the pages of files: analysis audio on disk is mapped, and the kernel takes such pages back.
    """

    whole: int = 0
    private: int = 0

    def look(self, root: int) -> None:
        """Add up what is held now."""
        told = [_rollup(pid) for pid in _tree(root)]
        self.whole = max(self.whole, sum(one.get("Pss", 0) for one in told))
        self.private = max(self.private, sum(one.get("Pss_Anon", 0) for one in told))


@dataclass(frozen=True, slots=True)
class Answered:
    """What a command answered and cost; an answer of None means that it failed, `words` say how.

    The peak in `cost` is the kernel's, of the largest process; it counts from the high-water mark of
    the one that started it, so that of a small command it says little.
    """

    answer: dict[str, Any] | None
    words: str
    cost: Cost
    tree: Tree


def aligned(session: Session) -> Answered:
    """Sync a session by the command line; process start is part of the cost."""
    named = [f"{clip.angle}={clip.file}" for clip in session.clips]
    with TemporaryFile() as out, TemporaryFile() as err:
        began = monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "mcsyncd", "align", "--json", *named],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
        )
        with _watched(process.pid) as tree:
            # Not Popen.wait: only the kernel's own account has the workers' seconds in it.
            _, status, used = os.wait4(process.pid, 0)
        wall_s = monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        answer = None if process.returncode else json.loads(out.read())
        words = err.read().decode(errors="replace")
    cost = Cost(used.ru_utime + used.ru_stime, wall_s, used.ru_maxrss * 1024)
    return Answered(answer, words, cost, tree)


@contextmanager
def _watched(root: int) -> Iterator[Tree]:
    tree, over = Tree(), Event()

    def watch() -> None:
        while not over.wait(_EVERY_S):
            tree.look(root)

    watcher = Thread(target=watch)
    watcher.start()
    try:
        yield tree
    finally:
        over.set()
        watcher.join()


def _tree(root: int) -> Iterator[int]:
    """Yield a process and all below it; one that ends meanwhile has no children any more."""
    yield root
    try:
        lists = [file.read_text() for file in Path(f"/proc/{root}/task").glob("*/children")]
    except OSError:
        return
    for child in " ".join(lists).split():
        yield from _tree(int(child))


def _rollup(pid: int) -> dict[str, int]:
    """Return the kernel's account of a process's memory, in bytes; nothing when it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return {}
    return {name.rstrip(":"): int(size) * 1024 for name, size, *_ in map(str.split, lines)}
