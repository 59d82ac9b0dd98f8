"""Progress in calm lines: one that is rewritten on a terminal, few ones elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO

from mcsyncd.model.text import escape_text
from mcsyncd.present.numbers import format_duration

_PRINT_INTERVAL_S = 10.0


class ProgressPrinter:
    """Writes progress to `out`; `clock` gives seconds that only go forward."""

    def __init__(self, out: TextIO, clock: Callable[[], float], *, terminal: bool) -> None:
        self._out = out
        self._clock = clock
        self._terminal = terminal
        self._is_line_open = False
        self._step = ""
        self._printed_at = clock()

    def print_line(self, line: str) -> None:
        """Write a line that stays."""
        self._end_line()
        print(line, file=self._out, flush=True)

    def print_progress(self, step: str, done: float | None = None, eta_s: float | None = None) -> None:
        """Tell how far a step is; 0 to 1, None where it cannot be known.

        Without a terminal only the beginning of a step is told, and then one line in ten
        seconds: a log is read afterwards.
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
