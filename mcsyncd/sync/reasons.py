"""Why an angle is not certain, in plain words. A camera is named by its key."""

from __future__ import annotations

from collections.abc import Sequence

from mcsyncd.model.alignment import Piece
from mcsyncd.sync.confidence import MAX_SHORT_CONFIDENCE, Doubt, PairEvidence
from mcsyncd.sync.match import Match
from mcsyncd.sync.pair import Pair

REPORT_BELOW = 0.9
_MIN_DRIFT_MS = 1.0


def describe_doubts(x: str, y: str, pair: Pair, *, sign: int) -> list[str]:
    """Return a sentence for each doubt of a pair that costs confidence, the gravest first.

    `sign` is +1 when a later lag of the match is a later offset of the named camera `y`.
    """
    match, evidence = pair.match, pair.evidence
    words = {
        Doubt.WEAK: _describe_weakness(x, y, evidence),
        Doubt.SHORT: f"{y} and {x} share only {evidence.agreed_s:.0f} s of usable sound",
        Doubt.RIVAL: _describe_rival(y, match, sign),
        Doubt.CONTRADICTION: (
            f"{match.active_windows - int(match.fit.inlier.sum())} of {match.active_windows} windows "
            f"of {y} do not fit "
            f"{x}: a skip, an edit, or a piece of music that both play"
        ),
        Doubt.SPREAD: f"the offset of {y} to {x} is not sharp",
    }
    factors = dict(pair.belief.factors)
    if pair.is_short:
        factors[Doubt.SHORT] = min(factors[Doubt.SHORT], MAX_SHORT_CONFIDENCE)
    if pair.pieces:
        # Its pieces are named; that the windows of one do not fit another is the same once more.
        del factors[Doubt.CONTRADICTION], factors[Doubt.RIVAL]
    grave = sorted((factor, doubt) for doubt, factor in factors.items())
    said = [words[doubt] for factor, doubt in grave if factor < REPORT_BELOW]
    if not said and not pair.pieces and pair.belief.confidence < REPORT_BELOW**2:
        # Several small doubts together cost as much as a grave one.
        said = [words[grave[0][1]]]
    return said


def describe_drift(angle: str, ppm: float, span_s: float) -> list[str]:
    """A sentence on a drift worth knowing about."""
    if abs(ppm) * span_s * 1e-3 < _MIN_DRIFT_MS:
        return []
    over_ms = abs(ppm) * span_s * 1e-3
    return [f"{angle} drifts {ppm:+.1f} ppm, {over_ms:.1f} ms over {_format_span(span_s)}; corrected"]


def describe_echo(angle: str, later_s: float, lead: float) -> str:
    """A sentence on another joint choice of peaks, `later_s` later than the one chosen."""
    return (
        f"{angle} also fits {later_s * 1e3:+.1f} ms away, {_format_strength(lead)}: probably an "
        "echo of the room"
    )


def describe_speed_change(angle: str, speed_change: float) -> str:
    """A sentence on a clip that runs at the speed of the 0.1 % mistake."""
    way = "slow" if speed_change > 0 else "fast"
    return (
        f"{angle} runs {abs(speed_change):.1%} {way}, as 29.97 pictures a second taken for 30 do; corrected"
    )


def describe_pieces(angle: str, suspects: str, pieces: Sequence[Piece]) -> str:
    """A sentence on a clip whose parts lie at different offsets."""
    parts = [
        f"{one.offset_us / 1e3:+.1f} ms from {_format_clip_time(one.begin_us)} to "
        f"{_format_clip_time(one.end_us)}"
        for one in pieces
    ]
    return f"{angle} lies at {', then at '.join(parts)}: {suspects} skipped or was cut"


def _format_strength(lead: float) -> str:
    return f"{1.0 - lead:.0%} as strong" if lead > 0.0 else "as strong"


def _format_clip_time(time_us: int) -> str:
    seconds = max(0, round(time_us / 1e6))
    return f"{seconds // 60}:{seconds % 60:02}"


def _describe_weakness(x: str, y: str, evidence: PairEvidence) -> str:
    if evidence.significance < 12.0:
        return f"{y} and {x} have nothing in common that could not be chance"
    return f"the sound that {y} shares with {x} is faint"


def _describe_rival(y: str, match: Match, sign: int) -> str:
    if not match.rivals:
        return ""
    near = min(match.rivals, key=lambda rival: rival.lead.share)
    at = float(match.correlations.times.mean())
    apart_ms = sign * (near.line.map_time(at) - match.line.map_time(at)) * 1e3
    return (
        f"{y} also matches {apart_ms:+.0f} ms away, {_format_strength(near.lead.share)}: the "
        "sound repeats itself"
    )


def _format_span(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
