"""Everything that is measured: pairs, direct paths, speeds, and the placements that follow.

`solve.py` judges it and gives the reasons; the calibration reads it as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mcsyncd.sync.caps import list_caps
from mcsyncd.sync.confidence import compute_direct_path_chance, platt_scale
from mcsyncd.sync.confidence_model import FITTED_MODEL
from mcsyncd.sync.direct_paths import resolve_direct_paths
from mcsyncd.sync.graph import Edge, Solution, check_loops, compute_path_chance, solve_graph
from mcsyncd.sync.pair import (
    Pair,
    PairMatcher,
    ProgressCallback,
    match_all_pairs,
    match_likeliest_pairs,
)
from mcsyncd.sync.pair_choice import MAX_PAIRS_PER_RECORDING, should_choose_pairs
from mcsyncd.sync.path_choice import DirectPathChoice
from mcsyncd.sync.pulldown import SPEED_CHANGES, change_speed
from mcsyncd.sync.recording import Recording
from mcsyncd.sync.shares import SmallShare, find_small_shares
from mcsyncd.sync.sparse_search import match_chosen_pairs
from mcsyncd.sync.straighten import apply_curves, find_curves

MIN_LIKELY_CONFIDENCE = 0.5
"""Chance from which a placement is likelier right than wrong. Below, a clip is tried at other speeds, gives
its camera no place in time, and fits nowhere rather than contradict a clip that it overlaps. Judgement: half.
Higher spends searches on clips that are placed and lets an echo's camera block a session by its b-roll;
lower takes chance matches for contradictions."""
_MIN_REACH_GAIN = 0.5
"""Clips, each counted by the chance of its path, that a later clip of the reference must reach more than an
earlier one to give the clock. Judgement: half a clip. Less, and chance moves the clock between clips that do
as well; more than one, and a test shot before the take leaves everything unplaced."""
_MIN_SPEED_SCORE = 100.0
"""Summed evidence of the coarse search from which another speed is measured. Measured on 15 sessions: the
right speed has 500 and more, any other below 30."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """All that was measured in a session.

    `recordings` are as they were measured: one in `speed_changes` at its own speed times 1 + that
    change. `choices` are the choices of direct paths, by clip. `root` gives the clock. `small_shares` are
    the pairs of clips that share too little.
    """

    recordings: tuple[Recording, ...]
    speed_changes: dict[int, float]
    pairs: tuple[Pair, ...]
    choices: dict[int, DirectPathChoice]
    solution: Solution
    root: int
    small_shares: tuple[SmallShare, ...] = ()

    @property
    def edges(self) -> list[Edge]:
        """The edges of the pairs that share audio."""
        return [pair.edge for pair in self.pairs if pair.has_shared_sound]


def measure_recordings(
    recordings: Sequence[Recording], reference: str, report_progress: ProgressCallback | None = None
) -> Measurement:
    """Match all pairs, resolve direct paths, and put all clips on the clock of the angle `reference`.

    Of 20 and more angles, only the pairs that `sparse_search.py` chooses. A clip without a likely
    placement is tried at the speeds of the 0.1 % error as well.
    """
    if should_choose_pairs(recordings):
        pairs = match_chosen_pairs(recordings, reference, report_progress)
    else:
        pairs = match_all_pairs(recordings, report_progress)
    root = _choose_root(recordings, reference, [pair.edge for pair in pairs if pair.has_shared_sound])
    measurement = _solve_pairs(recordings, {}, root, pairs)
    measurement = _straighten_clocks(measurement, report_progress)
    for at in range(len(recordings)):
        if at != root and _is_unlikely(measurement, at):
            attempts = [measurement, *_try_other_speeds(measurement, root, at, report_progress)]
            measurement = max(attempts, key=lambda one: round(_compute_confidence_or_zero(one, at), 2))
    small_shares = find_small_shares(measurement.recordings, measurement.pairs, measurement.solution)
    return replace(measurement, small_shares=small_shares)


def _choose_root(recordings: Sequence[Recording], reference: str, edges: Sequence[Edge]) -> int:
    """Return the first clip of the reference that reaches about as many clips as its best one does."""
    own = [at for at, one in enumerate(recordings) if one.angle == reference]
    if len(own) == 1:
        return own[0]
    paths = {at: solve_graph(len(recordings), at, edges).paths for at in own}
    reach = {at: sum(compute_path_chance(path) for path in paths[at] if path) for at in own}
    return next(at for at in own if reach[at] > max(reach.values()) - _MIN_REACH_GAIN)


def _solve_pairs(
    recordings: Sequence[Recording], speed_changes: dict[int, float], root: int, pairs: Sequence[Pair]
) -> Measurement:
    solution = solve_graph(len(recordings), root, [pair.edge for pair in pairs if pair.has_shared_sound])
    resolved, choices = resolve_direct_paths(recordings, root, pairs, solution)
    if choices:
        edges = [pair.edge for pair in resolved if pair.has_shared_sound]
        solution = solve_graph(len(recordings), root, edges)
    return Measurement(tuple(recordings), speed_changes, tuple(resolved), choices, solution, root)


def _straighten_clocks(measurement: Measurement, report_progress: ProgressCallback | None) -> Measurement:
    """Return the session without the bends of its clocks, where that makes every bent clip surer.

    The pairs of those clips are measured anew from the beginning: a bend that is none must not find rivals,
    echoes and losses where they are not looked for.
    """
    curves = find_curves(measurement.recordings, measurement.pairs, measurement.solution)
    if not curves:
        return measurement
    recordings = apply_curves(measurement.recordings, curves)
    others = [pair for pair in measurement.pairs if not curves.keys() & {pair.x, pair.y}]
    due = [(pair.x, pair.y) for pair in measurement.pairs if curves.keys() & {pair.x, pair.y}]
    pairs = []
    for pair in PairMatcher(recordings).match_pairs(due):
        pairs += [pair] if pair is not None else []
        _report_again(report_progress)
    straightened = _solve_pairs(recordings, {}, measurement.root, [*others, *pairs])
    is_surer = all(
        _compute_confidence_or_zero(straightened, at) > _compute_confidence_or_zero(measurement, at)
        for at in curves
    )
    return straightened if is_surer else measurement


def _report_again(report_progress: ProgressCallback | None) -> None:
    """Report that all pairs are done: a job that reports nothing counts as stalled."""
    if report_progress is not None:
        report_progress(1.0)


def _try_other_speeds(
    measurement: Measurement, root: int, at: int, report_progress: ProgressCallback | None
) -> Iterator[Measurement]:
    """Yield the session with clip `at` at each other speed, where that matches anything."""
    others = [pair for pair in measurement.pairs if at not in {pair.x, pair.y}]
    for change in SPEED_CHANGES:
        recordings = list(measurement.recordings)
        recordings[at] = change_speed(recordings[at], change)
        pairs = _match_clip(recordings, at, report_progress)
        if pairs:
            speed_changes = {**measurement.speed_changes, at: change}
            yield _solve_pairs(recordings, speed_changes, root, [*others, *pairs])


def _match_clip(
    recordings: Sequence[Recording], at: int, report_progress: ProgressCallback | None
) -> list[Pair]:
    """Match one clip with the others; report again and again that all pairs are done.

    Clips of another event are many where clips are many, and a job that reports nothing counts as stalled.
    """

    def report_again(_done: float) -> None:
        _report_again(report_progress)

    if should_choose_pairs(recordings):
        most = MAX_PAIRS_PER_RECORDING
        return match_likeliest_pairs(recordings, at, report_again, min_score=_MIN_SPEED_SCORE, most=most)
    return match_all_pairs(recordings, report_again, only=at, min_score=_MIN_SPEED_SCORE)


def _is_unlikely(measurement: Measurement, at: int) -> bool:
    return (
        bool(measurement.recordings[at].channels)
        and _compute_confidence_or_zero(measurement, at) < MIN_LIKELY_CONFIDENCE
    )


def _compute_confidence_or_zero(measurement: Measurement, at: int) -> float:
    return 0.0 if measurement.solution.placements[at] is None else compute_clip_confidence(measurement, at)[0]


def compute_clip_confidence(measurement: Measurement, at: int) -> tuple[float, list[tuple[Edge, float]]]:
    """Return the confidence of clip `at` by audio alone, and the failing loops with their miss in seconds."""
    confidence, failing = check_loops(measurement.solution, measurement.edges, at, FITTED_MODEL.loop_trust)
    confidence = platt_scale(confidence)
    choice = measurement.choices.get(at)
    if choice is not None:
        confidence *= compute_direct_path_chance(choice.lead)
    caps = list_caps(
        at, measurement.recordings, measurement.pairs, measurement.solution, measurement.small_shares
    )
    return min([confidence, *(cap.confidence for cap in caps)]), failing
