"""Why an angle is not certain: the solver's findings as `Reason` values."""

from __future__ import annotations

from collections.abc import Sequence

from mcsyncd.model.alignment import Piece
from mcsyncd.model.drift_curve import DriftCurve, measure_bend_us
from mcsyncd.model.reason import Reason, ReasonCode, build_reason
from mcsyncd.sync.confidence import MIN_CLEAR_SIGNIFICANCE, Doubt, PairEvidence
from mcsyncd.sync.match import Match
from mcsyncd.sync.pair import Pair

REPORT_BELOW = 0.9
"""Chance below which a doubt is reported. Judgement: several factors multiply, and 0.9 alone already costs a
tenth. Higher, and every session lists doubts that changed nothing; lower, and a low confidence has none."""
_MIN_DRIFT_MS = 1.0
"""Milliseconds over the overlap below which drift is not reported. Judgement: nobody hears or sees less."""


def build_doubts(
    x: str, y: str, pair: Pair, *, sign: int, report_below: float = REPORT_BELOW
) -> list[Reason]:
    """Return a reason for each doubt of a pair that costs confidence, the gravest first.

    A doubt is one whose chance not to apply is below `report_below`. `sign` is +1 when a later lag of
    the match is a later offset of the named camera `y`.
    """
    match = pair.match
    candidates = {
        Doubt.WEAK: _build_weakness(x, y, pair.evidence),
        Doubt.SHORT: build_reason(ReasonCode.SHORT_OVERLAP, y, x, overlap_s=pair.evidence.agreed_s),
        Doubt.RIVAL: _build_rival(y, match, sign),
        Doubt.CONTRADICTION: build_reason(
            ReasonCode.CONTRADICTION,
            y,
            x,
            windows_astray=float(match.active_windows - int(match.fit.inlier.sum())),
            windows=float(match.active_windows),
        ),
        Doubt.SPREAD: build_reason(ReasonCode.SPREAD, y, x),
    }
    factors = dict(pair.belief.factors)
    if pair.is_short:
        factors[Doubt.SHORT] = 0.0
    if pair.pieces:
        # The pieces are reported; that the windows of one do not fit another says the same again.
        del factors[Doubt.CONTRADICTION], factors[Doubt.RIVAL]
    gravest_first = sorted((factor, doubt) for doubt, factor in factors.items())
    reported = [doubt for factor, doubt in gravest_first if factor < report_below]
    if not reported and not pair.pieces and pair.belief.confidence < REPORT_BELOW**2:
        # Several small doubts together cost as much as a grave one.
        reported = [gravest_first[0][1]]
    return [reason for doubt in reported if (reason := candidates[doubt]) is not None]


def build_drift(angle: str, ppm: float, span_s: float) -> list[Reason]:
    """Return a reason for a drift of `ppm` over `span_s` seconds; none where it is negligible."""
    drift_ms = abs(ppm) * span_s * 1e-3
    if drift_ms < _MIN_DRIFT_MS:
        return []
    return [build_reason(ReasonCode.DRIFT, angle, drift_ppm=ppm, drift_ms=drift_ms, span_s=span_s)]


def build_bend(angle: str, curve: DriftCurve) -> list[Reason]:
    """Return the reason for a clock that changes its rate; none for one that does not."""
    if not curve:
        return []
    return [build_reason(ReasonCode.DRIFT_BENDS, angle, off_ms=measure_bend_us(curve) / 1e3)]


def build_echo(angle: str, later_s: float, lead: float) -> Reason:
    """Return the reason for another joint choice of peaks, `later_s` later than the one chosen."""
    return build_reason(ReasonCode.ECHO, angle, apart_ms=later_s * 1e3, lead=lead)


def build_pieces(angle: str, suspects: Sequence[str], pieces: Sequence[Piece]) -> Reason:
    """Return the reason for a clip whose parts lie at different offsets."""
    parts = ", then at ".join(
        f"{piece.offset_us / 1e3:+.1f} ms from {_format_clip_time(piece.begin_us)} to "
        f"{_format_clip_time(piece.end_us)}".replace("-", "\N{MINUS SIGN}")
        for piece in pieces
    )
    return build_reason(ReasonCode.IN_PIECES, angle, *suspects, pieces=parts)


def _format_clip_time(time_us: int) -> str:
    seconds = max(0, round(time_us / 1e6))
    return f"{seconds // 60}:{seconds % 60:02}"


def _build_weakness(x: str, y: str, evidence: PairEvidence) -> Reason:
    if evidence.significance < MIN_CLEAR_SIGNIFICANCE:
        return build_reason(ReasonCode.CHANCE_MATCH, y, x)
    return build_reason(ReasonCode.FAINT_MATCH, y, x)


def _build_rival(y: str, match: Match, sign: int) -> Reason | None:
    repeats = [rival for rival in match.rivals if not rival.is_echo]
    if not repeats:
        return None
    near = min(repeats, key=lambda rival: rival.lead.share)
    at = float(match.correlations.times.mean())
    apart_ms = sign * (near.line.map_time(at) - match.line.map_time(at)) * 1e3
    return build_reason(ReasonCode.RIVAL, y, apart_ms=apart_ms, lead=near.lead.share)
