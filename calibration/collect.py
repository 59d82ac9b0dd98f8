"""Evidence of generated sessions: what the solver measured, beside the truth."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from calibration.cases import Case, Truth, case
from calibration.material import Material
from mcsyncd.sync.confidence import HALF_FRAME_S
from mcsyncd.sync.graph import SolvedPlacement
from mcsyncd.sync.measurement import Measurement, measure_recordings
from mcsyncd.sync.recording import Recording

_DIGITS = 7

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Span:
    """The stretch of a clip, in clip time, in which it shares sound with another angle's clip."""

    begin_s: float
    end_s: float


def collect(seeds: Sequence[int], root: Path | None, jobs: int) -> Iterator[Row]:
    """Generate and solve the sessions of `seeds`, `jobs` at a time, in order."""
    # A process each: two that share the transforms' threads would only wait for each other.
    os.environ["OMP_NUM_THREADS"] = "1"
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(row, seeds, [root] * len(seeds), chunksize=4)


def row(seed: int, root: Path | None) -> Row:
    """Return all that is measured in the session of a seed, and what is right in it."""
    made = case(seed, _material(root))
    found = measure_recordings(made.recordings, 0)
    made = _as_measured(made, found)
    return {
        "seed": seed,
        "condition": made.condition,
        "clips": [_clip(made, found, at) for at in range(len(made.recordings))],
        "pairs": [_pair(made, found, at) for at in range(len(found.pairs))],
    }


def write(rows: Iterable[Row], path: Path) -> None:
    """Write rows as JSON lines; a name that ends in .gz is compressed, the same bytes every time."""
    with path.open("wb") as raw:
        file = gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) if path.suffix == ".gz" else raw
        for one in rows:
            file.write(json.dumps(_short(one), separators=(",", ":")).encode() + b"\n")
            file.flush()
        if file is not raw:
            file.close()


def read(path: Path) -> list[Row]:
    """Read what `write` wrote."""
    raw = path.read_bytes()
    text = gzip.decompress(raw) if path.suffix == ".gz" else raw
    return [json.loads(line) for line in text.splitlines()]


def _as_measured(made: Case, found: Measurement) -> Case:
    """The session with the recordings at the speeds at which they were measured."""
    truths = tuple(
        truth and Truth(truth.offset_s, (1 + truth.slope) * (1 + found.speed_changes.get(at, 0.0)) - 1)
        for at, truth in enumerate(made.truths)
    )
    return replace(made, recordings=found.recordings, truths=truths)


@cache
def _material(root: Path | None) -> Material:
    return Material(root)


def _clip(made: Case, found: Measurement, at: int) -> Row:
    place, truth, choice = found.solution.placements[at], made.truths[at], found.choices.get(at)
    return {
        "angle": made.recordings[at].angle,
        "solvable": truth is not None,
        "right": place is not None and truth is not None and _right(place, truth, _span(made, at)),
        "miss_ms": None if place is None or truth is None else (place.offset_s - truth.offset_s) * 1e3,
        "echo": None if choice is None else asdict(choice.lead),
    }


def _pair(made: Case, found: Measurement, at: int) -> Row:
    pair = found.pairs[at]
    truths = made.truths[pair.x], made.truths[pair.y]
    return {
        "x": pair.x,
        "y": pair.y,
        "right": _pair_right(made, found, at) if None not in truths else False,
        "broken": bool(pair.pieces),
        "evidence": asdict(pair.evidence),
        "edge": asdict(pair.edge),
    }


def _pair_right(made: Case, found: Measurement, at: int) -> bool:
    """Whether the line of the pair puts y on x as the truths do, at both ends of what they share."""
    pair = found.pairs[at]
    x, y = made.truths[pair.x], made.truths[pair.y]
    assert x is not None
    assert y is not None
    span = _shared(made.recordings[pair.y], y, made.recordings[pair.x], x)
    if span is None:
        return False
    ends = [
        pair.edge.offset_s + t * (1 + pair.edge.slope) - (_at(y, t) - x.offset_s) / (1 + x.slope)
        for t in (span.begin_s, span.end_s)
    ]
    return max(map(abs, ends)) < HALF_FRAME_S


def _right(place: SolvedPlacement, truth: Truth, span: Span) -> bool:
    return all(abs(place.map_time(t) - _at(truth, t)) < HALF_FRAME_S for t in (span.begin_s, span.end_s))


def _span(made: Case, at: int) -> Span:
    """What a clip shares with the other angles; all of it where it shares nothing."""
    mine, truth = made.recordings[at], made.truths[at]
    assert truth is not None
    spans = [
        _shared(mine, truth, other, theirs)
        for other, theirs in zip(made.recordings, made.truths, strict=True)
        if theirs is not None and other.angle != mine.angle
    ]
    shared = [span for span in spans if span is not None]
    if not shared:
        return Span(0.0, mine.duration_us / 1e6)
    return Span(min(span.begin_s for span in shared), max(span.end_s for span in shared))


def _shared(mine: Recording, truth: Truth, other: Recording, theirs: Truth) -> Span | None:
    begin = max(truth.offset_s, theirs.offset_s)
    end = min(_at(truth, mine.duration_us / 1e6), _at(theirs, other.duration_us / 1e6))
    if end <= begin:
        return None
    return Span((begin - truth.offset_s) / (1 + truth.slope), (end - truth.offset_s) / (1 + truth.slope))


def _at(truth: Truth, time_s: float) -> float:
    return truth.offset_s + time_s * (1 + truth.slope)


def _short(value: Any) -> Any:  # JSON is any value
    """Floats to seven digits: what is written stays readable and small."""
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    if isinstance(value, dict):
        return {key: _short(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_short(one) for one in value]
    return value
