"""Collect evidence from generated sessions: what the solver measured, next to the truth."""

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

from calibration.cases import Case, Truth, draw_case
from calibration.material import Material
from mcsyncd.sync.caps import list_caps
from mcsyncd.sync.confidence import HALF_FRAME_S
from mcsyncd.sync.graph import SolvedPlacement
from mcsyncd.sync.measurement import Measurement, measure_recordings
from mcsyncd.sync.recording import Recording

_STORED_DIGITS = 7
"""Significant digits of stored floats. Judgement: far more than the fit resolves, and half the file."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SharedSpan:
    """The part of a clip, in clip time, that shares audio with another angle's clip."""

    begin_s: float
    end_s: float


def collect(seeds: Sequence[int], root: Path | None, jobs: int) -> Iterator[Row]:
    """Generate and solve the sessions of `seeds`, `jobs` at a time, in order."""
    # One thread each: processes whose transforms share threads would only wait for each other.
    os.environ["OMP_NUM_THREADS"] = "1"
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(measure_case, seeds, [root] * len(seeds), chunksize=4)


def measure_case(seed: int, root: Path | None) -> Row:
    """Return all that is measured in the session of a seed, and whether it is right."""
    case = draw_case(seed, _load_material(root))
    measurement = measure_recordings(case.recordings, case.recordings[0].angle)
    case = _apply_speed_changes(case, measurement)
    return {
        "seed": seed,
        "condition": case.condition,
        "clips": [_describe_clip(case, measurement, at) for at in range(len(case.recordings))],
        "pairs": [_describe_pair(case, measurement, at) for at in range(len(measurement.pairs))],
    }


def write_rows(rows: Iterable[Row], path: Path) -> None:
    """Write rows as JSON lines; a name that ends in .gz is compressed, the same bytes every time."""
    with path.open("wb") as raw:
        file = gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) if path.suffix == ".gz" else raw
        for one in rows:
            file.write(json.dumps(_round_floats(one), separators=(",", ":")).encode() + b"\n")
            file.flush()
        if file is not raw:
            file.close()


def read_rows(path: Path) -> list[Row]:
    """Read what `write_rows` wrote."""
    raw = path.read_bytes()
    text = gzip.decompress(raw) if path.suffix == ".gz" else raw
    return [json.loads(line) for line in text.splitlines()]


def _apply_speed_changes(case: Case, measurement: Measurement) -> Case:
    """Return the session with its recordings at the speeds they were measured at."""
    truths = tuple(
        truth and Truth(truth.offset_s, (1 + truth.slope) * (1 + measurement.speed_changes.get(at, 0.0)) - 1)
        for at, truth in enumerate(case.truths)
    )
    return replace(case, recordings=measurement.recordings, truths=truths)


@cache
def _load_material(root: Path | None) -> Material:
    return Material(root)


def _describe_clip(case: Case, measurement: Measurement, at: int) -> Row:
    placement, truth, choice = (
        measurement.solution.placements[at],
        case.truths[at],
        measurement.choices.get(at),
    )
    caps = list_caps(
        at, measurement.recordings, measurement.pairs, measurement.solution, measurement.small_shares
    )
    return {
        "angle": case.recordings[at].angle,
        "solvable": truth is not None,
        "right": placement is not None
        and truth is not None
        and _is_placement_right(placement, truth, _find_shared_span(case, at)),
        "miss_ms": None
        if placement is None or truth is None
        else (placement.offset_s - truth.offset_s) * 1e3,
        "echo": None if choice is None else asdict(choice.lead),
        "cap": min((cap.confidence for cap in caps), default=1.0),
    }


def _describe_pair(case: Case, measurement: Measurement, at: int) -> Row:
    pair = measurement.pairs[at]
    truths = case.truths[pair.x], case.truths[pair.y]
    return {
        "x": pair.x,
        "y": pair.y,
        "right": _is_pair_right(case, measurement, at) if None not in truths else False,
        "evidence": asdict(pair.evidence),
        "edge": asdict(pair.edge),
    }


def _is_pair_right(case: Case, measurement: Measurement, at: int) -> bool:
    """Whether the line of the pair puts y on x as the truths do, at both ends of what they share."""
    pair = measurement.pairs[at]
    x, y = case.truths[pair.x], case.truths[pair.y]
    assert x is not None
    assert y is not None
    span = _intersect_clips(case.recordings[pair.y], y, case.recordings[pair.x], x)
    if span is None:
        return False
    ends = [
        pair.edge.offset_s + t * (1 + pair.edge.slope) - (_map_truth(y, t) - x.offset_s) / (1 + x.slope)
        for t in (span.begin_s, span.end_s)
    ]
    return max(map(abs, ends)) < HALF_FRAME_S


def _is_placement_right(placement: SolvedPlacement, truth: Truth, span: SharedSpan) -> bool:
    return all(
        abs(placement.map_time(t) - _map_truth(truth, t)) < HALF_FRAME_S for t in (span.begin_s, span.end_s)
    )


def _find_shared_span(case: Case, at: int) -> SharedSpan:
    """Return what a clip shares with the other angles; all of it where it shares nothing."""
    mine, truth = case.recordings[at], case.truths[at]
    assert truth is not None
    spans = [
        _intersect_clips(mine, truth, other, theirs)
        for other, theirs in zip(case.recordings, case.truths, strict=True)
        if theirs is not None and other.angle != mine.angle
    ]
    shared = [span for span in spans if span is not None]
    if not shared:
        return SharedSpan(0.0, mine.duration_us / 1e6)
    return SharedSpan(min(span.begin_s for span in shared), max(span.end_s for span in shared))


def _intersect_clips(mine: Recording, truth: Truth, other: Recording, theirs: Truth) -> SharedSpan | None:
    begin = max(truth.offset_s, theirs.offset_s)
    end = min(_map_truth(truth, mine.duration_us / 1e6), _map_truth(theirs, other.duration_us / 1e6))
    if end <= begin:
        return None
    return SharedSpan(
        (begin - truth.offset_s) / (1 + truth.slope), (end - truth.offset_s) / (1 + truth.slope)
    )


def _map_truth(truth: Truth, time_s: float) -> float:
    return truth.offset_s + time_s * (1 + truth.slope)


def _round_floats(value: Any) -> Any:  # JSON is any value
    """Round floats to seven digits, which keeps the file readable and small."""
    if isinstance(value, float):
        return float(f"{value:.{_STORED_DIGITS}g}")
    if isinstance(value, dict):
        return {key: _round_floats(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_round_floats(one) for one in value]
    return value
