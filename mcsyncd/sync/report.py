"""What became of every clip, put together as the model's Alignment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mcsyncd.model.alignment import (
    Alignment,
    AngleMatch,
    Candidate,
    Disposition,
    Piece,
    Placement,
    SyncMethod,
    Vote,
    Witness,
    weigh_alignment,
)
from mcsyncd.model.reason import Reason
from mcsyncd.sync.correlation_strip import STRIP_STEP_US, build_correlation_strip
from mcsyncd.sync.graph import SolvedPlacement
from mcsyncd.sync.pair import Pair
from mcsyncd.sync.reasons import build_bend, build_drift
from mcsyncd.sync.recording import Recording

_CLOCK_SCORES = {Witness.RECORDING_TIME: 0.3}
_CLOCK_SCORE = 0.5
"""Score of a candidate that only a clock knows, as a share of the best one's. A rule: the confidence of a
clip that is placed by it (`fallback.py`)."""
_KNOWN_SIGMAS = 3.0
"""Standard errors of a clock within which a candidate is the one that it means. Textbook three sigma."""


@dataclass(frozen=True, slots=True)
class ClipResult:
    """What became of one recording."""

    recording: Recording
    placement: SolvedPlacement | None
    confidence: float
    pair: Pair | None
    reasons: tuple[Reason, ...]
    is_fallback: bool = False
    pieces: tuple[Piece, ...] = ()
    disposition: Disposition | None = None
    votes: tuple[Vote, ...] = ()


def build_alignment(clips: list[ClipResult], recordings: Sequence[Recording], reference: str) -> Alignment:
    """Report all clips, an angle at a time; the session is as sure as its weakest angle."""
    angles = tuple(
        _build_angle_match(angle, [clip for clip in clips if clip.recording.angle == angle], reference)
        for angle in dict.fromkeys(recording.angle for recording in recordings)
    )
    reasons = tuple(dict.fromkeys(reason for clip in clips for reason in clip.reasons))
    return weigh_alignment(Alignment(reference, angles, 0.0, SyncMethod.AUDIO_CORR, reasons))


def _build_angle_match(camera: str, clips: list[ClipResult], reference: str) -> AngleMatch:
    ordered = sorted(
        clips, key=lambda clip: (clip.placement is None, clip.placement.offset_s if clip.placement else 0.0)
    )
    reasons = list(dict.fromkeys(reason for clip in ordered for reason in clip.reasons))
    for clip in ordered:
        if clip.placement is not None and clip.pair is not None:
            reasons += build_drift(camera, clip.placement.slope * 1e6, clip.pair.match.overlap_s)
            reasons += build_bend(camera, clip.recording.curve)
    shown = next((clip for clip in ordered if clip.pair is not None), None)
    pair = shown.pair if shown else None
    return AngleMatch(
        camera=camera,
        placements=tuple(_build_placement(clip) for clip in ordered),
        confidence=0.0,
        reasons=tuple(reasons),
        candidates=_list_candidates(shown or ordered[0]) if camera != reference else (),
        overlap_s=round(sum(clip.pair.match.overlap_s for clip in ordered if clip.pair), 3),
        residual_ms=_compute_residual_ms(pair),
        correlation_strip=build_correlation_strip(pair.match, invert=_is_x_of_pair(shown)) if pair else (),
        strip_step_us=STRIP_STEP_US if pair else 0,
        error_ms=_round_finite(pair.evidence.end_s * 1e3) if pair else None,
        drift_error_ppm=_round_finite(pair.match.fit.sigma_slope * 1e6) if pair else None,
        pieces=tuple(piece for clip in ordered for piece in clip.pieces),
        votes=tuple(vote for clip in ordered for vote in clip.votes),
    )


def _build_placement(clip: ClipResult) -> Placement:
    name, place = clip.recording.name, clip.placement
    if place is None:
        return Placement(name, None, disposition=clip.disposition)
    offset_us, drift_ppm = round(place.offset_s * 1e6), round(place.slope * 1e6, 3) + 0.0
    return Placement(
        name, offset_us, drift_ppm, clip.disposition, clip.confidence, curve=clip.recording.curve
    )


def _compute_residual_ms(pair: Pair | None) -> float | None:
    return None if pair is None else _round_finite(pair.match.fit.residual_s * 1e3)


def _round_finite(value: float) -> float | None:
    return round(value, 4) if np.isfinite(value) else None


def _is_x_of_pair(clip: ClipResult | None) -> bool:
    return clip is not None and clip.pair is not None and clip.pair.has_as_x(clip.recording)


def _list_candidates(clip: ClipResult) -> tuple[Candidate, ...]:
    """Return the chosen offset and its runners-up by sound, then what only clocks know."""
    return _add_clock_candidates(clip.votes, _build_candidates(clip))


def _add_clock_candidates(votes: Sequence[Vote], known: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Return the candidates with those offsets that only clocks know, each once."""
    found = list(known)
    for vote in votes:
        if vote.witness in {Witness.SOUND, Witness.ONSETS}:
            continue
        reach_us = _KNOWN_SIGMAS * vote.sigma_us
        if all(abs(one.offset_us - vote.offset_us) > reach_us for one in found):
            found.append(Candidate(vote.offset_us, _CLOCK_SCORES.get(vote.witness, _CLOCK_SCORE)))
    return tuple(found)


def _build_candidates(clip: ClipResult) -> tuple[Candidate, ...]:
    """The chosen offset and its runners-up, scored by strength as a share of the best."""
    if clip.placement is None:
        return ()
    if clip.pair is None:
        return (Candidate(round(clip.placement.offset_s * 1e6), 1.0),)
    found, sign = clip.pair.match, -1.0 if _is_x_of_pair(clip) else 1.0
    best = max(found.strength, 1e-9)
    middle = float(found.correlations.times.mean())
    candidates = [Candidate(round(clip.placement.offset_s * 1e6), 1.0)]
    others = [(rival.line, rival.strength) for rival in found.rivals]
    if found.conflict is not None:
        others.insert(0, (found.conflict.line, found.conflict.strength))
    for line, strength in others:
        apart_s = sign * (line.map_time(middle) - found.line.map_time(middle))
        score = min(1.0, max(0.0, strength / best))
        candidates.append(Candidate(round((clip.placement.offset_s + apart_s) * 1e6), round(score, 3)))
    return tuple(candidates)
