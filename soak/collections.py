"""Files of test collections, or anybody's footage: each becomes a proxy, or is refused with the cause.

Each file goes through probe and conform in a process of its own, limited in time and memory like a worker.
Where ffprobe is in the PATH, it reads source and proxy, too: length, size, rotation and sound must agree.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from mcsyncd.cli.standalone import choose_grid_rate
from mcsyncd.conform.conform import conform_with_profiles
from mcsyncd.conform.grid import Grid
from mcsyncd.errors import McsyncError
from mcsyncd.listen.analysis import extract_analysis_audio
from mcsyncd.probe.probe import probe_clip
from mcsyncd.settings.load import find_shipped_profiles
from mcsyncd.settings.profiles import load_profile
from mcsyncd.workers.process import limit_worker
from soak.second_reading import find_differences

PROFILE = "proxy-540p"
FAULTS = ("unlike", "traceback", "crashed", "hung")
"""Outcomes that are faults. A proxy is *unlike* its source if ffprobe reads another length or shape in it,
and no note of ours can be the reason."""

IDLE_NOTES = (
    "no picture",
    "no sound",
    "the source has no colour tags",
    "pixels are not square",
    "interlaced",
)
"""How the notes begin that explain no difference in length or shape."""


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of a file: `used`, `begun` (longer than was asked for), `refused`, or one of `FAULTS`.

    `said` is the message, or how the proxy differs; `notes` are what a person is told about the clip.
    """

    name: str
    said: str = ""
    notes: tuple[str, ...] = ()


class _EnoughTicks(Exception):
    """As much of the clip was encoded as was asked for."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options. There is no default folder: `python -m soak all` has nothing to do here."""
    parser.add_argument("folders", nargs="*", type=Path, help="folders of recordings, with all below them")
    parser.add_argument("--seconds", type=int, default=20, help="encode at most so much of a clip")
    parser.add_argument("--limit-s", type=int, default=180, help="a file that takes longer hangs")
    parser.add_argument("--at-once", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--verbose", action="store_true", help="print the files that were used, too")


def run(asked: argparse.Namespace) -> bool:
    """Use every file of the folders once, and print; return whether none has a fault."""
    began, total = time.monotonic(), Counter[str]()
    for folder in asked.folders:
        counts = Counter[str]()
        for path, outcome in use_files(list_files(folder), asked.seconds, asked.limit_s, asked.at_once):
            counts[outcome.name] += 1
            if outcome.name != "used" or asked.verbose:
                notes = f" [{'; '.join(outcome.notes)}]" if outcome.notes else ""
                print(f"{outcome.name}: {path.relative_to(folder)}: {outcome.said}{notes}", flush=True)
        print(f"collections: {folder.name}: {counts.total()} files, {_format_counts(counts)}", flush=True)
        total += counts
    took = time.monotonic() - began
    print(f"collections: {total.total()} files, {_format_counts(total)}, {took:.0f} s", flush=True)
    return not any(total[fault] for fault in FAULTS)


def _format_counts(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[name]} {name}" for name in ("used", "begun", "refused", *FAULTS))


def list_files(folder: Path) -> list[Path]:
    """Return every file below a folder, except hidden ones."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


@dataclass(slots=True)
class _RunningFile:
    path: Path
    process: BaseProcess
    answer: Connection
    deadline: float


def use_files(
    paths: list[Path], seconds: int, limit_s: float, at_once: int
) -> Iterator[tuple[Path, FileOutcome]]:
    """Use each file in a process of its own, and yield what became of it, in the order in which they end."""
    waiting, running = list(reversed(paths)), list[_RunningFile]()
    while waiting or running:
        while waiting and len(running) < at_once:
            running.append(_start_file(waiting.pop(), seconds, limit_s))
        patience = max(0.0, min(one.deadline for one in running) - time.monotonic())
        wait([one.answer for one in running], patience)
        for one in list(running):
            late = time.monotonic() > one.deadline
            if one.answer.poll() or late:
                running.remove(one)
                yield one.path, _end_file(one)


def _start_file(path: Path, seconds: int, limit_s: float) -> _RunningFile:
    context = get_context("fork")
    answer, told = context.Pipe(duplex=False)
    process = context.Process(target=_use_file, args=(path, seconds, os.getpid(), told))
    process.start()
    told.close()
    return _RunningFile(path, process, answer, time.monotonic() + limit_s)


def _end_file(one: _RunningFile) -> FileOutcome:
    try:
        outcome = one.answer.recv() if one.answer.poll() else FileOutcome("hung", "it was ended")
    except EOFError:
        one.process.join()
        outcome = FileOutcome("crashed", f"exit code {one.process.exitcode}")
    assert isinstance(outcome, FileOutcome)
    if outcome.name == "hung":
        one.process.kill()
    one.process.join()
    one.answer.close()
    return outcome


def _use_file(path: Path, seconds: int, parent_pid: int, told: Connection) -> None:
    limit_worker(parent_pid)
    with tempfile.TemporaryDirectory(prefix="mcsync-soak-") as folder:
        try:
            outcome = make_proxy(path, Path(folder), seconds)
        except McsyncError as error:
            named = path.name in error.message and error.hint
            outcome = FileOutcome("refused" if named else "traceback", f"{error.message} → {error.hint}")
        except Exception:  # noqa: BLE001  # whatever it is, it is what people would see
            outcome = FileOutcome("traceback", traceback.format_exc())
        told.send(outcome)


def make_proxy(path: Path, folder: Path, seconds: int) -> FileOutcome:
    """Probe a file, make its proxy in `folder`, and compare the two.

    Raises McsyncError if the file is refused.
    """
    media = probe_clip(path)
    rate = choose_grid_rate(media)
    profile = load_profile(find_shipped_profiles(), PROFILE)

    def stop_after_enough(done: int, _expected: int) -> None:
        if done > seconds * rate.fraction:
            raise _EnoughTicks

    try:
        made = conform_with_profiles(
            path,
            media,
            Grid(rate),
            ((profile.kind, profile.build_ref(PROFILE)),),
            folder=folder,
            stem="clip",
            report_progress=stop_after_enough,
        )
    except _EnoughTicks:
        return FileOutcome("begun", f"{seconds} s of {media.duration_us / 1e6:.1f} s", media.warnings)
    (proxy,) = made.renditions
    analysis = extract_analysis_audio(path, media, folder / "analysis", temporary=True)
    ends = tuple(f"{one.stream} ends at {one.end_us / 1e6:.1f} s" for one in analysis.early_ends)
    notes = (*media.warnings, *proxy.notes, *made.report.warnings, *analysis.notes, *ends)
    differences = find_differences(path, media, proxy)
    if differences and all(note.startswith(IDLE_NOTES) for note in notes):
        return FileOutcome("unlike", "; ".join(differences), notes)
    return FileOutcome("used", "; ".join(differences), notes)
