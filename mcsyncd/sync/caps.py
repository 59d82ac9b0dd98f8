"""Rules that no fit changes: what caps a clip's confidence, each with the reason that a person reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

from mcsyncd.model.reason import Reason, ReasonCode, build_reason
from mcsyncd.sync.clock_evidence import is_one_event
from mcsyncd.sync.confidence import MIN_OVERLAP_S, Doubt
from mcsyncd.sync.graph import Edge, Solution, compute_miss_s
from mcsyncd.sync.late_echo import find_late_echoes
from mcsyncd.sync.pair import Pair
from mcsyncd.sync.reasons import build_echo
from mcsyncd.sync.recording import Recording
from mcsyncd.sync.same_sound import is_same_sound
from mcsyncd.sync.shares import SmallShare
from mcsyncd.sync.sharpness import is_blunt

MAX_SHORT_CONFIDENCE = 0.8
"""Most confidence for an overlap just under 5 s. A rule (ADR 11): a few seconds may match well and still be a
refrain. It is below `review_below`, so that a person checks; higher breaks that."""
MAX_PIECEWISE_CONFIDENCE = 0.3
"""Most confidence for a clip in pieces. A rule (ADR 11): no single offset is right for all of it."""
MAX_ASTRAY_END_CONFIDENCE = 0.5
"""Most confidence for a clip with an end that lies elsewhere. A rule, as above; what lies elsewhere is
short."""
MAX_ECHO_CONFIDENCE = 0.8
"""Most confidence where a second alignment within 250 ms is nearly as strong. A rule: one of them is an echo,
and strength does not tell which."""
MAX_CONFLICT_CONFIDENCE = 0.5
"""Most confidence where the channels of a clip contradict each other. A rule: one of them is wrong, as likely
the louder one as any."""
MAX_SAME_SOUND_CONFIDENCE = 0.3
"""Most confidence for two clips with one sound. A rule: their offset is right and means nothing, since one
card was dropped twice, or a proxy beside its original."""
MAX_SMALL_SHARE_CONFIDENCE = 0.5
"""Most confidence for a clip that shares too little, unless jammed timecode says that it was there. A rule:
the same track at two events looks like this, and a camera that stood elsewhere may."""
MAX_BLUNT_CONFIDENCE = 0.8
"""Most confidence for a clip that shares only low tones, in a room. A rule: the room moves it by more than
half a frame, and all windows agree about it; it is below `review_below`."""
MAX_JUMP_CONFIDENCE = 0.8
"""Most confidence for a clip whose linear timecode jumps while it records. A rule: something may be lost
there; it is below `review_below`."""
_MAX_CONSISTENT_MISS_S = 0.05
"""Seconds that a pair's line may miss the placements. Judgement: beyond every echo, and below every repeat of
music."""
_MIN_BELIEVED_CHANCE = 0.9
"""Chance that a pair is not too weak, from which its pieces are believed. Judgement: of faint windows, any
few lie on another line by chance."""


@dataclass(frozen=True, slots=True)
class Cap:
    """The most that a rule allows as a clip's confidence, why, and the pair that it comes from."""

    confidence: float
    reason: Reason | None
    pair: Pair


def list_caps(
    at: int,
    recordings: Sequence[Recording],
    pairs: Sequence[Pair],
    solution: Solution,
    small_shares: Sequence[SmallShare],
) -> list[Cap]:
    """Return every cap on the confidence of clip `at`, the lowest first."""
    path = {frozenset((edge.x, edge.y)) for edge in solution.paths[at]}
    caps: list[Cap] = []
    for edge in solution.paths[at]:
        caps += _cap_small_share(edge, recordings, pairs, solution, small_shares)
        caps += _cap_jump(edge, recordings, pairs)
    for pair in pairs:
        nodes = (pair.x, pair.y)
        if frozenset(nodes) in path:
            caps += _cap_short_overlap(pair)
            caps += _cap_late_echo(at, recordings, pair)
            caps += _cap_channel_conflict(at, recordings, pair)
            caps += _cap_blunt_peak(at, recordings, pair)
        if at in nodes:
            caps += _cap_same_sound(recordings[pair.x], recordings[pair.y], pair)
        if _is_consistent(pair, solution) and at in find_suspects(pairs, pair):
            caps += _cap_broken_pair(at, recordings, pair)
    return sorted(caps, key=lambda cap: cap.confidence)


def find_suspects(pairs: Sequence[Pair], pair: Pair) -> list[int]:
    """Return which clips of a broken pair may have lost something.

    Not a clip whose line to a third one holds throughout. Both, where no third one tells.
    """
    whole = {
        node
        for one in pairs
        if one is not pair and one.has_shared_sound and not one.is_broken
        for node in (one.x, one.y)
    }
    return [node for node in (pair.x, pair.y) if node not in whole] or [pair.x, pair.y]


def _compute_short_cap(overlap_s: float) -> float:
    """Return the most confidence for an overlap of some seconds: 0.8 at 5 s, half of that at 1.25 s."""
    return MAX_SHORT_CONFIDENCE * sqrt(min(1.0, max(0.0, overlap_s) / MIN_OVERLAP_S))


