"""All that can be measured: pairs, rooms, speeds, and where that puts the clips.

What is found here is judged and put in words in `solve.py`, and calibrated from here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mcsyncd.sync.confidence import AT_MOST_BROKEN, AT_MOST_SHORT, borne_out, heard_apart
from mcsyncd.sync.fitted import FITTED
from mcsyncd.sync.graph import Edge, Solution, confirmed, missed_s, settle
from mcsyncd.sync.pair import Pair, Progress, all_pairs
from mcsyncd.sync.pulled import PULLS, pulled
from mcsyncd.sync.recording import Recording
from mcsyncd.sync.rooms import Choice, heard_out

_LIKELY = 0.5
_SAME_S = 0.05
_SPEED_FITS = 100.0
"""Coarse score from which another speed is looked at closely: the right one has 500 and more, any other
under 30 (measured on 15 sessions)."""


@dataclass(frozen=True, slots=True)
class Found:
    """All that was measured: the pairs, how rooms were heard out, and where that puts the clips.

    `recordings` are those that were measured: one in `pulls` at that much more than its own speed.
    """

    recordings: tuple[Recording, ...]
    pulls: dict[int, float]
    pairs: tuple[Pair, ...]
    choices: dict[int, Choice]
    solution: Solution

    @property
    def edges(self) -> list[Edge]:
        """The pairs that share sound."""
        return [pair.edge for pair in self.pairs if pair.shared]


def search(recordings: Sequence[Recording], root: int, progress: Progress | None = None) -> Found:
    """Match all pairs, hear the room out, and put all clips on the clock of recording `root`.

    A clip without a likely place is tried at the speeds of the 0.1 % mistake.
    """
    pairs = all_pairs(recordings, progress)
    found = _settled(recordings, {}, root, pairs)
    for at in range(len(recordings)):
        if at != root and _lost(found, at):
            found = max([found, *_otherwise(found, root, at)], key=lambda one: round(_sure(one, at), 2))
    return found


def _settled(
    recordings: Sequence[Recording], pulls: dict[int, float], root: int, pairs: Sequence[Pair]
) -> Found:
    solution = settle(len(recordings), root, [pair.edge for pair in pairs if pair.shared])
    heard, choices = heard_out(recordings, root, pairs, solution)
    if choices:
        solution = settle(len(recordings), root, [pair.edge for pair in heard if pair.shared])
    return Found(tuple(recordings), pulls, tuple(heard), choices, solution)


def _otherwise(found: Found, root: int, at: int) -> Iterator[Found]:
    """The same with clip `at` at other speeds."""
    rest = [pair for pair in found.pairs if at not in {pair.x, pair.y}]
    for by in PULLS:
        recordings = list(found.recordings)
        recordings[at] = pulled(recordings[at], by)
        pairs = all_pairs(recordings, only=at, least=_SPEED_FITS)
        if pairs:
            yield _settled(recordings, {**found.pulls, at: by}, root, [*rest, *pairs])


def suspects(found: Found, pair: Pair) -> list[int]:
    """Who of a pair in pieces lost something: not the one whose line to a third holds throughout."""
    whole = {
        node
        for one in found.pairs
        if one is not pair and one.shared and not one.parts
        for node in (one.x, one.y)
    }
    return [node for node in (pair.x, pair.y) if node not in whole] or [pair.x, pair.y]


def _holds(found: Found, pair: Pair) -> bool:
    """Whether the places follow a pair: pieces of a refrain elsewhere are no pieces of a clip."""
    return pair.shared and abs(missed_s(found.solution.places, pair.edge)) < _SAME_S


def _lost(found: Found, at: int) -> bool:
    return bool(found.recordings[at].channels) and _sure(found, at) < _LIKELY


def _sure(found: Found, at: int) -> float:
    return 0.0 if found.solution.places[at] is None else chance(found, at)[0]


def chance(found: Found, at: int) -> tuple[float, list[tuple[Edge, float]]]:
    """Return how sure clip `at` is by sound alone, and the loops that do not close with their miss."""
    confidence, failing = confirmed(found.solution, found.edges, at, FITTED.trust)
    confidence = borne_out(confidence)
    choice = found.choices.get(at)
    if choice is not None:
        confidence *= heard_apart(choice.lead)
    return min(confidence, _limit(found, at)), failing


def _limit(found: Found, at: int) -> float:
    """What no evidence lifts a clip over: rules, not fitted."""
    if any(at in suspects(found, pair) for pair in found.pairs if pair.parts and _holds(found, pair)):
        return AT_MOST_BROKEN
    path = {frozenset((edge.x, edge.y)) for edge in found.solution.paths[at]}
    short = any(pair.short for pair in found.pairs if frozenset((pair.x, pair.y)) in path)
    return AT_MOST_SHORT if short else 1.0
