"""The match strip: how well one angle matches the reference at each offset around the computed one.

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
from mcsyncd.tui.angle_marks import get_angle_colour
from mcsyncd.tui.content import build_content
from mcsyncd.tui.review.draft import US_PER_MS, ReviewDraft

_LEVELS = "▁▂▃▄▅▆▇█"
_PREFIX = "match "

_MIN_CELLS = 10
"""Cells below which the curve is left out. Judgement: narrower, two humps run into one."""

_SAME_OFFSET_MS = 0.5
"""A candidate this close to the draft's offset is marked as `here`: both are shown in whole milliseconds."""


class MatchStrip(Widget):
    """The match curve of an angle's `evidence`, with `computed_ms` in the middle and `draft_ms` marked."""

    evidence: reactive[AngleBody | None] = reactive(None)
    computed_ms: reactive[float] = reactive(0.0)
    draft_ms: reactive[float] = reactive(0.0)
    tone: reactive[str] = reactive("")

    def show_draft(self, draft: ReviewDraft) -> None:
        """Show the curve of the draft's current angle."""
        self.evidence = draft.session.angles.get(draft.camera)
        self.computed_ms = (draft.get_computed_offset_us(draft.camera) or 0) / US_PER_MS
        self.draft_ms = (draft.nudges.get_offset_us(draft.camera) or 0) / US_PER_MS
        self.tone = get_angle_colour(draft.checklist.angles.index(draft.camera)) if draft.camera else ""

    def render(self) -> Content:
        """Return a line of levels, and below it the candidates (▲) and the draft's offset (┃)."""
        width = self.size.width - len(_PREFIX)
        evidence = self.evidence
        if evidence is None or not evidence.strip or width < _MIN_CELLS:
            return build_content(("no match curve for this angle", "muted"))
        curve = build_content((_PREFIX, "muted"), (format_levels(evidence.strip, width), self.tone))
        return build_content(
            curve, "\n", (" " * len(_PREFIX), ""), (self._format_marks(evidence, width), "muted")
        )

    def _format_marks(self, evidence: AngleBody, width: int) -> str:
        span_ms = evidence.strip_step_ms * max(1, len(evidence.strip) - 1)
        line = [" "] * width
        for candidate in sorted(evidence.candidates, key=lambda one: one.offset_ms):
            suffix = " here" if abs(candidate.offset_ms - self.draft_ms) < _SAME_OFFSET_MS else ""
            mark = f"▲{format_offset(candidate.offset_ms).removesuffix(' ms')}{suffix}"
            _write_mark(line, self._cell_from_ms(candidate.offset_ms, span_ms, width), mark)
        here = self._cell_from_ms(self.draft_ms, span_ms, width)
        if 0 <= here < width and line[here] == " ":
            line[here] = "┃"
        return "".join(line)

    def _cell_from_ms(self, ms: float, span_ms: float, width: int) -> int:
        return round((width - 1) * (0.5 + (ms - self.computed_ms) / span_ms)) if span_ms else width // 2


def format_levels(strip: list[float], width: int) -> str:
    """Return a curve (0..1) in `width` cells; each shows the highest value of its share."""
    edges = np.linspace(0, len(strip), width + 1)
    heights = [max(strip[int(a) : max(int(a) + 1, int(np.ceil(b)))]) for a, b in pairwise(edges)]
    return "".join(_LEVELS[round(max(0.0, min(1.0, height)) * (len(_LEVELS) - 1))] for height in heights)


def _write_mark(line: list[str], cell: int, mark: str) -> None:
    """Write a mark at its cell if it fits in the line and touches no other mark."""
    end = cell + len(mark)
    if cell >= 0 and end <= len(line) and not "".join(line[max(0, cell - 1) : end]).strip():
        line[cell:end] = mark