def _cap_same_sound(x: Recording, y: Recording, pair: Pair) -> Iterator[Cap]:
    if is_same_sound(x, y, pair.match):
        reason = build_reason(ReasonCode.SAME_RECORDING, x.angle, y.angle, clip=x.name, other_clip=y.name)
        yield Cap(MAX_SAME_SOUND_CONFIDENCE, reason, pair)


def _cap_short_overlap(pair: Pair) -> Iterator[Cap]:
    if pair.is_short:
        # The reason is among the doubts of the pair.
        yield Cap(_compute_short_cap(pair.match.overlap_s), None, pair)


def _cap_small_share(
    edge: Edge,
    recordings: Sequence[Recording],
    pairs: Sequence[Pair],
    solution: Solution,
    small_shares: Sequence[SmallShare],
) -> Iterator[Cap]:
    x, y = edge.x, edge.y
    small = min((one for one in small_shares if {one.x, one.y} == {x, y}), key=_get_share, default=None)
    here, there = solution.placements[x], solution.placements[y]
    if small is None or here is None or there is None:
        return
    known = is_one_event(recordings[x], recordings[y], round((there.offset_s - here.offset_s) * 1e6))
    others = {} if small.others_share is None else {"others_share": small.others_share}
    reason = build_reason(
        ReasonCode.SHARES_LITTLE, recordings[y].angle, recordings[x].angle, share=small.share, **others
    )
    yield Cap(1.0 if known else MAX_SMALL_SHARE_CONFIDENCE, reason, _find_pair(edge, pairs))


def _cap_jump(edge: Edge, recordings: Sequence[Recording], pairs: Sequence[Pair]) -> Iterator[Cap]:
    for node in (edge.x, edge.y):
        if recordings[node].jump_us:
            jump_s = abs(recordings[node].jump_us) / 1e6
            reason = build_reason(ReasonCode.TIMECODE_JUMPS, recordings[node].angle, jump_s=jump_s)
            yield Cap(MAX_JUMP_CONFIDENCE, reason, _find_pair(edge, pairs))


def _find_pair(edge: Edge, pairs: Sequence[Pair]) -> Pair:
    return next(one for one in pairs if {one.x, one.y} == {edge.x, edge.y})


def _get_share(small: SmallShare) -> float:
    return small.share


def _cap_late_echo(at: int, recordings: Sequence[Recording], pair: Pair) -> Iterator[Cap]:
    echoes = find_late_echoes(pair.match)
    if echoes:
        middle = float(pair.match.correlations.times.mean())
        later_s = echoes[0].line.map_time(middle) - pair.match.line.map_time(middle)
        sign = 1 if pair.y == at else -1
        share = 1.0 - echoes[0].strength / max(pair.match.strength, 1e-9)
        yield Cap(MAX_ECHO_CONFIDENCE, build_echo(recordings[at].angle, sign * later_s, share), pair)


def _cap_channel_conflict(at: int, recordings: Sequence[Recording], pair: Pair) -> Iterator[Cap]:
    conflict = pair.match.conflict
    if conflict is not None:
        other = pair.x if pair.y == at else pair.y
        reason = build_reason(
            ReasonCode.CHANNELS_DISAGREE,
            recordings[at].angle,
            recordings[other].angle,
            apart_ms=conflict.later_s * (1e3 if pair.y == at else -1e3),
        )
        yield Cap(MAX_CONFLICT_CONFIDENCE, reason, pair)


def _cap_blunt_peak(at: int, recordings: Sequence[Recording], pair: Pair) -> Iterator[Cap]:
    if not pair.match.is_by_onsets and is_blunt(pair.match):
        other = pair.x if pair.y == at else pair.y
        reason = build_reason(ReasonCode.SPREAD, recordings[at].angle, recordings[other].angle)
        yield Cap(MAX_BLUNT_CONFIDENCE, reason, pair)


def _cap_broken_pair(at: int, recordings: Sequence[Recording], pair: Pair) -> Iterator[Cap]:
    if pair.pieces:
        # The solver builds the reason, since it knows where the pieces lie on the reference clock.
        yield Cap(MAX_PIECEWISE_CONFIDENCE, None, pair)
    elif pair.astray_end is not None:
        other = pair.x if pair.y == at else pair.y
        reason = build_reason(
            ReasonCode.END_CONTRADICTS,
            recordings[at].angle,
            recordings[other].angle,
            end=pair.astray_end.end,
            seconds=pair.astray_end.seconds,
            apart_ms=abs(pair.astray_end.later_s) * 1e3,
        )
        yield Cap(MAX_ASTRAY_END_CONFIDENCE, reason, pair)


def _is_consistent(pair: Pair, solution: Solution) -> bool:
    """Whether a pair is believed and the placements follow it: a refrain elsewhere breaks no clip."""
    return (
        pair.belief.factors[Doubt.WEAK] >= _MIN_BELIEVED_CHANCE
        and not pair.is_short
        and abs(compute_miss_s(solution.placements, pair.edge)) < _MAX_CONSISTENT_MISS_S
    )
