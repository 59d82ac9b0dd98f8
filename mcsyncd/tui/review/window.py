"""Which stretch of the session clock is on screen, and the steps in which one looks closer. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil

from mcsyncd.present.numbers import MINUS

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
"""Milliseconds of one dot, from closest to farthest."""

REVIEW_ZOOM_MS = 4.0
"""The zoom a review opens at: 30 ms of error are seven dots, and 80 cells show 640 ms."""

_TICK_STEPS_MS = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 30000, 60000, 300000, 600000, 1800000)
_MIN_TICK_CELLS = 14


@dataclass(frozen=True)
class ViewWindow:
    """`dots` columns of dots (two in a cell), `dot_ms` apart, from `start_ms` on the session clock."""

    start_ms: float
    dot_ms: float
    dots: int

    @property
    def span_ms(self) -> float:
        """How much time is seen."""
        return self.dot_ms * self.dots

    def cell_from_ms(self, at_ms: float) -> int:
        """The column of cells in which a moment lies; outside of 0..dots/2 it is not seen."""
        return int((at_ms - self.start_ms) // (2 * self.dot_ms))

    def centre_on(self, at_ms: float) -> ViewWindow:
        """The same zoom with `at_ms` in the middle."""
        return replace(self, start_ms=at_ms - self.span_ms / 2)

    def follow(self, at_ms: float) -> ViewWindow:
        """The same window, moved only if `at_ms` would come too near to its edge."""
        margin = self.span_ms / 10
        if self.start_ms + margin <= at_ms <= self.start_ms + self.span_ms - margin:
            return self
        return self.centre_on(at_ms)

    def zoom(self, steps: int, at_ms: float) -> ViewWindow:
        """Closer (negative) or farther (positive), with `at_ms` staying where it is on screen."""
        near = min(range(len(ZOOM_STEPS_MS)), key=lambda i: abs(ZOOM_STEPS_MS[i] - self.dot_ms))
        dot_ms = ZOOM_STEPS_MS[max(0, min(len(ZOOM_STEPS_MS) - 1, near + steps))]
        return replace(self, start_ms=at_ms - (at_ms - self.start_ms) * dot_ms / self.dot_ms, dot_ms=dot_ms)

    def resize(self, dots: int, at_ms: float) -> ViewWindow:
        """The same zoom on a screen of another width."""
        return replace(self, dots=dots).centre_on(at_ms) if dots != self.dots else self


def fit_window(duration_ms: float, dots: int) -> ViewWindow:
    """The whole session in one view; a dot is a whole number of microseconds, as the API counts."""
    return ViewWindow(0.0, max(ZOOM_STEPS_MS[0], ceil(duration_ms * 1000 / max(1, dots)) / 1000), dots)


def format_axis(window: ViewWindow) -> str:
    """The time axis under the lanes: a tick and its time, about every `_TICK_CELLS` cells."""
    width = window.dots // 2
    wanted = _MIN_TICK_CELLS * 2 * window.dot_ms
    step = next((tick for tick in _TICK_STEPS_MS if tick >= wanted), _TICK_STEPS_MS[-1])
    line = [" "] * width
    first = -(-int(window.start_ms) // step)
    for number in range(first, int((window.start_ms + window.span_ms) // step) + 1):
        label = f"╵{format_moment(number * step, fine=step < 1000)}"
        cell = window.cell_from_ms(number * step)
        if 0 <= cell <= width - len(label):
            line[cell : cell + len(label)] = label
    return "".join(line)


def format_moment(at_ms: float, *, fine: bool = True) -> str:
    """A moment of the session as a person reads it: `0:12.40`, or `1:02:12` when not fine."""
    sign = MINUS if at_ms < 0 else ""
    hundredths = round(abs(at_ms) / 10)
    seconds, rest = divmod(hundredths, 100)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    clock = f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
    return f"{sign}{clock}.{rest:02}" if fine else f"{sign}{clock}"
