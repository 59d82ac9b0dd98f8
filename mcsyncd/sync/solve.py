"""Waveforms in, alignment out: every pair of angles, then all clips on the reference clock.

Pure: no files, no clock, no randomness. The same recordings give the same digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mcsyncd.model.alignment import Alignment, Piece
from mcsyncd.model.reason import Reason, ReasonCode, build_reason
from mcsyncd.sync.caps import find_suspects, list_caps
from mcsyncd.sync.clock_evidence import (
    ClockEvidence,
    apply_clock_evidence,
    has_jammed_timecodes,
    weigh_clocks,
)
from mcsyncd.sync.confidence import compute_direct_path_chance
from mcsyncd.sync.fallback import estimate_offset_from_clocks
from mcsyncd.sync.graph import Solution, SolvedPlacement
from mcsyncd.sync.measurement import (
    MIN_LIKELY_CONFIDENCE,
    Measurement,
    compute_clip_confidence,
    measure_recordings,
)
from mcsyncd.sync.pair import Pair, ProgressCallback
from mcsyncd.sync.path_choice import DirectPathChoice
from mcsyncd.sync.pieces import invert_pieces
from mcsyncd.sync.pulldown import undo_speed_change
from mcsyncd.sync.reasons import REPORT_BELOW, build_doubts, build_echo, build_pieces
from mcsyncd.sync.recording import ANALYSIS_RATE_HZ, Recording
from mcsyncd.sync.report import ClipResult, build_alignment
from mcsyncd.sync.set_aside import set_clips_aside
from mcsyncd.sync.uneven_drift import find_uneven_drift
from mcsyncd.sync.witnesses import find_clock_doubts, poll_witnesses, settle_by_clocks

_MAX_ANGLE_OVERLAP_S = 1.0
"""Seconds that two clips of one angle may overlap. Judgement: recorders split files with a little overlap,
and clocks place clips to a second; one camera cannot record twice at once. Lower drops good clips."""
UNSURE_BELOW = 0.9
"""Chance below which an answer has a reason in every case. Judgement: above every sensible `review_below`, so
that nobody is asked to look without being told at what."""
_UNPLACED_CONFIDENCE = 0.0
"""Chance: a clip without a placement is never right."""


def solve_alignment(
    recordings: Sequence[Recording], reference: str, report_progress: ProgressCallback | None = None
) -> Alignment:
    """Put every recording on the clock of a recording of the angle `reference`.

    That is its first one, unless a later one has much more in common with the other angles: the first
    clip on a card is often a test. Recordings of one angle never overlap and are not compared with each
    other. A clip that cannot be placed has offset None; the others are not affected. `report_progress` is
    called with 0..1.
    Raises ValueError if no recording has the angle `reference`.
    """
    if not any(one.angle == reference for one in recordings):
        raise ValueError(f"no recording of the reference {reference!r}")
    measurement = measure_recordings(recordings, reference, report_progress)
    root = measurement.root
    clips = [_judge_clip(at, recordings, root, measurement) for at in range(len(recordings))]
    clips = set_clips_aside(_drop_overlapping_clips(clips), recordings[root])
    return build_alignment(clips, recordings, reference)


def _judge_clip(at: int, recordings: Sequence[Recording], root: int, measurement: Measurement) -> ClipResult:
    place = measurement.solution.placements[at]
    if at == root:
        return ClipResult(recordings[at], place, 1.0, None, ())
    if place is None:
        return _judge_unplaced_clip(recordings, root, at, measurement)
    judged = _judge_placed_clip(at, place, measurement)
    by = measurement.speed_changes.get(at)
    if by is None:
        return judged
    wrong_speed = build_reason(ReasonCode.WRONG_SPEED, judged.recording.angle, speed_change=by)
    return replace(
        judged,
        recording=recordings[at],
        placement=undo_speed_change(place, by),
        reasons=(wrong_speed, *judged.reasons),
        pieces=(),
    )


def _judge_placed_clip(at: int, placement: SolvedPlacement, measurement: Measurement) -> ClipResult:
    recordings, path = measurement.recordings, measurement.solution.paths[at]
    recording = recordings[at]
    confidence, failing = compute_clip_confidence(measurement, at)
    pair = next(one for one in measurement.pairs if {one.x, one.y} == {path[-1].x, path[-1].y})
    reasons: list[Reason] = []
    if len(path) > 1:
        through = recordings[path[-1].x].angle
        reasons.append(build_reason(ReasonCode.INDIRECT, recording.angle, through))
    caps = list_caps(at, recordings, measurement.pairs, measurement.solution, measurement.small_shares)
    reasons += [cap.reason for cap in caps if cap.reason is not None]
    # The pieces that cap the confidence, if any: those of another pair may be the ones that show a skip.
    broken = next((cap.pair for cap in caps if cap.pair.pieces), pair)
    pieces = _build_pieces(at, broken, measurement)
    if pieces:
        reasons.append(_explain_pieces(at, broken, pieces, measurement))
    reasons += _build_pair_doubts(pair, recordings, at)
    reasons += _build_echo_doubt(recording.angle, measurement.choices.get(at))
    for edge, miss_s in failing:
        pair_angles = [recordings[node].angle for node in (edge.x, edge.y)]
        reasons.append(
            build_reason(ReasonCode.PAIRS_DISAGREE, recording.angle, *pair_angles, miss_ms=miss_s * 1e3)
        )
    if not reasons and confidence < UNSURE_BELOW:
        reasons += _build_gravest_doubt(at, measurement)
    votes = poll_witnesses(at, path[-1].x, placement, measurement)
    clocks = _weigh_clip_clocks(at, path[-1].x, recordings, measurement.solution)
    if clocks is not None:
        reasons.insert(0 if clocks.contradicts else len(reasons), clocks.reason)
        confidence = apply_clock_evidence(confidence, clocks)
    if len(path) == 1 and not failing:
        choice = measurement.choices.get(at)
        chance = 1.0 if choice is None else compute_direct_path_chance(choice.lead)
        confidence = settle_by_clocks(confidence, pair, caps, votes, chance)
    reasons += find_clock_doubts(recording)
    return ClipResult(
        recording, placement, confidence, pair, tuple(reasons), pieces=pieces, votes=tuple(votes)
    )


def _build_gravest_doubt(at: int, measurement: Measurement) -> list[Reason]:
    """Return the gravest doubt about the weakest pair on a clip's path, however small it is."""
    path = {frozenset((edge.x, edge.y)) for edge in measurement.solution.paths[at]}
    pairs = [pair for pair in measurement.pairs if frozenset((pair.x, pair.y)) in path]
    weakest = min(pairs, key=lambda pair: pair.belief.confidence)
    end = at if at in {weakest.x, weakest.y} else weakest.y
    other, sign = (weakest.x, 1) if weakest.y == end else (weakest.y, -1)
    x, y = measurement.recordings[other].angle, measurement.recordings[end].angle
    return build_doubts(x, y, weakest, sign=sign, report_below=1.0)[:1]


