"""Every pair of angles matched: the edges of the graph, each with its evidence."""

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
    MIN_OVERLAP_S,
    Belief,
    Doubt,
    PairEvidence,
    judge_evidence,
    measure_evidence,
)
from mcsyncd.sync.graph import Edge
from mcsyncd.sync.match import Match, match_recordings
from mcsyncd.sync.match import measure_along_line as measured_along
from mcsyncd.sync.pieces import PairPiece, find_pieces
from mcsyncd.sync.recording import ANALYSIS_RATE_HZ, Recording
from mcsyncd.sync.whitening import WhitenedChannel

ProgressCallback = Callable[[float], None]
Input = TypeVar("Input")
Output = TypeVar("Output")

MIN_SHARED_CHANCE = 0.5
"""A pair whose evidence is worth less says nothing: a place from it would look like an answer.

What is significant and still doubtful (a loop, a skip) gets its place, with the doubt in
its confidence: a person can begin from there.
"""


_MAX_MATCHES_AT_ONCE = 3
"""Pairs matched side by side. Transforms run outside of the interpreter's lock, so threads do; a
fixed number. It changes no digit."""
_MAX_SEARCHES_AT_ONCE = 2
"""A search through four hours needs 70 MB, what comes after it ten."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A matched pair of recordings, by index, with its edge of the graph."""

    x: int
    y: int
    match: Match
    pieces: tuple[PairPiece, ...]
    evidence: PairEvidence
    belief: Belief
    edge: Edge
    recording_keys: tuple[tuple[str, str], tuple[str, str]]

    @property
    def has_shared_sound(self) -> bool:
        """Whether the two share sound at all."""
        return self.belief.factors[Doubt.WEAK] >= MIN_SHARED_CHANCE

    @property
    def is_short(self) -> bool:
        """Whether they share so little that no strength makes them sure."""
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
    """Match every two recordings of different angles that have something to hear.

    With `only`, those pairs alone that this recording is in; with `least`, those whose coarse score
    reaches it.
    """
    # The search reads at half the rate: a byte a sample.
    kept = BlockCache(choose_cache_bytes(sum(channel.size for one in recordings for channel in one.channels)))
    ears = [_whiten_channels(recording, kept) for recording in recordings]
    due = [
        (x, y)
        for x, y in combinations(range(len(recordings)), 2)
        if recordings[x].angle != recordings[y].angle and ears[x] and ears[y] and only in {None, x, y}
    ]
    pairs = []
    turns = BoundedSemaphore(_MAX_SEARCHES_AT_ONCE)
    matches = map_in_threads(
        lambda pair: _search_and_match(ears[pair[0]], ears[pair[1]], min_score, turns), due
    )
    for done, ((x, y), found) in enumerate(zip(due, matches, strict=True)):
        if found is not None:
            pairs.append(_build_pair(x, y, recordings, found))
        if report_progress is not None:
            report_progress((done + 1) / len(due))
    return pairs


def _search_and_match(
    x: Sequence[WhitenedChannel], y: Sequence[WhitenedChannel], min_score: float, turns: BoundedSemaphore
) -> Match | None:
    with turns:
        lines = find_lines(x, y)
    return match_recordings(x, y, lines) if lines and lines[0].score >= min_score else None


def map_in_threads(function: Callable[[Input], Output], inputs: Sequence[Input]) -> Iterator[Output]:
    """Look at pairs in threads, and yield what was seen in the order of `due`."""
    with ThreadPoolExecutor(_MAX_MATCHES_AT_ONCE) as threads:
        yield from threads.map(function, inputs)


def remeasure_pair(pair: Pair, recordings: Sequence[Recording], line: Line | None) -> Pair:
    """The same pair measured along another line, or as it was where nothing is to be measured."""
    found = measured_along(pair.match, line) if line else None
    return pair if found is None else _build_pair(pair.x, pair.y, recordings, found)


def _build_pair(x: int, y: int, recordings: Sequence[Recording], match: Match) -> Pair:
    evidence = measure_evidence(match)
    belief = judge_evidence(evidence)
    parts = find_pieces(match) if belief.factors[Doubt.WEAK] >= MIN_SHARED_CHANCE else ()
    names = (key_from_recording(recordings[x]), key_from_recording(recordings[y]))
    return Pair(x, y, match, parts, evidence, belief, _build_edge(x, y, recordings, match, belief), names)


def key_from_recording(recording: Recording) -> tuple[str, str]:
    """Angle and clip: what tells a recording from all others."""
    return recording.angle, recording.name


def _whiten_channels(recording: Recording, cache: BlockCache) -> list[WhitenedChannel]:
    if recording.rate != ANALYSIS_RATE_HZ:
        raise ValueError(
            f"analysis audio has {ANALYSIS_RATE_HZ} samples a second, {recording.name} has {recording.rate}"
        )
    ears = [
        WhitenedChannel(channel, cache, recording.speed)
        for channel in recording.channels
        if channel.size >= ANALYSIS_RATE_HZ // 4
    ]
    return [ear for ear in ears if not ear.is_silent]


def _build_edge(x: int, y: int, recordings: Sequence[Recording], match: Match, belief: Belief) -> Edge:
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
    )


def compute_loop_ceiling(belief: Belief) -> float:
    """The most that agreeing loops can make of a pair: repeats close as well as the truth does."""
    return belief.factors[Doubt.RIVAL]
