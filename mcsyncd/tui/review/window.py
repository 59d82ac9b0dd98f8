"""The part of the session clock that is on screen, its zoom steps and its time axis. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil

from mcsyncd.present.numbers import MINUS, format_duration

# fmt: off  # one ladder, read as a row
ZOOM_STEPS_MS = (
    0.5,
    1.0,
    2.0,
    4.0,
    8.0,
    16.0,
    32.0,
    64.0,
    125.0,
    250.0,
    500.0,
    1000.0,
    2000.0,
    5000.0,
    10000.0,
)
# fmt: on
"""Milliseconds per dot, from closest to widest.

Judgement: from half a millisecond (four samples of the analysis audio) to a session of many hours.
Steps of about two keep the eye oriented; a closer one would draw single samples.
"""

REVIEW_ZOOM_MS = 4.0
"""Milliseconds per dot when a review opens: an error of 30 ms is seven dots wide, 80 cells show 640 ms.

Judgement: wider hides an error of one frame, closer hides the sound around it.
"""

_TICK_STEPS_MS = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 30000, 60000, 300000, 600000, 1800000)
"""Distances between ticks of the axis, in milliseconds: round numbers on a clock."""

_MIN_TICK_CELLS = 14
"""Cells between two ticks at least. The longest label (`╵1:02:03.40`) has 11; closer ones would touch."""


@dataclass(frozen=True)
class ViewWindow:
    """`dots` columns of dots (two to a cell), `dot_ms` apart, from `start_ms` on the session clock."""

    start_ms: float
    dot_ms: float
    dots: int

    @property
    def span_ms(self) -> float:
        """The time on screen."""
        return self.dot_ms * self.dots

    def cell_from_ms(self, at_ms: float) -> int:
        """Return the cell column of a moment; it is on screen from 0 to below `dots` / 2."""
        return int((at_ms - self.start_ms) // (2 * self.dot_ms))

    def centre_on(self, at_ms: float) -> ViewWindow:
        """Return the window at the same zoom with `at_ms` in the middle."""
        return replace(self, start_ms=at_ms - self.span_ms / 2)

    def follow(self, at_ms: float) -> ViewWindow:
        """Return this window, or one centred on `at_ms` where that is within a tenth of an edge."""
        margin = self.span_ms / 10
        if self.start_ms + margin <= at_ms <= self.start_ms + self.span_ms - margin:
            return self
        return self.centre_on(at_ms)

    def zoom(self, steps: int, at_ms: float) -> ViewWindow:
        """Return the window closer (negative) or wider (positive); `at_ms` stays where it is on screen."""
        near = min(range(len(ZOOM_STEPS_MS)), key=lambda i: abs(ZOOM_STEPS_MS[i] - self.dot_ms))
        dot_ms = ZOOM_STEPS_MS[max(0, min(len(ZOOM_STEPS_MS) - 1, near + steps))]
        return replace(self, start_ms=at_ms - (at_ms - self.start_ms) * dot_ms / self.dot_ms, dot_ms=dot_ms)

    def resize(self, dots: int, at_ms: float) -> ViewWindow:
        """Return the window at the same zoom for another width, centred on `at_ms` if that changed."""
        return replace(self, dots=dots).centre_on(at_ms) if dots != self.dots else self


def fit_window(duration_ms: float, dots: int) -> ViewWindow:
    """Return a window over the whole session; a dot is a whole number of microseconds, as in the API."""
    return ViewWindow(0.0, max(ZOOM_STEPS_MS[0], ceil(duration_ms * 1000 / max(1, dots)) / 1000), dots)


def format_axis(window: ViewWindow) -> str:
    """Return the time axis under the lanes, as wide as they are: ticks with their times."""
    width = window.dots // 2
    wanted_ms = _MIN_TICK_CELLS * 2 * window.dot_ms
    step_ms = next((tick for tick in _TICK_STEPS_MS if tick >= wanted_ms), _TICK_STEPS_MS[-1])
    line = [" "] * width
    first = -(-int(window.start_ms) // step_ms)
    for number in range(first, int((window.start_ms + window.span_ms) // step_ms) + 1):
        label = f"╵{format_moment(number * step_ms, fine=step_ms < 1000)}"
        cell = window.cell_from_ms(number * step_ms)
        if 0 <= cell <= width - len(label):
            line[cell : cell + len(label)] = label
    return "".join(line)


def format_moment(at_ms: float, *, fine: bool = True) -> str:
    """Return a moment of the session as `0:12.40`, or as `1:02:12` when not `fine`."""
    seconds, hundredths = divmod(round(abs(at_ms) / 10), 100)
    sign = MINUS if at_ms < 0 else ""
    return f"{sign}{format_duration(seconds)}" + (f".{hundredths:02}" if fine else "")
