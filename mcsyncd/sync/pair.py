"""Match every pair of recordings of different angles: the edges of the graph, with their evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations
from threading import BoundedSemaphore
from typing import TypeVar

from mcsyncd.sync.block_cache import BlockCache, choose_cache_bytes
from mcsyncd.sync.clock_bend import bend_from_curve
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
    matcher = PairMatcher(recordings)
    due = [pair for pair in matcher.list_pairs() if only is None or only in pair]
    pairs = []
    for done, pair in enumerate(matcher.match_pairs(due, min_score), 1):
        if pair is not None:
            pairs.append(pair)
        if report_progress is not None:
            report_progress(done / len(due))
    return pairs


def match_likeliest_pairs(
    recordings: Sequence[Recording],
    only: int,
    report_progress: ProgressCallback,
    *,
    min_score: float,
    most: int,
) -> list[Pair]:
    """Match a recording with up to `most` others, those with the highest coarse scores from `min_score` on.

    The progress is that of the coarse search. Raises ValueError where audio is not at the analysis rate.
    """
    matcher = PairMatcher(recordings)
    due = [pair for pair in matcher.list_pairs() if only in pair]
    scores: dict[tuple[int, int], float] = {}
    for done, (pair, line) in enumerate(zip(due, matcher.search_pairs(due), strict=True), 1):
        if line is not None and line.score >= min_score:
            scores[pair] = line.score
        report_progress(done / len(due))
    likeliest = sorted(scores, key=lambda pair: (-scores[pair], pair))[:most]
    return [pair for pair in matcher.match_pairs(sorted(likeliest)) if pair is not None]


class PairMatcher:
    """Matches pairs of recordings, by their indices, and keeps the lines of the coarse search.

    Raises ValueError where audio is not at the analysis rate.
    """

    def __init__(self, recordings: Sequence[Recording]) -> None:
        # The search reads at half the rate in int16: one byte for each sample of a channel.
        search_bytes = sum(channel.size for one in recordings for channel in one.channels)
        cache = BlockCache(choose_cache_bytes(search_bytes))
        self._recordings = recordings
        self._whitened = [_whiten_channels(recording, cache) for recording in recordings]
        self._lines: dict[tuple[int, int], list[Line]] = {}
        self._search_slots = BoundedSemaphore(_MAX_SEARCHES_AT_ONCE)

    def list_pairs(self) -> list[tuple[int, int]]:
        """Return every two recordings of different angles that have usable audio, the first one first."""
        angles = [recording.angle for recording in self._recordings]
        return [
            (x, y)
            for x, y in combinations(range(len(angles)), 2)
            if angles[x] != angles[y] and self._whitened[x] and self._whitened[y]
        ]

    def search_pairs(self, pairs: Sequence[tuple[int, int]]) -> Iterator[Line | None]:
        """Yield the best line of the coarse search for each pair; None where nothing overlaps."""
        for lines in map_in_threads(self._search_pair, pairs):
            yield lines[0] if lines else None

    def match_pairs(self, pairs: Sequence[tuple[int, int]], min_score: float = 0.0) -> Iterator[Pair | None]:
        """Yield what each pair has in common; None where that is nothing, or its coarse score is too low."""
        matches = map_in_threads(lambda pair: self._match_pair(pair, min_score), pairs)
        for (x, y), match in zip(pairs, matches, strict=True):
            yield None if match is None else _build_pair(x, y, self._recordings, match)

    def get_channels(self, at: int) -> Sequence[WhitenedChannel]:
        """Return the usable channels of a recording."""
        return self._whitened[at]

    def _search_pair(self, pair: tuple[int, int]) -> list[Line]:
        if pair not in self._lines:
            with self._search_slots:
                self._lines[pair] = find_lines(self._whitened[pair[0]], self._whitened[pair[1]])
        return self._lines[pair]

    def _match_pair(self, pair: tuple[int, int], min_score: float) -> Match | None:
        x, y = self._whitened[pair[0]], self._whitened[pair[1]]
        lines = self._search_pair(pair)
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
    bend = bend_from_curve(recording.curve, recording.start_us) if recording.curve else None
    whitened = [
        WhitenedChannel(channel, cache, recording.speed, bend)
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
