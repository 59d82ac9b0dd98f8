"""Ask every witness where a clip lies, show its vote, and let a clock settle what the sound leaves open.

Each witness has an error model of its own: a standard error, and what its agreement can mean. Agreement
of independent ones raises a confidence only where the clock can tell the rivals apart: music that
repeats every two seconds, an echo 150 ms late, but not one that is 20 ms late. It takes chance for a
clock that is wrong to agree with a sound that is. What contradicts is weighed in `clock_evidence.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import hypot

from mcsyncd.model.alignment import Stance, Vote, Witness
from mcsyncd.model.reason import Reason, ReasonCode, build_reason
from mcsyncd.sync.caps import Cap
from mcsyncd.sync.clock_evidence import (
    contradict_by_timecode,
    is_alike,
    is_set,
    weigh_recording_time,
    wrap_at_midnight,
)
from mcsyncd.sync.confidence import HALF_FRAME_S, Doubt, platt_scale
from mcsyncd.sync.graph import SolvedPlacement, compute_miss_s
from mcsyncd.sync.match import Match
from mcsyncd.sync.measurement import Measurement
from mcsyncd.sync.pair import Pair
from mcsyncd.sync.recording import Clock, Recording

_SIGMA_US = {
    Witness.LINEAR_TIMECODE: 10_000,
    Witness.TIMECODE: 30_000,
    Witness.TIME_REFERENCE: 10_000,
    Witness.RECORDING_TIME: 40_000_000,
}
"""Microseconds, standard error of each clock. Judgement: boxes are jammed to a part of a frame (their edges
are read to 0.1 ms); a file's timecode has whole frames; recorders count samples from a jam; recording times
are set by hand. Larger lets a clock agree with a rival, smaller makes jammed clocks undecided."""
_MIN_SOUND_SIGMA_US = 100
"""Microseconds. Judgement: the grid of the analysis audio; an error of zero would claim too much."""
_AGREEING_SIGMAS = 3.0
"""Standard errors within which a vote agrees. Textbook three sigma."""
_SETTLING_SIGMAS = 6.0
"""Standard errors from the clock's vote from which a rival is told apart. Judgement: twice the above, since
either may be that far off."""
_MIN_RIVAL_STRENGTH = 0.3
"""Share of the best one's strength from which a rival must be told apart. Judgement: less is noise."""
_MAX_SETTLED_CONFIDENCE = 0.98
"""Most confidence that a clock's agreement leads to. A rule: it is evidence of another kind than all that the
confidence was fitted to."""
_MAX_CLOCK_MISS_US = 200_000
"""Microseconds by which the clocks of one clip may differ. Judgement: a few frames, as cameras delay the
picture; beyond, one of them was never jammed."""


def poll_witnesses(
    at: int, anchor: int, place: SolvedPlacement | None, measurement: Measurement
) -> list[Vote]:
    """Return the votes on clip `at`: of the sound that it shares with others, of its clocks and `anchor`'s.

    `place` is the place that was chosen; None where there is none, and then no clock agrees.
    """
    recordings, solution = measurement.recordings, measurement.solution
    chosen_us = None if place is None else round(place.offset_s * 1e6)
    votes: list[Vote] = []
    for pair in measurement.pairs:
        if at in {pair.x, pair.y} and pair.has_shared_sound and place is not None:
            votes += _poll_sound(at, pair, place, measurement)
    base = solution.placements[anchor]
    if anchor != at and base is not None:
        votes += _poll_clocks(recordings[anchor], recordings[at], round(base.offset_s * 1e6), chosen_us)
    return votes


def _poll_sound(at: int, pair: Pair, place: SolvedPlacement, measurement: Measurement) -> Iterator[Vote]:
    """Yield where one pair of clips puts clip `at`, and where another pair of their channels does."""
    miss_s = compute_miss_s(measurement.solution.placements, pair.edge)
    if abs(miss_s) == float("inf"):
        return
    sign = 1.0 if pair.y == at else -1.0
    other = measurement.recordings[pair.x if pair.y == at else pair.y]
    witness = Witness.ONSETS if pair.match.is_by_onsets else Witness.SOUND
    sigma_us = max(_MIN_SOUND_SIGMA_US, round(min(pair.evidence.end_s, 1.0) * 1e6))
    agrees = abs(miss_s) <= HALF_FRAME_S
    offset_us = round((place.offset_s + sign * miss_s) * 1e6)
    stance = Stance.AGREES if agrees else Stance.CONTRADICTS
    clip = measurement.recordings[at].name
    yield Vote(clip, other.angle, witness, offset_us, sigma_us, stance)
    if pair.match.conflict is not None:
        apart_us = round(sign * pair.match.conflict.later_s * 1e6)
        yield Vote(clip, other.angle, witness, offset_us + apart_us, sigma_us, Stance.CONTRADICTS)