def _build_pieces(at: int, pair: Pair, measurement: Measurement) -> tuple[Piece, ...]:
    """Return where the pieces of a clip lie on the reference clock; empty where one line holds."""
    other, pair_pieces = (pair.x, pair.pieces) if pair.y == at else (pair.y, invert_pieces(pair.pieces))
    recordings, anchor = measurement.recordings, measurement.solution.placements[other]
    if anchor is None:
        return ()
    ours, theirs = recordings[at].start_us / 1e6, recordings[other].start_us / 1e6
    pieces = []
    for piece in pair_pieces:
        slope = (1.0 + piece.line.slope) * (1.0 + anchor.slope) - 1.0
        offset_s = anchor.map_time(piece.line.offset_s + theirs) - ours * (1.0 + slope)
        begin_us, end_us = (round((time_s + ours) * 1e6) for time_s in (piece.begin_s, piece.end_s))
        drift_ppm = round(slope * 1e6, 3) + 0.0
        pieces.append(Piece(recordings[at].name, begin_us, end_us, round(offset_s * 1e6), drift_ppm))
    return tuple(pieces)


def _explain_pieces(at: int, pair: Pair, pieces: tuple[Piece, ...], measurement: Measurement) -> Reason:
    """Return why no single line holds for a clip: its clock changes its rate, or a passage is missing."""
    angle, bend = measurement.recordings[at].angle, find_uneven_drift(pair.match)
    if bend is None:
        return build_pieces(angle, _list_suspects(pair, measurement), pieces)
    other = measurement.recordings[pair.x if pair.y == at else pair.y].angle
    return build_reason(ReasonCode.UNEVEN_DRIFT, angle, other, off_ms=bend.off_s * 1e3)


def _list_suspects(pair: Pair, measurement: Measurement) -> list[str]:
    return [measurement.recordings[node].angle for node in find_suspects(measurement.pairs, pair)]


def _build_echo_doubt(angle: str, choice: DirectPathChoice | None) -> list[Reason]:
    if choice is None or compute_direct_path_chance(choice.lead) >= REPORT_BELOW:
        return []
    return [build_echo(angle, choice.rival_samples / ANALYSIS_RATE_HZ, choice.lead.share)]


