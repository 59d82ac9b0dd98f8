"""Linear timecode: labels that a camera or a recorder received as sound (LTC, SMPTE ST 12-1)."""

from __future__ import annotations

from dataclasses import dataclass

from mcsyncd.model.rate import Rate
from mcsyncd.model.timecode import Timecode

_MAX_DRIFT_PPM = 1100.0
"""Parts per million. Clocks are within 100; 1000 more is 30 frames a second in labels of 29.97. Labels that
pass faster or slower come from a tape that somebody played, not from a clock."""


@dataclass(frozen=True, slots=True)
class LtcRun:
    """Labels that follow each other without a jump, from `begin_us` to `end_us` of clip time.

    The frame `label` begins at `begin_us`; where the tape ran `reverse`, it ends there. The labels count
    `rate` frames a second; `drift_ppm` is by how much they really passed faster, by the clock of the file.
    `user_bits` are 32 bits, the first group lowest.
    """

    begin_us: int
    end_us: int
    label: str
    rate: Rate
    drift_ppm: float
    user_bits: int = 0
    reverse: bool = False

    @property
    def is_at_speed(self) -> bool:
        """Whether the labels passed at their rate, so that they tell the time beyond the run as well."""
        return abs(self.drift_ppm) < _MAX_DRIFT_PPM

    @property
    def duration_us(self) -> int:
        """How long the run lasts."""
        return self.end_us - self.begin_us

    def compute_time_of_day_us(self, clip_us: int) -> int:
        """Return the time of day by these labels at a clip time, in microseconds since midnight.

        Beyond its ends the run is assumed to go on, so the result may be negative or exceed a day.
        """
        passed = (clip_us - self.begin_us) * (1.0 + self.drift_ppm * 1e-6)
        seconds = Timecode.parse(self.label).to_seconds(self.rate)
        return round(seconds * 1_000_000 + (-passed if self.reverse else passed))
