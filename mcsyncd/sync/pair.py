"""Every pair of angles matched: the edges of the graph, each with its evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations
from threading import BoundedSemaphore
from typing import TypeVar

from mcsyncd.sync.coarse import Line, search
from mcsyncd.sync.confidence import SHORTEST_S, Belief, Doubt, Evidence, believe, weigh
from mcsyncd.sync.graph import Edge
from mcsyncd.sync.kept import Kept, bound
from mcsyncd.sync.match import Match, match
from mcsyncd.sync.match import along as measured_along
from mcsyncd.sync.pieces import Stretch, stretches
from mcsyncd.sync.recording import RATE, Recording
from mcsyncd.sync.whiten import Ear

Progress = Callable[[float], None]
Due = TypeVar("Due")
Seen = TypeVar("Seen")

SHARED = 0.5
"""A pair whose evidence is worth less says nothing: a place from it would look like an answer.

What is significant and still doubtful (a loop, a skip) gets its place, with the doubt in
its confidence: a person can begin from there.
"""


_AT_ONCE = 3
"""Pairs matched side by side. Transforms run outside of the interpreter's lock, so threads do; a
fixed number. It changes no digit."""
_SEARCHED_AT_ONCE = 2
"""A search through four hours needs 70 MB, what comes after it ten."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A matched pair of recordings, by index, with its edge of the graph."""

    x: int
    y: int
    match: Match
    parts: tuple[Stretch, ...]
    evidence: Evidence
    belief: Belief
    edge: Edge
    names: tuple[tuple[str, str], tuple[str, str]]

    @property
    def shared(self) -> bool:
        """Whether the two share sound at all."""
        return self.belief.factors[Doubt.WEAK] >= SHARED

    @property
    def short(self) -> bool:
        """Whether they share so little that no strength makes them sure."""
        return self.match.overlap_s < SHORTEST_S

    def x_is(self, recording: Recording) -> bool:
        """Whether `recording` is the x of this pair."""
        return self.names[0] == name_of(recording)


def all_pairs(
    recordings: Sequence[Recording],
    progress: Progress | None = None,
    *,
    only: int | None = None,
    least: float = 0.0,
) -> list[Pair]:
    """Match every two recordings of different angles that have something to hear.

    With `only`, those pairs alone that this recording is in; with `least`, those whose coarse score
    reaches it.
    """
    # The search reads at half the rate: a byte a sample.
    kept = Kept(bound(sum(channel.size for one in recordings for channel in one.channels)))
    ears = [_ears(recording, kept) for recording in recordings]
    due = [
        (x, y)
        for x, y in combinations(range(len(recordings)), 2)
        if recordings[x].angle != recordings[y].angle and ears[x] and ears[y] and only in {None, x, y}
    ]
    pairs = []
    turns = BoundedSemaphore(_SEARCHED_AT_ONCE)
    matches = side_by_side(lambda pair: _matched(ears[pair[0]], ears[pair[1]], least, turns), due)
    for done, ((x, y), found) in enumerate(zip(due, matches, strict=True)):
        if found is not None:
            pairs.append(_pair(x, y, recordings, found))
        if progress is not None:
            progress((done + 1) / len(due))
    return pairs


def _matched(x: Sequence[Ear], y: Sequence[Ear], least: float, turns: BoundedSemaphore) -> Match | None:
    with turns:
        lines = search(x, y)
    return match(x, y, lines) if lines and lines[0].score >= least else None


def side_by_side(look: Callable[[Due], Seen], due: Sequence[Due]) -> Iterator[Seen]:
    """Look at pairs in threads, and yield what was seen in the order of `due`."""
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        yield from threads.map(look, due)


def along(pair: Pair, recordings: Sequence[Recording], line: Line | None) -> Pair:
    """The same pair measured along another line, or as it was where nothing is to be measured."""
    found = measured_along(pair.match, line) if line else None
    return pair if found is None else _pair(pair.x, pair.y, recordings, found)


def _pair(x: int, y: int, recordings: Sequence[Recording], found: Match) -> Pair:
    evidence = weigh(found)
    belief = believe(evidence)
    parts = stretches(found) if belief.factors[Doubt.WEAK] >= SHARED else ()
    names = (name_of(recordings[x]), name_of(recordings[y]))
    return Pair(x, y, found, parts, evidence, belief, _edge(x, y, recordings, found, belief), names)


def name_of(recording: Recording) -> tuple[str, str]:
    """Angle and clip: what tells a recording from all others."""
    return recording.angle, recording.name


def _ears(recording: Recording, kept: Kept) -> list[Ear]:
    if recording.rate != RATE:
        raise ValueError(f"analysis audio has {RATE} samples a second, {recording.name} has {recording.rate}")
    ears = [
        Ear(channel, kept, recording.speed) for channel in recording.channels if channel.size >= RATE // 4
    ]
    return [ear for ear in ears if not ear.dead]


def _edge(x: int, y: int, recordings: Sequence[Recording], found: Match, belief: Belief) -> Edge:
    start_x, start_y = recordings[x].start_us / 1e6, recordings[y].start_us / 1e6
    slope = found.line.slope
    return Edge(
        x,
        y,
        start_x + found.line.offset_s - start_y * (1.0 + slope),
        slope,
        start_y + float(found.look.times.mean()),
        found.fit.sigma_s,
        found.fit.sigma_slope,
        belief.confidence,
        ceiling(belief),
    )


def ceiling(belief: Belief) -> float:
    """The most that agreeing loops can make of a pair: repeats close as well as the truth does."""
    return belief.factors[Doubt.RIVAL]