def _weigh_clip_clocks(
    at: int, anchor: int, recordings: Sequence[Recording], solution: Solution
) -> ClockEvidence | None:
    offsets_us = [None if place is None else round(place.offset_s * 1e6) for place in solution.placements]
    ours, theirs = offsets_us[at], offsets_us[anchor]
    assert ours is not None
    assert theirs is not None
    proven = has_jammed_timecodes(recordings, offsets_us, excluded=at)
    return weigh_clocks(recordings[anchor], recordings[at], ours - theirs, proven=proven)


def _build_pair_doubts(pair: Pair, recordings: Sequence[Recording], at: int) -> list[Reason]:
    other, sign = (pair.x, 1) if pair.y == at else (pair.y, -1)
    return build_doubts(recordings[other].angle, recordings[at].angle, pair, sign=sign)


def _judge_unplaced_clip(
    recordings: Sequence[Recording], root: int, at: int, measurement: Measurement
) -> ClipResult:
    recording = recordings[at]
    found = estimate_offset_from_clocks(recordings[root], recording)
    why = [_explain_unplaced(recordings, root, at, measurement.pairs)]
    why += find_clock_doubts(recording)
    if found is None or _has_better_witness(at, recordings, measurement.solution):
        votes = poll_witnesses(at, root, None, measurement)
        return ClipResult(recording, None, _UNPLACED_CONFIDENCE, None, tuple(why), votes=tuple(votes))
    place = SolvedPlacement(found.offset_us / 1e6, 0.0)
    votes = poll_witnesses(at, root, place, measurement)
    return ClipResult(
        recording,
        place,
        found.confidence,
        None,
        (found.reason, *why),
        is_fallback=True,
        votes=tuple(votes),
    )


def _has_better_witness(at: int, recordings: Sequence[Recording], solution: Solution) -> bool:
    """Tell whether clocks are no reason to place a clip: others of its camera are placed by sound.

    Then its sound, or that it has none, says more than clocks of seconds. Timecode that agrees with the
    sound of other clips is exact to a frame, and still is one.
    """
    is_placed = any(
        one.angle == recordings[at].angle and place is not None
        for one, place in zip(recordings, solution.placements, strict=True)
    )
    offsets_us = [None if place is None else round(place.offset_s * 1e6) for place in solution.placements]
    is_jammed = recordings[at].clock is not None and has_jammed_timecodes(recordings, offsets_us, at)
    return is_placed and not is_jammed


def _explain_unplaced(recordings: Sequence[Recording], root: int, at: int, pairs: Sequence[Pair]) -> Reason:
    matched = {node for pair in pairs for node in (pair.x, pair.y)}
    angle, reference = recordings[at].angle, recordings[root].angle
    if at in matched:
        return build_reason(ReasonCode.NO_SHARED_SOUND, angle)
    # Nothing was compared at all: the reference itself may have no audio.
    silent = reference if not matched and recordings[at].channels and not recordings[root].channels else angle
    return build_reason(ReasonCode.NO_SOUND, silent)


def _drop_overlapping_clips(clips: list[ClipResult]) -> list[ClipResult]:
    """Take the less confident one of two clips of an angle that overlap out of the alignment.

    One that was unlikely to be right anyhow fits nowhere; of one that was not, a person hears why.
    """
    kept: list[ClipResult] = []
    for clip in sorted(clips, key=lambda clip: -clip.confidence):
        if any(_has_overlap(clip, other) for other in kept):
            key = f"{clip.recording.angle}/{clip.recording.name}"
            overlap = build_reason(ReasonCode.OVERLAPS_OWN_CLIP, key)
            reasons = (overlap, *clip.reasons) if clip.confidence >= MIN_LIKELY_CONFIDENCE else clip.reasons
            kept.append(ClipResult(clip.recording, None, _UNPLACED_CONFIDENCE, None, reasons))
        else:
            kept.append(clip)
    return [next(one for one in kept if one.recording is clip.recording) for clip in clips]


def _has_overlap(one: ClipResult, other: ClipResult) -> bool:
    if one.recording.angle != other.recording.angle or one.placement is None or other.placement is None:
        return False
    begin = max(one.placement.map_time(0.0), other.placement.map_time(0.0))
    end = min(
        one.placement.map_time(one.recording.duration_us / 1e6),
        other.placement.map_time(other.recording.duration_us / 1e6),
    )
    return end - begin > _MAX_ANGLE_OVERLAP_S