def _poll_clocks(anchor: Recording, clip: Recording, base_us: int, chosen_us: int | None) -> Iterator[Vote]:
    for clock in clip.clocks:
        beside = next((one for one in anchor.clocks if one.witness is clock.witness), anchor.clock)
        if beside is not None:
            apart_us = wrap_at_midnight(clock.time_us - beside.time_us)
            sigma_us = round(hypot(_SIGMA_US[clock.witness], _SIGMA_US[beside.witness]))
            chosen_apart_us = None if chosen_us is None else chosen_us - base_us
            stance = _judge_clock((beside, clock), sigma_us, apart_us, chosen_apart_us)
            yield Vote(clip.name, anchor.angle, clock.witness, base_us + apart_us, sigma_us, stance)
    if anchor.recorded_at_us is not None and clip.recorded_at_us is not None:
        apart_us = clip.recorded_at_us - anchor.recorded_at_us
        sigma_us = round(hypot(_SIGMA_US[Witness.RECORDING_TIME], _SIGMA_US[Witness.RECORDING_TIME]))
        stance = Stance.UNDECIDED
        evidence = None if chosen_us is None else weigh_recording_time(anchor, clip, chosen_us - base_us)
        if evidence is not None:
            stance = Stance.CONTRADICTS if evidence.contradicts else Stance.AGREES
        yield Vote(clip.name, anchor.angle, Witness.RECORDING_TIME, base_us + apart_us, sigma_us, stance)


def _judge_clock(
    clocks: tuple[Clock, Clock], sigma_us: int, apart_us: int, chosen_apart_us: int | None
) -> Stance:
    if chosen_apart_us is None:
        return Stance.UNDECIDED
    anchor, clip = clocks
    miss_us = abs(wrap_at_midnight(apart_us - chosen_apart_us))
    if contradict_by_timecode(anchor, clip, miss_us):
        return Stance.CONTRADICTS
    is_evidence = is_set(anchor) and is_set(clip) and not is_alike(apart_us)
    return Stance.AGREES if is_evidence and miss_us <= _AGREEING_SIGMAS * sigma_us else Stance.UNDECIDED


def settle_by_clocks(
    confidence: float, pair: Pair, caps: Sequence[Cap], votes: Sequence[Vote], direct_path_chance: float
) -> float:
    """Return the confidence of a clip that one pair places, where a jammed clock tells its rivals apart.

    Never below `confidence`, and that where no clock of the time of day agrees, or one contradicts.
    """
    clocks = [
        vote for vote in votes if vote.witness in _SIGMA_US and vote.witness is not Witness.RECORDING_TIME
    ]
    agreeing = [vote.sigma_us for vote in clocks if vote.stance is Stance.AGREES]
    if not agreeing or any(vote.stance is Stance.CONTRADICTS for vote in votes):
        return confidence
    if _compute_nearest_rival_us(pair.match) <= _SETTLING_SIGMAS * min(agreeing):
        return confidence
    rest = pair.belief.confidence / max(pair.belief.factors[Doubt.RIVAL], 1e-9)
    settled = platt_scale(min(1.0, rest)) * direct_path_chance
    kept = [cap.confidence for cap in caps if cap.reason is None or cap.reason.code is not ReasonCode.ECHO]
    return max(confidence, min([settled, _MAX_SETTLED_CONFIDENCE, *kept]))


def _compute_nearest_rival_us(match: Match) -> float:
    """Return how far the nearest rival is that a sound may be mistaken for; infinite without one."""
    middle = float(match.correlations.times.mean())
    serious = [one for one in match.rivals if one.strength > _MIN_RIVAL_STRENGTH * match.strength]
    return 1e6 * min(
        (abs(one.line.map_time(middle) - match.line.map_time(middle)) for one in serious),
        default=float("inf"),
    )


def find_clock_doubts(recording: Recording) -> list[Reason]:
    """Return what the clocks of one clip say against each other."""
    clocks = [one for one in recording.clocks if is_set(one)]
    reasons = []
    if len(clocks) > 1:
        apart_us = abs(wrap_at_midnight(clocks[0].time_us - clocks[1].time_us))
        if contradict_by_timecode(clocks[0], clocks[1], apart_us) or (
            clocks[0].lags == clocks[1].lags and apart_us > _MAX_CLOCK_MISS_US
        ):
            reasons.append(build_reason(ReasonCode.CLOCKS_DISAGREE, recording.angle, apart_s=apart_us / 1e6))
    return reasons
