"""Why an angle is not certain, in plain words. A camera is named by its key."""

from __future__ import annotations

from collections.abc import Sequence

from mcsyncd.model.alignment import Piece
from mcsyncd.sync.confidence import AT_MOST_SHORT, Doubt, Evidence
from mcsyncd.sync.match import Match
from mcsyncd.sync.pair import Pair

WORTH_SAYING = 0.9
_DRIFT_MS = 1.0


def doubts(x: str, y: str, pair: Pair, *, sign: int) -> list[str]:
    """Return a sentence for each doubt of a pair that costs confidence, the gravest first.

    `sign` is +1 when a later lag of the match is a later offset of the named camera `y`.
    """
    match, evidence = pair.match, pair.evidence
    words = {
        Doubt.WEAK: _weak(x, y, evidence),
        Doubt.SHORT: f"{y} and {x} share only {evidence.agreed_s:.0f} s of usable sound",
        Doubt.RIVAL: _rival(y, match, sign),
        Doubt.CONTRADICTION: (
            f"{match.active - int(match.fit.inlier.sum())} of {match.active} windows of {y} do not fit "
            f"{x}: a skip, an edit, or a piece of music that both play"
        ),
        Doubt.SPREAD: f"the offset of {y} to {x} is not sharp",
    }
    factors = dict(pair.belief.factors)
    if pair.short:
        factors[Doubt.SHORT] = min(factors[Doubt.SHORT], AT_MOST_SHORT)
    if pair.parts:
        # Its pieces are named; that the windows of one do not fit another is the same once more.
        del factors[Doubt.CONTRADICTION], factors[Doubt.RIVAL]
    grave = sorted((factor, doubt) for doubt, factor in factors.items())
    said = [words[doubt] for factor, doubt in grave if factor < WORTH_SAYING]
    if not said and not pair.parts and pair.belief.confidence < WORTH_SAYING**2:
        # Several small doubts together cost as much as a grave one.
        said = [words[grave[0][1]]]
    return said


def drift(angle: str, ppm: float, span_s: float) -> list[str]:
    """A sentence on a drift worth knowing about."""
    if abs(ppm) * span_s * 1e-3 < _DRIFT_MS:
        return []
    return [
        f"{angle} drifts {ppm:+.1f} ppm, {abs(ppm) * span_s * 1e-3:.1f} ms over {_span(span_s)}; corrected"
    ]


def echo(angle: str, later_s: float, lead: float) -> str:
    """A sentence on another joint choice of peaks, `later_s` later than the one chosen."""
    return f"{angle} also fits {later_s * 1e3:+.1f} ms away, {_strong(lead)}: probably an echo of the room"


def pulled(angle: str, by: float) -> str:
    """A sentence on a clip that runs at the speed of the 0.1 % mistake."""
    way = "slow" if by > 0 else "fast"
    return f"{angle} runs {abs(by):.1%} {way}, as 29.97 pictures a second taken for 30 do; corrected"


def broken(angle: str, blamed: str, pieces: Sequence[Piece]) -> str:
    """A sentence on a clip whose parts lie at different offsets."""
    parts = [
        f"{one.offset_us / 1e3:+.1f} ms from {_clock(one.begin_us)} to {_clock(one.end_us)}" for one in pieces
    ]
    return f"{angle} lies at {', then at '.join(parts)}: {blamed} skipped or was cut"


def _strong(lead: float) -> str:
    return f"{1.0 - lead:.0%} as strong" if lead > 0.0 else "as strong"


def _clock(time_us: int) -> str:
    seconds = max(0, round(time_us / 1e6))
    return f"{seconds // 60}:{seconds % 60:02}"


def _weak(x: str, y: str, evidence: Evidence) -> str:
    if evidence.significance < 12.0:
        return f"{y} and {x} have nothing in common that could not be chance"
    return f"the sound that {y} shares with {x} is faint"


def _rival(y: str, match: Match, sign: int) -> str:
    if not match.rivals:
        return ""
    near = min(match.rivals, key=lambda rival: rival.lead.share)
    at = float(match.look.times.mean())
    apart_ms = sign * (near.line.at(at) - match.line.at(at)) * 1e3
    return f"{y} also matches {apart_ms:+.0f} ms away, {_strong(near.lead.share)}: the sound repeats itself"


def _span(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
