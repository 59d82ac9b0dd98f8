"""Why an angle is not certain, in plain words. A camera is named by its key."""

from __future__ import annotations

from mcsyncd.sync.confidence import Belief, Doubt, evidence
from mcsyncd.sync.match import Match

_WORTH_SAYING = 0.97
_DRIFT_WORTH_SAYING = 1.0


def doubts(x: str, y: str, match: Match, belief: Belief, *, sign: int) -> list[str]:
    """Return a sentence for each doubt that costs confidence, the gravest first.

    `sign` is +1 when a later lag of the match is a later offset of the named camera `y`.
    """
    words = {
        Doubt.WEAK: _weak(x, y, match),
        Doubt.SHORT: f"{y} and {x} share only {match.overlap_s:.0f} s of usable sound",
        Doubt.RIVAL: _rival(y, match, sign),
        Doubt.ECHO: (
            f"{y} matches {x} almost as well {sign * match.echo.lag_s * 1e3:+.1f} ms away "
            f"({match.echo.ratio:.0%} as strong): probably an echo of the room"
        ),
        Doubt.CONTRADICTION: (
            f"{match.active - int(match.fit.inlier.sum())} of {match.active} windows of {y} do not fit "
            f"{x}: a skip, an edit, or a piece of music that both play"
        ),
        Doubt.FOREIGN: (
            f"{y} and {x} share sound that comes and goes against what else is heard: "
            "perhaps the same music at two different times"
        ),
        Doubt.SPREAD: f"the offset of {y} to {x} is not sharp",
    }
    grave = sorted((factor, doubt) for doubt, factor in belief.factors.items() if factor < _WORTH_SAYING)
    return [words[doubt] for _, doubt in grave]


def drift(angle: str, ppm: float, span_s: float) -> list[str]:
    """A sentence on a drift worth knowing about."""
    if abs(ppm) * span_s * 1e-3 < _DRIFT_WORTH_SAYING:
        return []
    return [
        f"{angle} drifts {ppm:+.1f} ppm, {abs(ppm) * span_s * 1e-3:.1f} ms over {_span(span_s)}; corrected"
    ]


def _weak(x: str, y: str, match: Match) -> str:
    if evidence(match) < 12.0:
        return f"{y} and {x} have nothing in common that could not be chance"
    return f"the sound that {y} shares with {x} is faint"


def _rival(y: str, match: Match, sign: int) -> str:
    if not match.rivals:
        return ""
    near = min(match.rivals, key=lambda rival: rival.lead)
    at = float(match.look.times.mean())
    apart_ms = sign * (near.line.at(at) - match.line.at(at)) * 1e3
    return f"{y} matches almost as well {apart_ms:+.0f} ms away: the sound repeats itself"


def _span(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
