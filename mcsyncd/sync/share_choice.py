"""Choose which clips' shares are compared in sessions of so many clips that not all threes can be. Pure.

Only a pair that a placement rests on is doubted for what it shares (`caps.py`), so it is compared with a
few others. All threes of 40 clips are 9880.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

_MAX_THIRDS = 4
"""Clips that the two of a link are compared with. Judgement: any one of them shows another event; fewer leave
too few that could vouch, more cost time for each clip."""
_ENOUGH_COMMON_S = 47.0
"""Seconds that three clips have in common, beyond which more is no better: so much of it is read
(`shares._MAX_STRETCHES`)."""


def choose_threes(
    angles: Sequence[str],
    spans: Mapping[int, tuple[float, float]],
    links: Iterable[tuple[int, int]],
    heard: Iterable[tuple[int, int]],
) -> list[tuple[int, ...]]:
    """Return the two clips of each link with each of a few thirds, every three once, in order.

    `spans` are when each clip begins and ends on one clock, in seconds, `heard` the pairs that were measured
    and share sound. Thirds that share sound with both come first, then those that overlap both longest.
    """
    known = {frozenset(pair) for pair in heard}
    threes: set[tuple[int, ...]] = set()
    for link in links:
        ranks = {
            third: (
                -sum(frozenset((node, third)) in known for node in link),
                -min(_measure_common_s((*link, third), spans), _ENOUGH_COMMON_S),
                third,
            )
            for third in spans
            if angles[third] not in {angles[node] for node in link}
        }
        thirds = sorted(ranks, key=lambda third: ranks[third])[:_MAX_THIRDS]
        threes |= {tuple(sorted((*link, third))) for third in thirds}
    return sorted(threes)


def _measure_common_s(nodes: Iterable[int], spans: Mapping[int, tuple[float, float]]) -> float:
    begins_s, ends_s = zip(*(spans[node] for node in nodes), strict=True)
    return float(min(ends_s) - max(begins_s))
