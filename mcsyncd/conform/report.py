"""What conform met in a clip: counted for the report, and told in plain sentences. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from mcsyncd.conform.audio_tracks import format_track_prefix
from mcsyncd.conform.grid import Grid
from mcsyncd.model.rendition import ConformReport

_MAX_LISTED_RANGES = 100
"""As many damaged stretches are listed; all are counted."""
_LONG_INTERVAL_S = Fraction(1, 4)
"""A picture that stands for longer is seen to stand. Phones in low light come down to 1/10 s."""
_AUDIBLE_GAP_S = Fraction(1, 50)
"""Who loses sound loses a packet of it, 20 ms and more. Shorter holes are what some muxers make of rounding:
5 ms ten times in 22 s was seen where nothing was lost."""


@dataclass(frozen=True, slots=True)
class AudioTrackDamage:
    """Of one audio track: all holes together and the longest one, in seconds, and damaged packets."""

    missing_s: Fraction = Fraction(0)
    longest_gap_s: Fraction = Fraction(0)
    damaged_packets: int = 0


class ConformReportBuilder:
    """Collects the stretches in which a picture is held, as the pictures go by.

    `usual` is the time between two pictures in seconds.
    """

    def __init__(self, grid: Grid, nominal_interval: Fraction) -> None:
        self._grid, self._nominal_interval = grid, nominal_interval
        self._last_time: Fraction | None = None
        self._damaged_ranges: list[tuple[int, int]] = []
        self._damaged_ticks = 0
        self._shortest_interval: Fraction | None = None
        self._longest_interval: Fraction | None = None

    def add_frame(self, time: Fraction, *, after_damage: bool) -> None:
        """Take the next good picture's clip time; `torn` where what lay between came out damaged."""
        if self._last_time is not None and after_damage:
            self._add_damaged_range(self._last_time, time)
        elif self._last_time is not None:
            step = time - self._last_time
            self._shortest_interval = min(step, self._shortest_interval or step)
            self._longest_interval = max(step, self._longest_interval or step)
        self._last_time = time

    def end_video(self, time: Fraction, *, after_damage: bool) -> None:
        """Take the clip time at which the last picture ends."""
        if self._last_time is not None and after_damage:
            self._add_damaged_range(self._last_time, time)

    def build_report(
        self, tracks: Sequence[AudioTrackDamage], other_warnings: Sequence[str]
    ) -> ConformReport:
        """Return the report.

        `sounds` has a part for each track; `odd` is what else a person should know of the pictures, in
        sentences.
        """
        return ConformReport(
            damaged_ranges=tuple(self._damaged_ranges),
            damaged_ticks=self._damaged_ticks,
            frame_interval_us=self._compute_frame_interval_us(),
            missing_audio_us=round(sum(sound.missing_s for sound in tracks) * 1_000_000),
            damaged_audio_packets=sum(sound.damaged_packets for sound in tracks),
            warnings=(*self._format_video_warnings(), *other_warnings, *_format_audio_warnings(tracks)),
        )

    def _add_damaged_range(self, before: Fraction, after: Fraction) -> None:
        """Count the ticks nearest to a picture that is lost, between two clip times that are not."""
        half = self._nominal_interval / 2
        first, last = (
            self._grid.count_ticks_through(before + half),
            self._grid.count_ticks_through(after - half),
        )
        if last > first:
            self._damaged_ticks += last - first
            if len(self._damaged_ranges) < _MAX_LISTED_RANGES:
                self._damaged_ranges.append((first, last - first))

    def _compute_frame_interval_us(self) -> tuple[int, int] | None:
        if self._shortest_interval is None or self._longest_interval is None:
            return None
        return round(self._shortest_interval * 1_000_000), round(self._longest_interval * 1_000_000)

    def _format_video_warnings(self) -> list[str]:
        said = []
        if self._damaged_ranges:
            first, lasts = (
                self._damaged_ranges[0][0] / self._grid.rate.fraction,
                self._damaged_ticks / self._grid.rate.fraction,
            )
            said.append(
                f"the picture is damaged for {float(lasts):.2f} s in all, first at {_format_clock(first)}: "
                "the nearest good picture is held there"
            )
        if self._longest_interval is not None and self._longest_interval > _LONG_INTERVAL_S:
            said.append(f"the camera left out pictures: one stands for {float(self._longest_interval):.2f} s")
        return said


def _format_audio_warnings(tracks: Sequence[AudioTrackDamage]) -> list[str]:
    said = []
    for number, sound in enumerate(tracks):
        begin = format_track_prefix(number, len(tracks))
        if sound.longest_gap_s >= _AUDIBLE_GAP_S:
            said.append(
                f"{begin}{float(sound.missing_s):.2f} s of sound are missing, and silent in the rendition"
            )
        if sound.damaged_packets:
            said.append(
                f"{begin}{sound.damaged_packets} packets of sound are damaged, and silent in the rendition"
            )
    return said


def _format_clock(seconds: Fraction) -> str:
    minutes, rest = divmod(float(seconds), 60)
    return f"{int(minutes) // 60}:{int(minutes) % 60:02}:{rest:05.2f}"
