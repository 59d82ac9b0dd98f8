"""Kills (SIGKILL) of a daemon at every system call that changes the disk, and at random ones.

Each session is taken from the drop folders to the manifest; whatever was killed on the way, the same must be
published as without a kill: nothing lost, doubled, cut or left over. Needs a C compiler.
"""

from __future__ import annotations

import argparse
import itertools
import random
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from kills import Life, film_clips, run_session
from nursery import Kill, Nursery, find_compiler, open_nursery
from power_cut import Outcome

_KILLS_PER_SESSION = 12
"""Random kills on the way of one session. Judgement: fewer, and the time goes into the ends of sessions."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--random", type=int, default=1000, help="random kills")
    parser.add_argument("--first", type=int, default=1, help="the first call to kill at")
    parser.add_argument("--last", type=int, help="the last one (default: of the session; 0: none)")
    parser.add_argument("--step", type=int, default=1, help="kill at every call of so many")
    parser.add_argument("--writes", action="store_true", help="count the pages of the ledger, too")
    parser.add_argument("--copy", action="store_true", help="with a further store, until it has all of it")
    parser.add_argument("--seed", type=int, default=1, help="of the random kills")
    parser.add_argument("--folder", type=Path, help="where the daemons work, e.g. /dev/shm")


def run(asked: argparse.Namespace) -> bool:
    """Kill, recover and print; return whether every session came out whole."""
    if find_compiler() is None:
        print("kills: skipped, because there is no C compiler")
        return True
    with (
        tempfile.TemporaryDirectory(prefix="mcsync-soak-", dir=asked.folder) as name,
        open_nursery(Path(name) / "nursery") as nursery,
    ):
        run = _Run(nursery, Path(name), has_copy=asked.copy)
        for only_workers in (False, True):
            run.kill_at_calls(asked, only_workers=only_workers)
        run.kill_at_random(asked.random, random.Random(asked.seed))  # noqa: S311  # instants, not secrets
        return run.faulty == 0


class _Run:
    """The sessions of one run, each in a home of its own, against one that was not disturbed."""

    def __init__(self, nursery: Nursery, folder: Path, *, has_copy: bool) -> None:
        self._nursery, self._has_copy = nursery, has_copy
        self._home = folder / "home"
        self._clips = film_clips(folder)
        self._began = time.monotonic()
        self.kills = self.faulty = 0
        self._expected = Outcome((), ())
        self._expected = self._take_session("without a kill", ()).outcome

    def kill_at_calls(self, asked: argparse.Namespace, *, only_workers: bool) -> None:
        """Kill at each call in turn, once for each session: the daemon, or only the worker that calls."""
        numbers = itertools.count(asked.first, asked.step)
        for number in numbers if asked.last is None else range(asked.first, asked.last + 1, asked.step):
            kill = Kill(at_call=number, count_writes=asked.writes, only_workers=only_workers)
            what = "worker, call" if only_workers else "call"
            if not self._take_session(f"{what} {number}", [kill]).killed_at:
                print(f"kills: a session makes {self._nursery.shim.calls} calls", flush=True)
                return

    def kill_at_random(self, count: int, chance: random.Random) -> None:
        """Kill at random calls and instants, several times for each session."""
        end = self.kills + count
        while self.kills < end:
            kills = itertools.islice(_choose_kills(chance), min(_KILLS_PER_SESSION, end - self.kills))
            self._take_session(f"random, after {self.kills} kills", kills)

    def _take_session(self, name: str, kills: Iterable[Kill]) -> Life:
        life = run_session(self._nursery, self._home, self._clips, kills, has_copy=self._has_copy)
        self.kills += len(life.killed_at)
        differing = set(life.outcome.objects) ^ set(self._expected.objects or life.outcome.objects)
        faults = [*life.outcome.faults, *(f"differs: {' '.join(one)}" for one in sorted(differing)[:5])]
        self.faulty += bool(faults)
        call = "; ".join(life.killed_at)
        found = "; ".join(faults) or "ok"
        passed_s = time.monotonic() - self._began
        print(
            f"kills: {self.kills}, sessions with a fault: {self.faulty}, {passed_s:.0f} s; "
            f"{name} ({call}): {found}",
            flush=True,
        )
        return life


def _choose_kills(chance: random.Random) -> Iterator[Kill]:
    while True:
        if chance.random() < 0.5:
            yield Kill(after_s=chance.uniform(0.05, 2.5))
        else:
            yield Kill(at_call=chance.randint(1, 300), count_writes=True)
