"""Which pairs of many recordings are measured: properties of the choice, and of the hubs before it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from mcsyncd.sync.pair_choice import (
    MAX_PAIRS_PER_RECORDING,
    Link,
    Node,
    NodePair,
    choose_hub,
    choose_pairs,
    list_links,
    place_spans,
)

STRONG, CHANCE = 900.0, 25.0
quick = settings(max_examples=60, derandomize=True, deadline=None)


class World:
    """Recordings that lie somewhere, and what the search would find: true lines, chance, and repeats."""

    def __init__(self, begins_s: list[float], lengths_s: list[float], repeats: set[NodePair]) -> None:
        self.nodes = [Node(f"cam{at}", 0.0, length) for at, length in enumerate(lengths_s)]
        self.begins_s, self.repeats = begins_s, repeats

    def pairs(self) -> list[NodePair]:
        return list(combinations(range(len(self.nodes)), 2))

    def common_s(self, pair: NodePair) -> float:
        ends_s = [self.begins_s[at] + self.nodes[at].end_s for at in pair]
        return min(ends_s) - max(self.begins_s[at] for at in pair)

    def link(self, pair: NodePair, *, measured: bool = False) -> Link:
        """What a search of two recordings finds; a repeat is 40 s off and stronger than the truth."""
        apart_s = self.begins_s[pair[1]] - self.begins_s[pair[0]]
        if pair in self.repeats:
            return Link(*pair, apart_s + 40.0, 0.0, 0.9 if measured else 2 * STRONG, measured)
        is_heard = self.common_s(pair) > 2
        score = 0.95 if measured else STRONG if is_heard else CHANCE
        return Link(*pair, apart_s if is_heard else 7.0 * pair[1], 0.0, score, measured)

    def shares(self, pair: NodePair) -> bool:
        return self.common_s(pair) > 2 or pair in self.repeats

    def search(self) -> tuple[dict[NodePair, Link], list[int]]:
        """Compare hub after hub with all others."""
        coarse: dict[NodePair, Link] = {}
        hubs: list[int] = []
        while (hub := choose_hub(self.nodes, list_links(coarse, {}), hubs)) is not None:
            hubs.append(hub)
            coarse |= {pair: self.link(pair) for pair in self.pairs() if hub in pair}
        return coarse, hubs

    def measure(self, coarse: dict[NodePair, Link]) -> dict[NodePair, Link | None]:
        """Measure what is chosen until nothing is."""
        tried: dict[NodePair, Link | None] = {}
        while due := choose_pairs(self.nodes, coarse, tried):
            assert not set(due) & tried.keys()
            tried |= {pair: self.link(pair, measured=True) if self.shares(pair) else None for pair in due}
        return tried


def components(count: int, pairs) -> set[frozenset[int]]:
    groups = {at: {at} for at in range(count)}
    for x, y in pairs:
        if groups[x] is not groups[y]:
            groups[x] |= groups[y]
            for at in groups[y]:
                groups[at] = groups[x]
    return {frozenset(group) for group in groups.values()}


@st.composite
def worlds(draw) -> World:
    count = draw(st.integers(2, 30))
    begins_s = draw(st.lists(st.floats(0, 400), min_size=count, max_size=count))
    lengths_s = draw(st.lists(st.floats(5, 120), min_size=count, max_size=count))
    pairs = list(combinations(range(count), 2))
    repeats = draw(st.sets(st.sampled_from(pairs), max_size=4))
    return World(begins_s, lengths_s, repeats)


@quick
@given(worlds())
def test_what_coarse_links_connect_is_connected_by_the_first_choice(world):
    coarse, _ = world.search()
    strong = [pair for pair, link in coarse.items() if link.score > CHANCE]
    first = choose_pairs(world.nodes, coarse, {})
    together = components(len(world.nodes), strong)
    assert all(any(group <= other for other in components(len(world.nodes), first)) for group in together)


@quick
@given(worlds())
def test_never_more_than_eight_pairs_for_each_recording(world):
    coarse, _ = world.search()
    tried = world.measure(coarse)
    assert len(tried) <= MAX_PAIRS_PER_RECORDING * len(world.nodes)


@quick
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_in_which_links_are_found_changes_nothing(world, random):
    coarse, _ = world.search()
    shuffled = list(coarse.items())
    random.shuffle(shuffled)
    assert choose_pairs(world.nodes, dict(shuffled), {}) == choose_pairs(world.nodes, coarse, {})
    assert choose_hub(world.nodes, [link for _, link in shuffled], []) == choose_hub(
        world.nodes, list(coarse.values()), []
    )


@quick
@given(worlds())
def test_hubs_leave_no_four_seconds_of_a_recording_alone(world):
    """By the truth, not by what links say: without repeats both are the same."""
    world.repeats = set()
    _, hubs = world.search()
    for at, node in enumerate(world.nodes):
        if at not in hubs:
            tenths = range(int(node.end_s * 10))
            covered = [covers(world, hubs, at, world.begins_s[at] + tenth / 10) for tenth in tenths]
            assert covered.count(False) <= 10 * min(3.0, node.end_s / 2) + 3


def covers(world: World, hubs: list[int], at: int, time_s: float) -> bool:
    return any(
        world.begins_s[hub] <= time_s < world.begins_s[hub] + world.nodes[hub].end_s
        for hub in hubs
        if hub != at
    )


@quick
@given(worlds())
def test_every_recording_that_can_lies_on_a_loop(world):
    """If all pairs were measured, it would be on one: then it is, too, with those that are."""
    world.repeats = set()
    coarse, _ = world.search()
    tried = world.measure(coarse)
    shared = [pair for pair, link in tried.items() if link is not None]
    possible = [pair for pair in world.pairs() if world.shares(pair)]
    assert set(on_triangles(possible)) <= set(on_loops(len(world.nodes), shared))


def on_triangles(pairs: list[NodePair]) -> Iterator[int]:
    """Yield the recordings of three that all share sound with each other."""
    known = {frozenset(pair) for pair in pairs}
    for x, y in pairs:
        for third in range(max(map(max, pairs)) + 1):
            if frozenset((x, third)) in known and frozenset((y, third)) in known:
                yield from (x, y, third)


def on_loops(count: int, pairs: list[NodePair]) -> Iterator[int]:
    """Yield both ends of every pair that others connect as well."""
    for pair in pairs:
        others = [other for other in pairs if other != pair]
        if any(set(pair) <= group for group in components(count, others)):
            yield from pair


def test_a_repeat_is_measured_beside_what_it_contradicts():
    """The first recording hears the song of the second once more: both of its links must be compared."""
    count = 24
    world = World([0.0] * 12 + [50.0] * 12, [60.0] * count, {(0, 20)})
    coarse, _ = world.search()
    tried = world.measure(coarse)
    assert (0, 20) in tried or (0, 20) not in coarse
    elsewhere = [pair for pair, link in tried.items() if 20 in pair and link and pair != (0, 20)]
    assert len(elsewhere) >= 2


def test_one_of_another_event_is_compared_with_all_and_measured_with_few():
    world = World([0.0] * 23 + [5000.0], [60.0] * 24, set())
    coarse, hubs = world.search()
    assert 23 in hubs
    tried = world.measure(coarse)
    assert 1 <= len([pair for pair in tried if 23 in pair]) <= MAX_PAIRS_PER_RECORDING


def test_a_link_that_did_not_hold_is_replaced_by_the_next_one():
    """A repeat joined two groups; measured, it shares no sound, and the weaker true link takes its place."""
    nodes = [Node(name, 0.0, 60.0) for name in "abc"]
    coarse = {
        (0, 1): Link(0, 1, 0.0, 0.0, 900.0),
        (0, 2): Link(0, 2, 30.0, 0.0, 500.0),
        (1, 2): Link(1, 2, 5.0, 0.0, 700.0),
    }
    first = choose_pairs(nodes, coarse, {})
    assert first[:2] == [(0, 1), (1, 2)]
    tried = {(0, 1): Link(0, 1, 0.0, 0.0, 0.9, is_measured=True), (1, 2): None}
    assert choose_pairs(nodes, coarse, tried) == [(0, 2)]


def test_a_hub_covers_no_clip_of_its_own_angle():
    nodes = [Node("a", 0.0, 100.0), Node("a", 0.0, 90.0), Node("b", 0.0, 80.0)]
    links = [Link(0, 2, 0.0, 0.0, 900.0), Link(1, 2, 0.0, 0.0, 900.0)]
    assert choose_hub(nodes, links, [0]) == 1


def test_spans_follow_links_in_both_directions():
    nodes = [Node("a", 1.0, 61.0), Node("b", 0.0, 60.0), Node("c", 0.0, 30.0)]
    links = [Link(0, 1, 10.0, 50e-6, 0.9, True), Link(1, 2, -4.0, 0.0, 0.9, True)]
    a, b, c = place_spans(nodes, links)
    assert a.component == b.component == c.component == 0
    assert (a.begin_s, a.end_s) == (1.0, 61.0)
    assert abs(b.begin_s - 10.0) < 1e-9
    assert abs(c.begin_s - (10.0 - 4.0 * (1 + 50e-6))) < 1e-9
    turned = place_spans(nodes[::-1], [Link(0, 1, 4.0, 0.0, 0.9, True), Link(1, 2, -10.0, 0.0, 0.9, True)])
    assert [round(span.begin_s, 6) for span in turned] == [0.0, 4.0, -5.0]


def test_what_contradicts_the_tree_is_measured_with_it_and_chance_is_not():
    nodes = [Node(name, 0.0, 60.0) for name in "abcde"]
    coarse = {
        (0, 1): Link(0, 1, 0.0, 0.0, 900.0),
        (1, 2): Link(1, 2, 0.0, 0.0, 900.0),
        (2, 3): Link(2, 3, 0.0, 0.0, 900.0),
        (3, 4): Link(3, 4, 0.0, 0.0, 900.0),
        (0, 2): Link(0, 2, 40.0, 0.0, 500.0),
        (0, 3): Link(0, 3, 0.02, 0.0, 500.0),
        (1, 3): Link(1, 3, 17.0, 0.0, CHANCE),
    }
    assert set(choose_pairs(nodes, coarse, {})) == {(0, 1), (1, 2), (2, 3), (3, 4), (0, 2)}


def test_the_last_pair_of_eight_for_each_is_the_last():
    nodes = [Node(f"cam{at}", 0.0, 60.0) for at in range(20)]
    pairs = list(combinations(range(20), 2))
    coarse = {pair: Link(*pair, 0.0, 0.0, STRONG) for pair in pairs}
    spent = 20 * MAX_PAIRS_PER_RECORDING
    assert len(choose_pairs(nodes, coarse, dict.fromkeys(pairs[: spent - 1]))) == 1
    assert choose_pairs(nodes, coarse, dict.fromkeys(pairs[:spent])) == []


def test_whoever_overlaps_the_reference_is_measured_with_it():
    world = World([0.0] * 21, [60.0] * 21, set())
    world.nodes[17] = Node("reference", 0.0, 60.0, is_reference=True)
    coarse, hubs = world.search()
    assert hubs == [0]
    tried = world.measure(coarse)
    assert all((min(at, 17), max(at, 17)) in tried for at in range(21) if at != 17)
