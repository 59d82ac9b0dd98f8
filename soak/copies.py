"""Copies that stall: no part of a file is taken for the whole, and the whole takes its place.

Twelve ways of copying, each into eight containers, with stalls of 20 s and of 5 min. Each has a daemon of
its own, with the settings that are the default; several run at once.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from threading import Semaphore

from copies import CAMERA, CONTAINERS, PATTERNS, Verdict, judge_copy, make_sources

from line import Line
from mcsyncd.demo.shoot import Shoot, make_shoot

_STARTS = Semaphore(2)
"""Daemons that start at the same time: one for each core of a small machine."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options; the defaults are the full form."""
    parser.add_argument("--stalls", type=float, nargs="+", default=[20.0, 300.0], help="seconds")
    parser.add_argument("--patterns", nargs="+", choices=PATTERNS, default=list(PATTERNS))
    parser.add_argument("--containers", nargs="+", choices=CONTAINERS, default=list(CONTAINERS))
    parser.add_argument("--at-once", type=int, default=32, help="daemons that run at the same time")
    parser.add_argument("--folder", type=Path, help="where the files lie, e.g. /dev/shm")


def run(asked: argparse.Namespace) -> bool:
    """Copy and print; return whether no part was taken for the whole."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mcsync-soak-", dir=asked.folder) as name:
        folder = Path(name)
        shoot = make_shoot(folder / "shoot", seconds=20.0, size=(320, 180))
        sources = make_sources(folder / "sources", shoot.files[CAMERA])

        def judge(cell: tuple[float, str, str]) -> Verdict:
            return _judge_cell(folder / "-".join(map(str, cell)), shoot, sources[cell[2]], cell)

        cells = list(product(asked.stalls, asked.patterns, asked.containers))
        with ThreadPoolExecutor(asked.at_once) as pool:
            faulty = sum(map(_report_verdict, cells, pool.map(judge, cells)))
    print(f"copies: {len(cells)} copies, {faulty} with a fault, {time.monotonic() - began:.0f} s", flush=True)
    return faulty == 0


def _judge_cell(home: Path, shoot: Shoot, source: Path, cell: tuple[float, str, str]) -> Verdict:
    stall_s, pattern, container = cell
    line = _make_line(home)
    try:
        with _STARTS:
            line.start()
        whole = {camera: file for camera, file in shoot.files.items() if camera != CAMERA}
        return judge_copy(line, whole, source, pattern=pattern, container=container, stall_s=stall_s)
    except AssertionError as error:
        return Verdict(str(error), "")
    finally:
        line.stop()
        shutil.rmtree(home)


def _make_line(home: Path) -> Line:
    """Make a daemon with the default times, without kernel events, whose number is limited."""
    line = Line(home, {"quiet": "10s", "conform": "approved"})
    text = line.config.read_text()
    line.config.write_text(text.replace("watch: auto", "watch: poll").replace("settle: 500ms", "settle: 5s"))
    return line


def _report_verdict(cell: tuple[float, str, str], verdict: Verdict) -> bool:
    stall_s, pattern, container = cell
    said = verdict.fault or f"{verdict.end}{', copied again' if verdict.copied_again else ''}"
    doubts = f" (in between: {', '.join(verdict.doubts)})" if verdict.doubts else ""
    mark = "FAULT " if verdict.fault else ""
    print(f"copies: {stall_s:.0f} s, {pattern}, {container}: {mark}{said}{doubts}", flush=True)
    return bool(verdict.fault)
