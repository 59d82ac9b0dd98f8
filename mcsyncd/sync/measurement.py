"""All that can be measured: pairs, rooms, speeds, and where that puts the clips.

What is found here is judged and put in words in `solve.py`, and calibrated from here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mcsyncd.sync.confidence import (
    MAX_PIECEWISE_CONFIDENCE,
    MAX_SHORT_CONFIDENCE,
    compute_direct_path_chance,
    platt_scale,
)
from mcsyncd.sync.confidence_model import FITTED_MODEL
from mcsyncd.sync.direct_paths import DirectPathChoice, resolve_direct_paths
from mcsyncd.sync.graph import Edge, Solution, check_loops, compute_miss_s, solve_graph
from mcsyncd.sync.pair import Pair, ProgressCallback, match_all_pairs
from mcsyncd.sync.pulldown import SPEED_CHANGES, change_speed
from mcsyncd.sync.recording import Recording

_MIN_LIKELY_CONFIDENCE = 0.5
_MAX_CONSISTENT_MISS_S = 0.05
_MIN_SPEED_SCORE = 100.0
"""Coarse score from which another speed is looked at closely: the right one has 500 and more, any other
under 30 (measured on 15 sessions)."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """All that was measured: the pairs, how rooms were heard out, and where that puts the clips.

    `recordings` are those that were measured: one in `pulls` at that much more than its own speed.
    """

    recordings: tuple[Recording, ...]
    speed_changes: dict[int, float]
    pairs: tuple[Pair, ...]
    choices: dict[int, DirectPathChoice]
    solution: Solution

    @property
    def edges(self) -> list[Edge]:
        """The pairs that share sound."""
        return [pair.edge for pair in self.pairs if pair.has_shared_sound]


def measure_recordings(
    recordings: Sequence[Recording], root: int, report_progress: ProgressCallback | None = None
) -> Measurement:
    """Match all pairs, hear the room out, and put all clips on the clock of recording `root`.

    A clip without a likely place is tried at the speeds of the 0.1 % mistake.
    """
    pairs = match_all_pairs(recordings, report_progress)
    found = _solve_pairs(recordings, {}, root, pairs)
    for at in range(len(recordings)):
        if at != root and _is_unlikely(found, at):
            found = max(
                [found, *_try_other_speeds(found, root, at)],
                key=lambda one: round(_compute_confidence_or_zero(one, at), 2),
            )
    return found


def _solve_pairs(
    recordings: Sequence[Recording], speed_changes: dict[int, float], root: int, pairs: Sequence[Pair]
) -> Measurement:
    solution = solve_graph(len(recordings), root, [pair.edge for pair in pairs if pair.has_shared_sound])
    heard, choices = resolve_direct_paths(recordings, root, pairs, solution)
    if choices:
        solution = solve_graph(len(recordings), root, [pair.edge for pair in heard if pair.has_shared_sound])
    return Measurement(tuple(recordings), speed_changes, tuple(heard), choices, solution)


def _try_other_speeds(measurement: Measurement, root: int, at: int) -> Iterator[Measurement]:
    """The same with clip `at` at other speeds."""
    rest = [pair for pair in measurement.pairs if at not in {pair.x, pair.y}]
    for by in SPEED_CHANGES:
        recordings = list(measurement.recordings)
        recordings[at] = change_speed(recordings[at], by)
        pairs = match_all_pairs(recordings, only=at, min_score=_MIN_SPEED_SCORE)
        if pairs:
            yield _solve_pairs(recordings, {**measurement.speed_changes, at: by}, root, [*rest, *pairs])


def find_suspects(measurement: Measurement, pair: Pair) -> list[int]:
    """Who of a pair in pieces lost something: not the one whose line to a third holds throughout."""
    whole = {
        node
        for one in measurement.pairs
        if one is not pair and one.has_shared_sound and not one.pieces
        for node in (one.x, one.y)
    }
    return [node for node in (pair.x, pair.y) if node not in whole] or [pair.x, pair.y]


def _is_consistent(measurement: Measurement, pair: Pair) -> bool:
    """Whether the places follow a pair: pieces of a refrain elsewhere are no pieces of a clip."""
    return (
        pair.has_shared_sound
        and abs(compute_miss_s(measurement.solution.placements, pair.edge)) < _MAX_CONSISTENT_MISS_S
    )


def _is_unlikely(measurement: Measurement, at: int) -> bool:
    return (
        bool(measurement.recordings[at].channels)
        and _compute_confidence_or_zero(measurement, at) < _MIN_LIKELY_CONFIDENCE
    )


def _compute_confidence_or_zero(measurement: Measurement, at: int) -> float:
    return 0.0 if measurement.solution.placements[at] is None else compute_clip_confidence(measurement, at)[0]


def compute_clip_confidence(measurement: Measurement, at: int) -> tuple[float, list[tuple[Edge, float]]]:
    """Return how sure clip `at` is by sound alone, and the loops that do not close with their miss."""
    confidence, failing = check_loops(measurement.solution, measurement.edges, at, FITTED_MODEL.loop_trust)
    confidence = platt_scale(confidence)
    choice = measurement.choices.get(at)
    if choice is not None:
        confidence *= compute_direct_path_chance(choice.lead)
    return min(confidence, _compute_confidence_limit(measurement, at)), failing


def _compute_confidence_limit(measurement: Measurement, at: int) -> float:
    """What no evidence lifts a clip over: rules, not fitted."""
    if any(
        at in find_suspects(measurement, pair)
        for pair in measurement.pairs
        if pair.pieces and _is_consistent(measurement, pair)
    ):
        return MAX_PIECEWISE_CONFIDENCE
    path = {frozenset((edge.x, edge.y)) for edge in measurement.solution.paths[at]}
    short = any(pair.is_short for pair in measurement.pairs if frozenset((pair.x, pair.y)) in path)
    return MAX_SHORT_CONFIDENCE if short else 1.0
