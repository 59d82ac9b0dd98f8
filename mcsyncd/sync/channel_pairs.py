"""Every channel is a witness: choose the channels that match best, and hear the others as well.

A camera's second channel may carry a desk feed, a wireless return or another camera's programme sound.
Each pair of channels has a line of its own. Where one contradicts the chosen line by more than the way
through air explains, the clip's own channels are not of one time, and nobody can tell which is right.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product

from mcsyncd.sync.coarse_search import Line
from mcsyncd.sync.line_scoring import ScoredLine, score_line
from mcsyncd.sync.match import ChannelConflict, Match
from mcsyncd.sync.own_channels import measure_own_lag
from mcsyncd.sync.whitening import WhitenedChannel

_TRIED_LINES = 4
"""Lines that every pair of channels is scored on. Judgement: the search hears the sum of all channels, so the
lines of all pairs are among its first ones; each costs a few milliseconds a pair of channels."""
_MIN_SCORE_SHARE = 0.1
"""Share of the best score from which another pair of channels is measured at all. Measured: two clean feeds
have five times the strength of a muffled microphone and one of them, which alone knew that a feed was 92 ms
late. Lower measures noise, and measuring costs as much as all scoring."""
_MAX_MEASURED = 2
"""Contradicting pairs of channels that are measured, the strongest first. Judgement: one is enough."""
_MIN_SIGNIFICANCE = 15.0
"""No unit: mean z times the root of the number of windows. As in `confidence.py`: chance reaches 10."""
_MAX_SHARE_ON_LINE = 0.6
"""Share of its own strength that a pair of channels has on the chosen line, up to which it contradicts that
line. Judgement: what matches both is heard on both."""
_EXPLAINED_S = 0.04
"""Seconds, 14 m of air: what a desk feed may be ahead of a microphone. Judgement: farther cameras have a lens
for it and no usable microphone; digital returns are a frame late and more."""
_EXPLAINED_EARLIER_S = 0.1
"""Seconds, 34 m, where the chosen channel is the earlier one: no return is early."""

MeasureLine = Callable[[WhitenedChannel, WhitenedChannel, Line], Match | None]


@dataclass(frozen=True, slots=True)
class ChannelPair:
    """A channel of x and one of y, by index, and the best of the tried lines for them; None without any.

    `is_by_own_lag` if the line follows from a lag between the channels of one clip, which contradict each
    other by themselves, however faint the other one is in another clip.
    """

    x: int
    y: int
    best: ScoredLine | None
    is_by_own_lag: bool = False

    @property
    def strength(self) -> float:
        """The mean |z| on that line."""
        return self.best.strength if self.best else 0.0


def rank_channel_pairs(
    x: Sequence[WhitenedChannel], y: Sequence[WhitenedChannel], lines: Sequence[Line]
) -> list[ChannelPair]:
    """Return all pairs of channels, the one that correlates best first; a single one is not scored."""
    if len(x) * len(y) == 1:
        return [ChannelPair(0, 0, None)]
    pairs = []
    for i, j in product(range(len(x)), range(len(y))):
        scored = [one for line in lines[:_TRIED_LINES] if (one := score_line(x[i], y[j], line)) is not None]
        pairs.append(ChannelPair(i, j, max(scored, key=lambda one: one.strength, default=None)))
    return sorted(pairs, key=lambda pair: (-pair.strength, pair.x, pair.y))


def find_channel_conflict(
    best: Match,
    ranked: Sequence[ChannelPair],
    channels: tuple[Sequence[WhitenedChannel], Sequence[WhitenedChannel]],
    measure_line: MeasureLine,
) -> ChannelConflict | None:
    """Return the strongest pair of channels whose line contradicts that of `best`; None where none does.

    `ranked` is the answer of `rank_channel_pairs`, whose first pair `best` was measured with.
    """
    chosen = ranked[0]
    others = [_score_by_own_lags(pair, chosen, best.line, channels) for pair in ranked[1:]]
    contradicting = [
        pair
        for pair in sorted(others, key=lambda pair: -pair.strength)
        if pair.best is not None
        and (pair.is_by_own_lag or pair.strength > _MIN_SCORE_SHARE * chosen.strength)
        and not _is_explained(best, pair.best.line, pair, chosen)
    ]
    for pair in contradicting[:_MAX_MEASURED]:
        assert pair.best is not None
        x, y = channels[0][pair.x], channels[1][pair.y]
        if pair.is_by_own_lag:
            later_s = _compute_later_s(best, pair.best.line)
            return ChannelConflict(pair.best.line, pair.strength, later_s)
        match = measure_line(x, y, pair.best.line)
        if match is None or match.strength * match.active_windows**0.5 < _MIN_SIGNIFICANCE:
            continue
        on_line = score_line(x, y, best.line)
        if on_line is not None and on_line.strength > _MAX_SHARE_ON_LINE * match.strength:
            continue
        if not _is_explained(best, match.line, pair, chosen):
            return ChannelConflict(match.line, match.strength, _compute_later_s(best, match.line))
    return None


def _score_by_own_lags(
    pair: ChannelPair,
    chosen: ChannelPair,
    line: Line,
    channels: tuple[Sequence[WhitenedChannel], Sequence[WhitenedChannel]],
) -> ChannelPair:
    """Return the pair on its line by the lags between the channels of each clip, where there are any.

    The search hears all channels at once, and the repeats of music can keep the line of a faint
    microphone out of its first ones.
    """
    x, y = channels
    x_lag_s = measure_own_lag(x[chosen.x], x[pair.x]) if pair.x != chosen.x else None
    y_lag_s = measure_own_lag(y[chosen.y], y[pair.y]) if pair.y != chosen.y else None
    if x_lag_s is None and y_lag_s is None:
        return pair
    shifted = Line(line.offset_s + (x_lag_s or 0.0) - (y_lag_s or 0.0), line.slope)
    scored = score_line(x[pair.x], y[pair.y], shifted)
    return pair if scored is None else replace(pair, best=scored, is_by_own_lag=True)


def _compute_later_s(best: Match, line: Line) -> float:
    middle = float(best.correlations.times.mean())
    return line.map_time(middle) - best.line.map_time(middle)


def _is_explained(best: Match, line: Line, pair: ChannelPair, chosen: ChannelPair) -> bool:
    """Whether sound on its way through air explains that two pairs of channels differ.

    Where they share the channel of y, a later line means that the other channel of x is the later one;
    where they share that of x, that the other channel of y is the earlier one.
    """
    later_s = _compute_later_s(best, line)
    if abs(later_s) <= _EXPLAINED_S:
        return True
    chosen_is_earlier = (pair.y == chosen.y and later_s > 0) or (pair.x == chosen.x and later_s < 0)
    return chosen_is_earlier and abs(later_s) <= _EXPLAINED_EARLIER_S
