"""Build the conform report: what conform found in a clip, in numbers and in sentences. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from mcsyncd.conform.audio_tracks import format_track_prefix
from mcsyncd.conform.grid import Grid
from mcsyncd.model.rendition import ConformReport

_MAX_LISTED_RANGES = 100
"""Damaged ranges that are listed; all are counted. Judgement: it bounds the size of the ledger's entry."""
_LONG_INTERVAL_S = Fraction(1, 4)
"""Seconds. A frame that is shown for longer is reported as skipped frames.

Judgement: visible as a freeze, and above the 1/10 s that phones go down to in low light. A smaller
value would send dark clips to review.
"""
_AUDIBLE_GAP_S = Fraction(1, 50)
"""Seconds. Audio gaps are reported if the longest is at least this long.

Real losses are whole packets, 20 ms and more. Some muxers round timestamps to shorter gaps: ten gaps of
5 ms in 22 s were measured in a clip that had lost nothing. A smaller value would send such clips to review.
"""


@dataclass(frozen=True, slots=True)
class AudioTrackDamage:
    """Damage of one audio track: total and longest gap in seconds, and the number of damaged packets."""

    missing_s: Fraction = Fraction(0)
    longest_gap_s: Fraction = Fraction(0)
    damaged_packets: int = 0


class ConformReportBuilder:
    """Collects damaged ranges and frame intervals while the frames are decoded.

    `nominal_interval` is the expected time between two frames, in seconds.
    """

    def __init__(self, grid: Grid, nominal_interval: Fraction) -> None:
        self._grid, self._nominal_interval = grid, nominal_interval
        self._last_time: Fraction | None = None
        self._damaged_ranges: list[tuple[int, int]] = []
        self._damaged_ticks = 0
        self._shortest_interval: Fraction | None = None
        self._longest_interval: Fraction | None = None

    def add_frame(self, time: Fraction, *, after_damage: bool) -> None:
        """Add the clip time of the next good frame; `after_damage` if frames before it were damaged."""
        if self._last_time is not None and after_damage:
            self._add_damaged_range(self._last_time, time)
        elif self._last_time is not None:
            step = time - self._last_time
            self._shortest_interval = min(step, self._shortest_interval or step)
            self._longest_interval = max(step, self._longest_interval or step)
        self._last_time = time

    def end_video(self, time: Fraction, *, after_damage: bool) -> None:
        """Set the clip time at which the last frame ends; `after_damage` if frames before it were damaged."""
        if self._last_time is not None and after_damage:
            self._add_damaged_range(self._last_time, time)

    def build_report(
        self, tracks: Sequence[AudioTrackDamage], other_warnings: Sequence[str]
    ) -> ConformReport:
        """Return the report.

        `tracks` has an entry for each audio track. `other_warnings` are further sentences about the
        video that a person should read.
        """
        return ConformReport(
            damaged_ranges=tuple(self._damaged_ranges),
            damaged_ticks=self._damaged_ticks,
            frame_interval_us=self._compute_frame_interval_us(),
            missing_audio_us=round(sum(track.missing_s for track in tracks) * 1_000_000),
            damaged_audio_packets=sum(track.damaged_packets for track in tracks),
            warnings=(*self._format_video_warnings(), *other_warnings, *_format_audio_warnings(tracks)),
        )

    def _add_damaged_range(self, before: Fraction, after: Fraction) -> None:
        """Add the ticks nearest to the frames lost between the good frames at `before` and `after`."""
        half = self._nominal_interval / 2
        first = self._grid.count_ticks_through(before + half)
        last = self._grid.count_ticks_through(after - half)
        if last > first:
            self._damaged_ticks += last - first
            if len(self._damaged_ranges) < _MAX_LISTED_RANGES:
                self._damaged_ranges.append((first, last - first))

    def _compute_frame_interval_us(self) -> tuple[int, int] | None:
        if self._shortest_interval is None or self._longest_interval is None:
            return None
        return round(self._shortest_interval * 1_000_000), round(self._longest_interval * 1_000_000)

    def _format_video_warnings(self) -> list[str]:
        warnings = []
        if self._damaged_ranges:
            first = self._damaged_ranges[0][0] / self._grid.rate.fraction
            total = self._damaged_ticks / self._grid.rate.fraction
            warnings.append(
                f"the video is damaged for {float(total):.2f} s in total, first at {_format_clock(first)}: "
                "the nearest good frame is shown instead"
            )
        longest = self._longest_interval
        if longest is not None and longest > _LONG_INTERVAL_S:
            warnings.append(f"the camera skipped frames: one frame is shown for {float(longest):.2f} s")
        return warnings


def _format_audio_warnings(tracks: Sequence[AudioTrackDamage]) -> list[str]:
    warnings = []
    for number, track in enumerate(tracks):
        prefix = format_track_prefix(number, len(tracks))
        if track.longest_gap_s >= _AUDIBLE_GAP_S:
            warnings.append(
                f"{prefix}{float(track.missing_s):.2f} s of audio are missing, replaced by silence"
            )
        if track.damaged_packets:
            warnings.append(f"{prefix}{track.damaged_packets} audio packets are damaged, replaced by silence")
    return warnings


def _format_clock(seconds: Fraction) -> str:
    minutes, rest = divmod(float(seconds), 60)
    return f"{int(minutes) // 60}:{int(minutes) % 60:02}:{rest:05.2f}"
