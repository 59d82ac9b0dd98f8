"""What conform met in a clip: counted for the report, and told in plain sentences. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from mcsyncd.conform.grid import Grid
from mcsyncd.conform.soundtracks import named
from mcsyncd.model.rendition import Report

_STRETCHES = 100
"""As many damaged stretches are listed; all are counted."""
_STILL_S = Fraction(1, 4)
"""A picture that stands for longer is seen to stand. Phones in low light come down to 1/10 s."""
_LOST_S = Fraction(1, 50)
"""Who loses sound loses a packet of it, 20 ms and more. Shorter holes are what some muxers make of rounding:
5 ms ten times in 22 s was seen where nothing was lost."""


@dataclass(frozen=True, slots=True)
class SoundFindings:
    """Of one audio track: all holes together and the longest one, in seconds, and damaged packets."""

    missing: Fraction = Fraction(0)
    longest: Fraction = Fraction(0)
    damaged: int = 0


class Findings:
    """Collects the stretches in which a picture is held, as the pictures go by.

    `usual` is the time between two pictures in seconds.
    """

    def __init__(self, grid: Grid, usual: Fraction) -> None:
        self._grid, self._usual = grid, usual
        self._last: Fraction | None = None
        self._damaged: list[tuple[int, int]] = []
        self._ticks = 0
        self._shortest: Fraction | None = None
        self._longest: Fraction | None = None

    def picture(self, time: Fraction, *, torn: bool) -> None:
        """Take the next good picture's clip time; `torn` where what lay between came out damaged."""
        if self._last is not None and torn:
            self._mark(self._last, time)
        elif self._last is not None:
            step = time - self._last
            self._shortest = min(step, self._shortest or step)
            self._longest = max(step, self._longest or step)
        self._last = time

    def ends(self, time: Fraction, *, torn: bool) -> None:
        """Take the clip time at which the last picture ends."""
        if self._last is not None and torn:
            self._mark(self._last, time)

    def report(self, sounds: Sequence[SoundFindings], odd: Sequence[str]) -> Report:
        """Return the report.

        `sounds` has a part for each track; `odd` is what else a person should know of the pictures, in
        sentences.
        """
        return Report(
            damaged=tuple(self._damaged),
            damaged_ticks=self._ticks,
            step_us=self._step_us(),
            silent_us=round(sum(sound.missing for sound in sounds) * 1_000_000),
            damaged_sound=sum(sound.damaged for sound in sounds),
            look=(*self._look_at_picture(), *odd, *_listen_to(sounds)),
        )

    def _mark(self, before: Fraction, after: Fraction) -> None:
        """Count the ticks nearest to a picture that is lost, between two clip times that are not."""
        half = self._usual / 2
        first, last = self._grid.ticks_through(before + half), self._grid.ticks_through(after - half)
        if last > first:
            self._ticks += last - first
            if len(self._damaged) < _STRETCHES:
                self._damaged.append((first, last - first))

    def _step_us(self) -> tuple[int, int] | None:
        if self._shortest is None or self._longest is None:
            return None
        return round(self._shortest * 1_000_000), round(self._longest * 1_000_000)

    def _look_at_picture(self) -> list[str]:
        said = []
        if self._damaged:
            first, lasts = (
                self._damaged[0][0] / self._grid.rate.fraction,
                self._ticks / self._grid.rate.fraction,
            )
            said.append(
                f"the picture is damaged for {float(lasts):.2f} s in all, first at {_clock(first)}: "
                "the nearest good picture is held there"
            )
        if self._longest is not None and self._longest > _STILL_S:
            said.append(f"the camera left out pictures: one stands for {float(self._longest):.2f} s")
        return said


def _listen_to(sounds: Sequence[SoundFindings]) -> list[str]:
    said = []
    for number, sound in enumerate(sounds):
        begin = named(number, len(sounds))
        if sound.longest >= _LOST_S:
            said.append(
                f"{begin}{float(sound.missing):.2f} s of sound are missing, and silent in the rendition"
            )
        if sound.damaged:
            said.append(f"{begin}{sound.damaged} packets of sound are damaged, and silent in the rendition")
    return said


def _clock(seconds: Fraction) -> str:
    minutes, rest = divmod(float(seconds), 60)
    return f"{int(minutes) // 60}:{int(minutes) % 60:02}:{rest:05.2f}"
