"""Match every pair of recordings of different angles: the edges of the graph, with their evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations
from threading import BoundedSemaphore
from typing import TypeVar

from mcsyncd.sync.block_cache import BlockCache, choose_cache_bytes
from mcsyncd.sync.coarse_search import Line, find_lines
from mcsyncd.sync.confidence import (
    MIN_CLEAR_SIGNIFICANCE,
    MIN_OVERLAP_S,
    Belief,
    Doubt,
    PairEvidence,
    judge_evidence,
    measure_evidence,
)
from mcsyncd.sync.end_probe import AstrayEnd, find_astray_end
from mcsyncd.sync.graph import Edge
from mcsyncd.sync.match import Match
from mcsyncd.sync.matching import match_by_onsets, match_recordings, measure_along_line
from mcsyncd.sync.pieces import PairPiece, find_pieces
from mcsyncd.sync.recording import ANALYSIS_RATE_HZ, Recording
from mcsyncd.sync.whitening import WhitenedChannel

ProgressCallback = Callable[[float], None]
"""Called with the share of the work that is done, 0..1."""
Input = TypeVar("Input")
Output = TypeVar("Output")

MIN_SHARED_CHANCE = 0.5
"""Chance that a match is not too weak, from which it is an edge. Judgement: below it, an offset would look
like an answer; a match that is significant but doubtful (a loop, a skip) still gets one, for a person to
start from."""
_MAX_MATCHES_AT_ONCE = 3
"""Threads; transforms release the interpreter's lock. Three angles have three pairs. Results do not depend on
it, memory does."""
_MAX_SEARCHES_AT_ONCE = 2
"""Threads. Measured: searching four hours takes 70 MB, what follows only 10."""
_MIN_CHANNEL_SAMPLES = ANALYSIS_RATE_HZ // 4
"""Samples, 0.25 s. Judgement: half of the shortest overlap that gets a window (`spread_windows`)."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A matched pair of recordings, `x` and `y` by index, with its edge of the graph."""

    x: int
    y: int
    match: Match
    pieces: tuple[PairPiece, ...]
    astray_end: AstrayEnd | None
    evidence: PairEvidence
    belief: Belief
    edge: Edge
    recording_keys: tuple[tuple[str, str], tuple[str, str]]

    @property
    def has_shared_sound(self) -> bool:
        """Whether the two recordings share audio at all."""
        return self.belief.factors[Doubt.WEAK] >= MIN_SHARED_CHANCE

    @property
    def is_broken(self) -> bool:
        """Whether no single line holds for all that the two recordings share."""
        return bool(self.pieces) or self.astray_end is not None

    @property
    def is_short(self) -> bool:
        """Whether the overlap is so short that its confidence is capped."""
        return self.match.overlap_s < MIN_OVERLAP_S

    def has_as_x(self, recording: Recording) -> bool:
        """Whether `recording` is the x of this pair."""
        return self.recording_keys[0] == key_from_recording(recording)


def match_all_pairs(
    recordings: Sequence[Recording],
    report_progress: ProgressCallback | None = None,
    *,
    only: int | None = None,
    min_score: float = 0.0,
) -> list[Pair]:
    """Match every two recordings of different angles that have usable audio.

    With `only`, match just the pairs of that recording; with `min_score`, just those whose coarse
    score reaches it. Raises ValueError where audio is not at the analysis rate.
    """
    # The search reads at half the rate in int16: one byte for each sample of a channel.
    search_bytes = sum(channel.size for one in recordings for channel in one.channels)
    cache = BlockCache(choose_cache_bytes(search_bytes))
    whitened = [_whiten_channels(recording, cache) for recording in recordings]
    due = [
        (x, y)
        for x, y in combinations(range(len(recordings)), 2)
        if recordings[x].angle != recordings[y].angle and whitened[x] and whitened[y] and only in {None, x, y}
    ]
    search_slots = BoundedSemaphore(_MAX_SEARCHES_AT_ONCE)
    matches = map_in_threads(
        lambda pair: _search_and_match(whitened[pair[0]], whitened[pair[1]], min_score, search_slots), due
    )
    pairs = []
    for done, ((x, y), match) in enumerate(zip(due, matches, strict=True)):
        if match is not None:
            pairs.append(_build_pair(x, y, recordings, match))
        if report_progress is not None:
            report_progress((done + 1) / len(due))
    return pairs


