"""How long a session takes on a number of machines: a model, pure. What it rests on is measured elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True, slots=True)
class SegmentCosts:
    """What a session's segments cost. Seconds of wall time unless it says otherwise.

    `encode_s`: one segment on one slot. `hand_over_s`: from one segment to the next on a slot: process start,
    scheduler, the check of the result. `read_bytes`, `written_bytes`: by an encoder, through the share.
    `share_bytes_s`: what the file server moves in a second, to and from all machines. `check_bytes_s`: how
    fast the daemon's machine reads results again. `analysis_s`: from the seal to the confidence.
    `stitch_bytes_s`: how fast segments become one file, one job at a time.
    """

    segment_s: float
    encode_s: float
    hand_over_s: float
    read_bytes: float
    written_bytes: float
    share_bytes_s: float
    check_bytes_s: float
    analysis_s: float
    stitch_bytes_s: float


@dataclass(frozen=True, slots=True)
class SessionForecast:
    """The parts of a session's time, in seconds, and what its encoding is bound by."""

    analysis_s: float
    encode_s: float
    stitch_s: float
    bound_by: str

    @property
    def total_s(self) -> float:
        """From the seal to the last mezzanine."""
        return self.analysis_s + self.encode_s + self.stitch_s


def forecast_session(costs: SegmentCosts, *, clips: int, clip_s: float, slots: int) -> SessionForecast:
    """Return the time of a session of `clips` of `clip_s` seconds each, on `slots` in all.

    Analysis comes before and the last clip's stitch after the encoding; the other stitches overlap with it.
    The encoding takes as long as its tightest bound: whole rounds over the slots, the share, the checks, or
    the stitches that are one after the other.
    """
    count = clips * ceil(clip_s / costs.segment_s)
    written = count * costs.written_bytes
    one_stitch_s = written / clips / costs.stitch_bytes_s
    bounds = {
        "slots": ceil(count / slots) * (costs.encode_s + costs.hand_over_s),
        "share": count * (costs.read_bytes + costs.written_bytes) / costs.share_bytes_s,
        "checks": written / costs.check_bytes_s,
        "stitches": (clips - 1) * one_stitch_s,
    }
    bound_by = max(bounds, key=lambda name: bounds[name])
    return SessionForecast(costs.analysis_s, bounds[bound_by], one_stitch_s, bound_by)
