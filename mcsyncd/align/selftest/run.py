"""Runs a self-test: listen to the files, prove which belong together, and solve cases until time is up.

Works like `align`: contained decoders, forked workers, nothing is kept.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from itertools import combinations
from pathlib import Path
from time import monotonic

from mcsyncd.align.listen import FileAnalysis, analyse_files, count_cores, open_pool
from mcsyncd.align.pipeline import AlignReporter
from mcsyncd.align.selftest.cases import MIN_MATERIAL_S, Sources, draw_case, list_sources
from mcsyncd.align.selftest.material import Material, ProvenPair, build_material, prove_pair
from mcsyncd.align.selftest.verdicts import CaseVerdict, judge_case
from mcsyncd.errors import BadMedia, McsyncError

_PROOF_SHARE = 0.4
"""Part of the time in which whole files are compared. Judgement: two hours are compared in some seconds, and
most of the time must be left for the cases."""
_CASES_AHEAD = 2
"""Cases per worker that are handed out at once. Judgement: none waits, and few are late when time is up."""


@dataclass(frozen=True, slots=True)
class SelftestOrder:
    """What is asked for: the files, those of other events, and how much to do.

    Cases are solved for `budget_s` seconds after listening, and `max_cases` at most.
    """

    files: tuple[Path, ...]
    other_files: tuple[Path, ...]
    seed: int
    budget_s: float
    max_cases: int | None


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A file of a self-test: its seconds of sound, and why it is not used; empty where it is."""

    name: str
    seconds: float
    problem: str


@dataclass(frozen=True, slots=True)
class SelftestResult:
    """All that a self-test found, in the order of its cases. `seconds` is how long proofs and cases took."""

    order: SelftestOrder
    files: tuple[CheckedFile, ...]
    pairs: tuple[ProvenPair, ...]
    verdicts: tuple[CaseVerdict, ...]
    seconds: float


def run_selftest(order: SelftestOrder, scratch: Path, reporter: AlignReporter) -> SelftestResult:
    """Make cases of the files and solve them. Analysis audio goes into the folder `scratch`.

    An unusable file is reported, and the others are used. Raises BadMedia if no file is usable, and
    McsyncError when `scratch` cannot be written or a worker dies.
    """
    paths = [*order.files, *order.other_files]
    analyses = analyse_files(
        paths, scratch, lambda done: reporter.show_progress(f"listening: {done} of {len(paths)} files")
    )
    files, materials = [], []
    for number, (name, analysis) in enumerate(zip(_name_files(paths), analyses, strict=True)):
        checked, material = _check_file(name, analysis, is_other_event=number >= len(order.files))
        files.append(checked)
        if checked.problem:
            reporter.show_finding(f"{name}: not used: {checked.problem}")
        elif material is not None:
            materials.append(material)
    if not materials:
        raise BadMedia("none of the files can be used", "name files with ten seconds of sound and more")
    import_module("mcsyncd.sync.solve")  # once, before the fork
    begin_s = monotonic()
    pairs = prove_pairs(materials, begin_s + _PROOF_SHARE * order.budget_s, reporter)
    sources = list_sources(materials, pairs)
    verdicts = _solve_cases(sources, order, begin_s + order.budget_s, reporter)
    reporter.show_progress("")  # what is printed now begins a line
    return SelftestResult(order, tuple(files), tuple(pairs), tuple(verdicts), monotonic() - begin_s)


def _name_files(paths: Sequence[Path]) -> list[str]:
    counts = Counter(path.name for path in paths)
    return [path.name if counts[path.name] == 1 else str(path) for path in paths]


def _check_file(
    name: str, analysis: FileAnalysis | McsyncError, *, is_other_event: bool
) -> tuple[CheckedFile, Material | None]:
    if isinstance(analysis, McsyncError):
        return CheckedFile(name, 0.0, f"{analysis.message} ({analysis.hint})"), None
    material = build_material(name, analysis.media, analysis.audio, is_other_event=is_other_event)
    if not material.channels:
        notes = "; ".join(analysis.audio.notes)
        return CheckedFile(
            name, 0.0, f"it has no usable sound: {notes}" if notes else "it has no sound"
        ), None
    seconds = material.end_s - material.begin_s
    if seconds < MIN_MATERIAL_S:
        problem = f"{seconds:.1f} s of sound is too short; cases need {MIN_MATERIAL_S:.1f} s"
        return CheckedFile(name, seconds, problem), None
    return CheckedFile(name, seconds, ""), material


def prove_pairs(
    materials: Sequence[Material], deadline_s: float, reporter: AlignReporter
) -> list[ProvenPair]:
    """Return the pairs of files that belong together beyond doubt, as far as time allows."""
    pairs = list(combinations([one for one in materials if not one.is_other_event], 2))
    found: list[ProvenPair | None] = []
    if not pairs:
        return []
    try:
        with open_pool(min(len(pairs), count_cores())) as pool:
            for future in [pool.submit(prove_pair, x, y) for x, y in pairs]:
                found.append(future.result(max(0.0, deadline_s - monotonic())))
                reporter.show_progress(f"comparing whole files: {len(found)} of {len(pairs)} pairs")
    except TimeoutError:
        reporter.show_finding(
            f"{len(pairs) - len(found)} of {len(pairs)} pairs of files were not compared in time"
            " (--budget gives more)"
        )
    except BrokenExecutor as error:
        raise _build_worker_error() from error
    return [pair for pair in found if pair is not None]


def _solve_cases(
    sources: Sources, order: SelftestOrder, deadline_s: float, reporter: AlignReporter
) -> list[CaseVerdict]:
    """Return the verdicts on cases 0, 1, 2 … until time is up; those begun then are finished."""
    verdicts = []
    try:
        with open_pool(count_cores()) as pool:
            for future in _hand_out(pool, sources, order, deadline_s):
                verdicts.append(future.result())
                reporter.show_progress(f"solving: case {len(verdicts)}")
    except BrokenExecutor as error:
        raise _build_worker_error() from error
    return verdicts


def _hand_out(
    pool: ProcessPoolExecutor, sources: Sources, order: SelftestOrder, deadline_s: float
) -> Iterator[Future[CaseVerdict]]:
    """Yield the cases' futures in order, always a few ahead; at least the first few."""
    waiting: deque[Future[CaseVerdict]] = deque()
    number, ahead = 0, _CASES_AHEAD * count_cores()
    while True:
        while len(waiting) < ahead and number != order.max_cases:
            if number >= ahead and monotonic() >= deadline_s:
                break
            waiting.append(pool.submit(judge_case, draw_case(sources, order.seed, number)))
            number += 1
        if not waiting:
            return
        yield waiting.popleft()


def _build_worker_error() -> McsyncError:
    return McsyncError(
        "a worker of the self-test died", "see `dmesg` whether memory ran out, and try fewer files"
    )
