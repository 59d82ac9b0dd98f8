"""Print progress: one line that is rewritten on a terminal, a few lines otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO

from mcsyncd.model.text import escape_text
from mcsyncd.present.numbers import format_duration

_PRINT_INTERVAL_S = 10.0
"""Seconds between two lines without a terminal. Judgement: a log stays short and still shows life."""


class ProgressPrinter:
    """Writes progress to `out`; `clock` returns monotonic seconds."""

    def __init__(self, out: TextIO, clock: Callable[[], float], *, terminal: bool) -> None:
        self._out = out
        self._clock = clock
        self._terminal = terminal
        self._is_line_open = False
        self._step = ""
        self._printed_at = clock()

    def print_line(self, line: str) -> None:
        """Print a line that is not overwritten."""
        self._end_line()
        print(line, file=self._out, flush=True)

    def print_progress(self, step: str, done: float | None = None, eta_s: float | None = None) -> None:
        """Print the progress of a step; `done` is from 0 to 1, or None if unknown.

        Without a terminal, only the start of a step is printed, and then a line every ten seconds.
        """
        line = f"  {escape_text(step)}{'' if done is None else f'  {done:4.0%}'}{_format_time_left(eta_s)}"
        if self._terminal:
            self._out.write(f"\r\x1b[K{line[:78]}")
            self._out.flush()
            self._is_line_open = True
        elif step != self._step or self._clock() - self._printed_at >= _PRINT_INTERVAL_S:
            self.print_line(line)
            self._printed_at = self._clock()
        self._step = step

    def _end_line(self) -> None:
        if self._is_line_open:
            self._out.write("\n")
            self._is_line_open = False


def _format_time_left(eta_s: float | None) -> str:
    return "" if eta_s is None else f"  {format_duration(eta_s)} left"
