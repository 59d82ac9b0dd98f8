"""Choose which pairs of many recordings are measured: a tree, what contradicts it, what closes loops. Pure.

All pairs of n recordings are n² work. Music that repeats must still be found wherever it repeats, and no
wrong edge may go without a loop that fails to close. So:

* A *hub* is compared coarsely with all other recordings. Hubs are added until every recording lies within
  hubs by what is known. So each is compared, coarsely, with the whole session, and not just with what it
  seems to overlap.
* A tree of the best links is measured first (Kruskal 1956), then links that contradict it, which are the
  repeats, then for each recording some that it overlaps, which close loops.

What is chosen here is measured like any pair, over all lags: a loop that is only looked for where it would
close proves nothing. A pair that is not chosen says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mcsyncd.sync.graph import SolvedPlacement
from mcsyncd.sync.recording import Recording

MIN_SPARSE_ANGLES = 20
"""Angles with sound from which pairs are chosen. Judgement: 19 with a clip each have 171 pairs, eight for
each are 152. Fewer changes answers of common sessions for little time, more lets pairs grow as the square.
Not clips: three cameras with many short ones are common, and all their pairs are soon matched."""
MAX_PAIRS_PER_RECORDING = 8
"""Pairs measured for each recording, on average at most. Judgement: one of a tree, three that contradict it,
four that close loops. Fewer leave recordings without loops in sessions that repeat, more cost time."""
_MIN_STRONG_SCORE = 200.0
"""Summed evidence of the coarse search from which a link is taken for true until it is measured. As in
`coarse_search.py`: chance reaches about 30. Lower covers recordings by chance, higher makes more hubs."""
_MIN_LIKELY_SCORE = 40.0
"""Summed evidence from which a link that contradicts is measured. Judgement: just above chance. Higher misses
faint partners that a repeat elsewhere hides, lower spends the pairs on chance."""
_MAX_MISS_S = 0.1
"""Seconds by which a link may miss the placements and follow them. Judgement: more than columns and slopes of
the coarse search err by, and below every repeat of music."""
_MAX_UNCOVERED_S = 3.0
"""Seconds of a recording that may lie outside of all hubs; half of it, if it is shorter than 6 s. Judgement:
of 8 s that two recordings share, a hub then hears the 5 that may contradict (`confidence.MIN_OVERLAP_S`).
Less makes more hubs, more leaves places that nothing is compared with."""
_MAX_CONTRADICTING = 3
"""Pairs of each recording that are measured because they contradict. Judgement: two repeats, and one by
chance. Fewer miss the true place behind a repeat."""
_MAX_LONELY_TRIES = 5
"""Pairs of a recording without any link, by score. Judgement: if it shares sound with any, its score is among
the first. Fewer miss faint ones, more cost time for each recording of another event."""
_CLOSING_PARTNERS = 5
"""Recordings that one is to share sound with, so that it lies on loops. Judgement: four chords leave little
doubt about an edge (`graph.check_loops`). One is enough to catch a wrong edge, if it is not wrong as well."""
_MAX_CLOSING_TRIES = 8
"""Pairs of one with others that it overlaps, where they share no sound. Judgement: some more than the above.
Fewer leave a faint one without loops, more cost time."""
_MIN_COMMON_S = 1.0
"""Seconds of overlap from which a pair can close a loop. Judgement: shorter ones get hardly a window."""
_ENOUGH_COMMON_S = 60.0
"""Seconds of overlap beyond which a partner is no better. Judgement: some 15 windows."""

NodePair = tuple[int, int]
"""Two recordings by number, the lower one first."""


@dataclass(frozen=True, slots=True)
class Node:
    """A recording in the choice: its angle, and when its sound begins and ends, in seconds of clip time.

    With `is_reference`, it may give the session clock: a pair with it needs no other.
    """

    angle: str
    begin_s: float
    end_s: float
    is_reference: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """What is known of recordings `x < y`: `t_x = offset_s + t_y * (1 + slope)`, in seconds of clip time.

    `score` is the confidence of a measured one, else the summed evidence of the coarse search.
    """

    x: int
    y: int
    offset_s: float
    slope: float
    score: float
    is_measured: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """Where a recording lies among those that links connect it with; `component` is the lowest of them."""

    component: int
    place: SolvedPlacement
    begin_s: float
    end_s: float


def should_choose_pairs(recordings: Sequence[Recording]) -> bool:
    """Whether so many angles have sound that not all pairs are matched."""
    return len({one.angle for one in recordings if one.channels}) >= MIN_SPARSE_ANGLES


def choose_hub(nodes: Sequence[Node], links: Sequence[Link], hubs: Iterable[int]) -> int | None:
    """Return the recording to be compared with all others next; None once hubs cover every recording.

    The one of which most lies outside of the hubs. A hub covers no clip of its own angle: they cannot
    overlap, and if they seem to, a link is wrong.
    """
    spans, hubs = place_spans(nodes, links), set(hubs)
    open_s = {at: _measure_uncovered_s(at, nodes, spans, hubs) for at in range(len(nodes)) if at not in hubs}
    lacking = [at for at, open_ in open_s.items() if open_ > _compute_allowance_s(nodes[at])]
    return max(lacking, key=lambda at: (open_s[at], -at), default=None)


def list_links(coarse: Mapping[NodePair, Link], tried: Mapping[NodePair, Link | None]) -> list[Link]:
    """Return the links to believe: measured ones that share sound, and strong ones not measured yet."""
    measured = [link for link in tried.values() if link is not None]
    strong = [link for pair, link in coarse.items() if pair not in tried and link.score >= _MIN_STRONG_SCORE]
    return measured + strong


def choose_pairs(
    nodes: Sequence[Node], coarse: Mapping[NodePair, Link], tried: Mapping[NodePair, Link | None]
) -> list[NodePair]:
    """Return the pairs to be measured next; none once there is nothing to gain, or too many were.

    `coarse` are the best lines of the coarse search, `tried` the pairs that were measured, with None where
    they share no sound. To be asked again with the results: first comes the tree with what contradicts
    it, then what closes loops. In all at most eight pairs for each recording.
    """
    budget = MAX_PAIRS_PER_RECORDING * len(nodes) - len(tried)
    links = list_links(coarse, tried)
    forest = _grow_forest(links)
    spans = place_spans(nodes, links)
    due = dict.fromkeys((link.x, link.y) for link in forest if not link.is_measured)
    due |= dict.fromkeys(_choose_lonely_pairs(nodes, coarse, tried, links))
    due |= dict.fromkeys(_choose_contradicting_pairs(nodes, coarse, tried, spans))
    if not due:
        due = _choose_closing_pairs(nodes, tried, spans)
    return list(due)[: max(0, budget)]


def place_spans(nodes: Sequence[Node], links: Iterable[Link]) -> list[Span]:
    """Return where each recording lies by the best links: measured ones before others, then by score."""
    beside: dict[int, list[tuple[int, SolvedPlacement]]] = {}
    for link in _grow_forest(links):
        scale = 1.0 + link.slope
        beside.setdefault(link.x, []).append((link.y, SolvedPlacement(link.offset_s, link.slope)))
        back = SolvedPlacement(-link.offset_s / scale, 1.0 / scale - 1.0)
        beside.setdefault(link.y, []).append((link.x, back))
    spans: dict[int, Span] = {}
    for root in range(len(nodes)):
        reached = [(root, SolvedPlacement(0.0, 0.0))] if root not in spans else []
        for at, place in reached:
            ends = place.map_time(nodes[at].begin_s), place.map_time(nodes[at].end_s)
            spans[at] = Span(root, place, *ends)
            for other, line in beside.get(at, []):
                if other not in spans:
                    slope = (1.0 + line.slope) * (1.0 + place.slope) - 1.0
                    reached.append((other, SolvedPlacement(place.map_time(line.offset_s), slope)))
    return [spans[at] for at in range(len(nodes))]


def _grow_forest(links: Iterable[Link]) -> list[Link]:
    """Return the links of greatest score that connect all that links connect, without a loop."""
    leaders: dict[int, int] = {}

    def find_leader(at: int) -> int:
        while leaders.get(at, at) != at:
            at = leaders[at]
        return at

    forest = []
    for link in sorted(links, key=lambda one: (not one.is_measured, -one.score, one.x, one.y)):
        x, y = find_leader(link.x), find_leader(link.y)
        if x != y:
            leaders[max(x, y)] = min(x, y)
            forest.append(link)
    return forest


def _measure_uncovered_s(at: int, nodes: Sequence[Node], spans: Sequence[Span], hubs: Iterable[int]) -> float:
    """Return how many seconds of a recording lie within no hub."""
    span, open_s, reached_s = spans[at], 0.0, spans[at].begin_s
    covers = sorted(
        (spans[hub].begin_s, spans[hub].end_s)
        for hub in hubs
        if spans[hub].component == span.component and nodes[hub].angle != nodes[at].angle
    )
    for begin_s, end_s in covers:
        open_s += max(0.0, min(begin_s, span.end_s) - reached_s)
        reached_s = max(reached_s, end_s)
    return open_s + max(0.0, span.end_s - reached_s)


def _compute_allowance_s(node: Node) -> float:
    return min(_MAX_UNCOVERED_S, (node.end_s - node.begin_s) / 2)


def _choose_lonely_pairs(
    nodes: Sequence[Node],
    coarse: Mapping[NodePair, Link],
    tried: Mapping[NodePair, Link | None],
    links: Sequence[Link],
) -> Iterator[NodePair]:
    """Yield the likeliest pairs of recordings that nothing is known to share sound with."""
    linked = {at for link in links for at in (link.x, link.y)}
    for at in range(len(nodes)):
        if at not in linked:
            tries = sum(at in pair for pair in tried)
            untried = [pair for pair in _rank_pairs(at, coarse) if pair not in tried]
            yield from untried[: max(0, _MAX_LONELY_TRIES - tries)]


def _choose_contradicting_pairs(
    nodes: Sequence[Node],
    coarse: Mapping[NodePair, Link],
    tried: Mapping[NodePair, Link | None],
    spans: Sequence[Span],
) -> Iterator[NodePair]:
    """Yield for each recording the likeliest pairs that would put it elsewhere, or among others."""
    for at in range(len(nodes)):
        likely = [
            pair
            for pair in _rank_pairs(at, coarse)
            if coarse[pair].score >= _MIN_LIKELY_SCORE and _is_elsewhere(coarse[pair], nodes, spans)
        ]
        yield from (pair for pair in likely[:_MAX_CONTRADICTING] if pair not in tried)


def _rank_pairs(at: int, coarse: Mapping[NodePair, Link]) -> list[NodePair]:
    return sorted((pair for pair in coarse if at in pair), key=lambda pair: (-coarse[pair].score, pair))


def _is_elsewhere(link: Link, nodes: Sequence[Node], spans: Sequence[Span]) -> bool:
    x, y = spans[link.x], spans[link.y]
    middle_s = (nodes[link.y].begin_s + nodes[link.y].end_s) / 2
    there_s = x.place.map_time(link.offset_s + middle_s * (1.0 + link.slope))
    return x.component != y.component or abs(there_s - y.place.map_time(middle_s)) > _MAX_MISS_S


def _choose_closing_pairs(
    nodes: Sequence[Node], tried: Mapping[NodePair, Link | None], spans: Sequence[Span]
) -> dict[NodePair, None]:
    """Return for each recording that shares sound with too few others some more that it overlaps.

    The reference first. Of those that overlap it as long, the one with the fewest pairs: a session is then
    tied together, and does not hang on a few recordings.
    """
    due: dict[NodePair, None] = {}
    tries = [0] * len(nodes)
    shared = [0] * len(nodes)
    for pair, link in tried.items():
        if _measure_common_s(pair, spans) >= _MIN_COMMON_S:
            for at in pair:
                tries[at] += 1
                shared[at] += link is not None
    for at in range(len(nodes)):
        others = [other for other in range(len(nodes)) if nodes[other].angle != nodes[at].angle]
        pairs = {other: (min(at, other), max(at, other)) for other in others}
        ranks = {
            other: (not nodes[other].is_reference, -min(_measure_common_s(pair, spans), _ENOUGH_COMMON_S))
            for other, pair in pairs.items()
        }
        while shared[at] < _CLOSING_PARTNERS and tries[at] < _MAX_CLOSING_TRIES:
            open_ = [
                other
                for other, pair in pairs.items()
                if pair not in tried and pair not in due and _measure_common_s(pair, spans) >= _MIN_COMMON_S
            ]
            if not open_:
                break
            other = min(open_, key=lambda one: (*ranks[one], tries[one], one))
            due[pairs[other]] = None
            for node in (at, other):
                tries[node] += 1
                shared[node] += 1
    return due


def _measure_common_s(pair: NodePair, spans: Sequence[Span]) -> float:
    """Return how long two recordings overlap; 0 where nothing connects them."""
    x, y = spans[pair[0]], spans[pair[1]]
    if x.component != y.component:
        return 0.0
    return max(0.0, min(x.end_s, y.end_s) - max(x.begin_s, y.begin_s))
