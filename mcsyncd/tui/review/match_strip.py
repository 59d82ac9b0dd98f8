"""The match strip: how well one angle fits at every offset around the machine's answer.

Two humps explain "71%" faster than any number.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from mcsyncd.api import AngleBody
from mcsyncd.present.numbers import format_offset
from mcsyncd.tui.content import build_content

_LEVELS = "▁▂▃▄▅▆▇█"
_PREFIX = "match "


class MatchStrip(Widget):
    """`evidence` of the angle, the `machine_ms` its middle stands for, and `here_ms`, the hand's place."""

    evidence: reactive[AngleBody | None] = reactive(None)
    machine_ms: reactive[float] = reactive(0.0)
    draft_ms: reactive[float] = reactive(0.0)
    tone: reactive[str] = reactive("")

    def render(self) -> Content:
        """A line of levels, and under it the candidates (▲) and the hand's place (┃)."""
        width = self.size.width - len(_PREFIX)
        evidence = self.evidence
        if evidence is None or not evidence.strip or width < 10:
            return build_content(("no match curve for this angle", "muted"))
        curve = build_content((_PREFIX, "muted"), (format_levels(evidence.strip, width), self.tone))
        return build_content(
            curve, "\n", (" " * len(_PREFIX), ""), (self._format_marks(evidence, width), "muted")
        )

    def _format_marks(self, evidence: AngleBody, width: int) -> str:
        span = evidence.strip_step_ms * max(1, len(evidence.strip) - 1)
        line = [" "] * width
        for candidate in sorted(evidence.candidates, key=lambda one: one.offset_ms):
            said = " here" if abs(candidate.offset_ms - self.draft_ms) < 0.5 else ""
            mark = f"▲{format_offset(candidate.offset_ms).removesuffix(' ms')}{said}"
            _write_mark(line, self._cell_from_ms(candidate.offset_ms, span, width), mark)
        here = self._cell_from_ms(self.draft_ms, span, width)
        if 0 <= here < width and line[here] == " ":
            line[here] = "┃"
        return "".join(line)

    def _cell_from_ms(self, ms: float, span: float, width: int) -> int:
        return round((width - 1) * (0.5 + (ms - self.machine_ms) / span)) if span else width // 2


def format_levels(strip: list[float], width: int) -> str:
    """Squeeze or stretch a curve (0..1) to `width` cells; a cell shows the highest it stands for."""
    edges = np.linspace(0, len(strip), width + 1)
    heights = [max(strip[int(a) : max(int(a) + 1, int(np.ceil(b)))]) for a, b in pairwise(edges)]
    return "".join(_LEVELS[round(max(0.0, min(1.0, height)) * (len(_LEVELS) - 1))] for height in heights)


def _write_mark(line: list[str], cell: int, mark: str) -> None:
    """Write a mark at its cell, if it lies in the line and covers no other."""
    end = cell + len(mark)
    if cell >= 0 and end <= len(line) and not "".join(line[max(0, cell - 1) : end]).strip():
        line[cell:end] = mark
