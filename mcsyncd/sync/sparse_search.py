"""Match the pairs of many recordings that matter, instead of all: what `pair_choice.py` chooses.

Each of them is searched and measured as if all were. Which pairs are chosen depends on the recordings,
not on their order: they are numbered by angle and name.
"""

from __future__ import annotations

from collections.abc import Sequence

from mcsyncd.sync.coarse_search import Line
from mcsyncd.sync.direct_paths import build_line
from mcsyncd.sync.pair import Pair, PairMatcher, ProgressCallback, key_from_recording
from mcsyncd.sync.pair_choice import (
    MAX_PAIRS_PER_RECORDING,
    Link,
    Node,
    NodePair,
    Span,
    choose_hub,
    choose_pairs,
    list_links,
    place_spans,
)
from mcsyncd.sync.recording import Recording
from mcsyncd.sync.same_sound import could_be_same_sound, measure_likeness

_HALFWAY_STEPS = 3
"""Searches and measurements for each recording that are half of the progress. Judgement: two hubs and three
pairs for each end near two thirds. The end is not known before."""
_MIN_COMPARED_LIKENESS = 0.5
"""Share of whitened energy in common from which a pair is measured, because it may be one recording twice. As
measured for `same_sound.py`: proxies 0.66 and more, other cameras 0.1 to 0.6. Higher misses proxies."""


def match_chosen_pairs(
    recordings: Sequence[Recording], reference: str, report_progress: ProgressCallback | None = None
) -> list[Pair]:
    """Match at most eight pairs for each recording, so that all that share sound hang together in loops.

    Pairs are of different angles, both with usable audio, and in the order of all pairs. Those with the angle
    `reference`, which gives the clock, come first in the choice. Raises ValueError where audio is not at the
    analysis rate.
    """
    search = _SparseSearch(recordings, reference, report_progress)
    search.run()
    return search.list_pairs()


class _SparseSearch:
    """The state of one search, by the numbers of `pair_choice.py`: those of the recordings with sound."""

    def __init__(
        self, recordings: Sequence[Recording], reference: str, report_progress: ProgressCallback | None
    ) -> None:
        self._recordings = recordings
        self._report_progress = report_progress
        self._matcher = PairMatcher(recordings)
        possible = self._matcher.list_pairs()
        usable = {at for pair in possible for at in pair}
        self._order = sorted(usable, key=lambda at: (key_from_recording(recordings[at]), at))
        self._numbers = {at: number for number, at in enumerate(self._order)}
        self._possible = {_sort_pair(self._numbers[x], self._numbers[y]): (x, y) for x, y in possible}
        self._nodes = [_build_node(recordings[at], reference) for at in self._order]
        self._hubs: set[int] = set()
        self._searched: set[NodePair] = set()
        self._compared: set[NodePair] = set()
        self._coarse: dict[NodePair, Link] = {}
        self._tried: dict[NodePair, Link | None] = {}
        self._found: dict[NodePair, Pair] = {}
        self._steps = 0

    def run(self) -> None:
        """Search and measure until nothing is to be gained."""
        while True:
            links = list_links(self._coarse, self._tried)
            hub = choose_hub(self._nodes, links, self._hubs)
            if hub is not None:
                self._search_hub(hub)
                continue
            due = choose_pairs(self._nodes, self._coarse, self._tried) or self._find_same_sounds()
            if not due:
                break
            self._measure_pairs(due)
        if self._report_progress is not None:
            self._report_progress(1.0)

    def list_pairs(self) -> list[Pair]:
        """Return what was found, in the order of all pairs."""
        return sorted(self._found.values(), key=lambda pair: (pair.x, pair.y))

    def _search_hub(self, hub: int) -> None:
        self._hubs.add(hub)
        due = [pair for pair in self._possible if hub in pair and pair not in self._searched]
        lines = self._matcher.search_pairs([self._possible[pair] for pair in due])
        for pair, line in zip(due, lines, strict=True):
            self._searched.add(pair)
            if line is not None:
                self._coarse[pair] = self._build_link(pair, line)
            self._report_step()

    def _measure_pairs(self, due: Sequence[NodePair]) -> None:
        pairs = self._matcher.match_pairs([self._possible[pair] for pair in due])
        for number, pair in zip(due, pairs, strict=True):
            self._tried[number] = None
            if pair is not None:
                self._found[number] = pair
            if pair is not None and pair.has_shared_sound:
                is_turned = self._possible[number][0] != self._order[number[0]]
                edge = pair.edge.reverse() if is_turned else pair.edge
                self._tried[number] = Link(*number, edge.offset_s, edge.slope, edge.confidence, True)
            self._report_step()

    def _find_same_sounds(self) -> list[NodePair]:
        """Return the pairs that may be one recording twice: that is told only of pairs that are measured."""
        spans = place_spans(self._nodes, list_links(self._coarse, self._tried))
        likeness: dict[NodePair, float] = {}
        for pair in sorted(self._possible.keys() - self._tried.keys() - self._compared):
            line = self._build_line(pair, spans)
            x, y = (self._recordings[at] for at in self._possible[pair])
            if line is not None and could_be_same_sound(x, y, line):
                self._compared.add(pair)
                channels = [self._matcher.get_channels(at) for at in self._possible[pair]]
                likeness[pair] = measure_likeness(channels[0], channels[1], line)
        budget = MAX_PAIRS_PER_RECORDING * len(self._nodes) - len(self._tried)
        alike = [pair for pair, found in likeness.items() if found >= _MIN_COMPARED_LIKENESS]
        return sorted(alike, key=lambda pair: (-likeness[pair], pair))[:budget]

    def _build_line(self, pair: NodePair, spans: Sequence[Span]) -> Line | None:
        """Return the line of two recordings by their places, in time of their analysis audio."""
        x, y = self._possible[pair]
        here, there = (spans[self._numbers[at]] for at in (x, y))
        if here.component != there.component:
            return None
        return build_line(self._recordings[x], self._recordings[y], here.place, there.place)

    def _build_link(self, pair: NodePair, line: Line) -> Link:
        """Return the line of two recordings, in time of their analysis audio, as a link in clip time."""
        x, y = self._possible[pair]
        if x != self._order[pair[0]]:
            x, y, line = y, x, line.invert()
        start_x, start_y = self._recordings[x].start_us / 1e6, self._recordings[y].start_us / 1e6
        offset_s = start_x + line.offset_s - start_y * (1.0 + line.slope)
        return Link(*pair, offset_s, line.slope, line.score)

    def _report_step(self) -> None:
        """Report progress without knowing the end: nearer and nearer to it."""
        self._steps += 1
        if self._report_progress is not None:
            self._report_progress(1.0 - 0.5 ** (self._steps / (_HALFWAY_STEPS * len(self._nodes))))


def _sort_pair(one: int, other: int) -> NodePair:
    return (one, other) if one < other else (other, one)


def _build_node(recording: Recording, reference: str) -> Node:
    begin_s, seconds = recording.start_us / 1e6, recording.samples / recording.rate
    return Node(recording.angle, begin_s, begin_s + seconds, recording.angle == reference)