def _search_and_match(
    x: Sequence[WhitenedChannel],
    y: Sequence[WhitenedChannel],
    min_score: float,
    search_slots: BoundedSemaphore,
) -> Match | None:
    with search_slots:
        lines = find_lines(x, y)
    if lines and lines[0].score < min_score:
        return None
    match = match_recordings(x, y, lines) if lines else None
    if match is None or measure_evidence(match).significance < MIN_CLEAR_SIGNIFICANCE:
        return match_by_onsets(x, y) or match
    return match


def map_in_threads(function: Callable[[Input], Output], inputs: Sequence[Input]) -> Iterator[Output]:
    """Apply `function` to all inputs in threads; yield the results in the order of `inputs`."""
    with ThreadPoolExecutor(_MAX_MATCHES_AT_ONCE) as threads:
        yield from threads.map(function, inputs)


def remeasure_pair(pair: Pair, recordings: Sequence[Recording], line: Line | None) -> Pair:
    """Return the pair measured along another line; unchanged without a line or an overlap along it."""
    if pair.match.is_by_onsets:
        return pair
    match = measure_along_line(pair.match, line) if line else None
    return pair if match is None else _build_pair(pair.x, pair.y, recordings, match)


def _build_pair(x: int, y: int, recordings: Sequence[Recording], match: Match) -> Pair:
    evidence = measure_evidence(match)
    belief = judge_evidence(evidence)
    has_windows = belief.factors[Doubt.WEAK] >= MIN_SHARED_CHANCE and not match.is_by_onsets
    return Pair(
        x,
        y,
        match,
        pieces=find_pieces(match) if has_windows else (),
        astray_end=find_astray_end(match) if has_windows else None,
        evidence=evidence,
        belief=belief,
        edge=_build_edge(x, y, recordings, match, belief),
        recording_keys=(key_from_recording(recordings[x]), key_from_recording(recordings[y])),
    )


def key_from_recording(recording: Recording) -> tuple[str, str]:
    """Return angle and clip name, which identify a recording within its session."""
    return recording.angle, recording.name


def _whiten_channels(recording: Recording, cache: BlockCache) -> list[WhitenedChannel]:
    """Return the channels long enough to match and not silent."""
    if recording.rate != ANALYSIS_RATE_HZ:
        raise ValueError(
            f"analysis audio has {ANALYSIS_RATE_HZ} samples a second, {recording.name} has {recording.rate}"
        )
    whitened = [
        WhitenedChannel(channel, cache, recording.speed)
        for channel in recording.channels
        if channel.size >= _MIN_CHANNEL_SAMPLES
    ]
    return [channel for channel in whitened if not channel.is_silent]


def _build_edge(x: int, y: int, recordings: Sequence[Recording], match: Match, belief: Belief) -> Edge:
    """Convert a match, in time of the analysis audio, to an edge in clip time."""
    start_x, start_y = recordings[x].start_us / 1e6, recordings[y].start_us / 1e6
    slope = match.line.slope
    return Edge(
        x,
        y,
        start_x + match.line.offset_s - start_y * (1.0 + slope),
        slope,
        start_y + float(match.correlations.times.mean()),
        match.fit.sigma_s,
        match.fit.sigma_slope,
        belief.confidence,
        compute_loop_ceiling(belief),
        may_contradict=match.overlap_s >= MIN_OVERLAP_S,
    )


def compute_loop_ceiling(belief: Belief) -> float:
    """Return the most that agreeing loops can raise a pair to: repeats close loops as well as the truth."""
    return belief.factors[Doubt.RIVAL]
