"""The match strip: how well one angle matches the reference at each offset around the computed one.

Two humps explain "71%" faster than any number.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from textual.content import Content

from mcsyncd.api import AngleBody
from mcsyncd.present.numbers import format_offset
from mcsyncd.tui.angle_marks import get_angle_colour
from mcsyncd.tui.content import build_content
from mcsyncd.tui.review.draft import US_PER_MS, ReviewDraft
from mcsyncd.tui.review.strip_axis import StripAxis, build_axis
from mcsyncd.tui.widgets.fixed_text import FixedText

_LEVELS = "▁▂▃▄▅▆▇█"
_PREFIX = "match "
_BEYOND = "┄"
"""Stands for what lies beyond the curve, where only candidates were measured."""

_MIN_CELLS = 10
"""Cells below which the curve is left out. Judgement: narrower, two humps run into one."""

_SAME_OFFSET_MS = 0.5
"""A candidate this close to the draft's offset is marked as `here`: both are shown in whole milliseconds."""


class MatchStrip(FixedText):
    """The match curve of a draft's current angle, with its computed offset in the middle."""

    def __init__(self) -> None:
        super().__init__()
        self._draft: ReviewDraft | None = None

    def show_draft(self, draft: ReviewDraft) -> None:
        """Show the curve of the draft's current angle, and where the draft has it."""
        self._draft = draft
        self.show(build_strip(draft, self.content_size.width))

    def on_resize(self) -> None:
        """Draw for the new width."""
        if self._draft is not None:
            self.show_draft(self._draft)


def build_strip(draft: ReviewDraft, width: int) -> Content:
    """Return a line of levels, and below it the draft's value and mark (┃) and the candidates (▲)."""
    evidence = draft.session.angles.get(draft.camera)
    computed_ms = _ms_from_us(draft.get_computed_offset_us(draft.camera))
    draft_ms = _ms_from_us(draft.nudges.get_offset_us(draft.camera))
    cells = width - len(_PREFIX)
    if evidence is None or not evidence.strip or computed_ms is None or cells < _MIN_CELLS:
        return build_content(("no match curve for this angle", "muted"))
    marks = [one.offset_ms for one in evidence.candidates]
    marks += [draft_ms] if draft_ms is not None else []
    half_ms = evidence.strip_step_ms * max(1, len(evidence.strip) - 1) / 2
    axis = build_axis(cells, half_ms, [ms - computed_ms for ms in marks])
    value = _read_value(evidence, computed_ms, draft_ms)
    said = f"{value:.2f}" if value is not None else ""
    tone = get_angle_colour(draft.checklist.angles.index(draft.camera))
    return build_content(
        (_PREFIX, "muted"),
        (_format_curve(evidence, computed_ms, axis), tone),
        "\n",
        (f"{said:<{len(_PREFIX)}}", "bold"),
        (_format_marks(evidence, computed_ms, draft_ms, axis), "muted"),
    )


def _ms_from_us(offset_us: int | None) -> float | None:
    return None if offset_us is None else offset_us / US_PER_MS


def _format_curve(evidence: AngleBody, computed_ms: float, axis: StripAxis) -> str:
    """Return the curve, and beyond it the strength of each candidate that lies there."""
    inner = format_levels(evidence.strip, axis.cells - 2 * axis.margin)
    line = list(f"{_BEYOND * axis.margin}{inner}{_BEYOND * axis.margin}")
    for candidate in evidence.candidates:
        cell = axis.find_cell(candidate.offset_ms - computed_ms)
        if line[cell] == _BEYOND:
            line[cell] = format_levels([candidate.score], 1)
    return "".join(line)


def _format_marks(evidence: AngleBody, computed_ms: float, draft_ms: float | None, axis: StripAxis) -> str:
    line = [" "] * axis.cells
    for candidate in sorted(evidence.candidates, key=lambda one: -one.score):
        is_here = draft_ms is not None and abs(candidate.offset_ms - draft_ms) < _SAME_OFFSET_MS
        mark = f"▲{format_offset(candidate.offset_ms).removesuffix(' ms')}{' here' if is_here else ''}"
        _write_mark(line, axis.find_cell(candidate.offset_ms - computed_ms), mark)
    if draft_ms is not None:
        here = axis.find_cell(draft_ms - computed_ms)
        line[here] = "┃" if line[here] == " " else line[here]
    return "".join(line)


def _read_value(evidence: AngleBody, computed_ms: float, draft_ms: float | None) -> float | None:
    """Return how well the angle matches at the draft's offset, 0..1; None where it was not measured."""
    if draft_ms is None:
        return None
    at = (draft_ms - computed_ms) / evidence.strip_step_ms + (len(evidence.strip) - 1) / 2
    if 0 <= round(at) < len(evidence.strip):
        return evidence.strip[round(at)]
    near = [one.score for one in evidence.candidates if abs(one.offset_ms - draft_ms) < _SAME_OFFSET_MS]
    return max(near, default=None)


def format_levels(strip: list[float], width: int) -> str:
    """Return a curve (0..1) in `width` cells; each shows the highest value of its share."""
    edges = np.linspace(0, len(strip), width + 1)
    heights = [max(strip[int(a) : max(int(a) + 1, int(np.ceil(b)))]) for a, b in pairwise(edges)]
    return "".join(_LEVELS[round(max(0.0, min(1.0, height)) * (len(_LEVELS) - 1))] for height in heights)


def _write_mark(line: list[str], cell: int, mark: str) -> None:
    """Write a mark at its cell if it touches no other; at the right end its number stands before it."""
    if cell + len(mark) > len(line):
        mark = f"{mark[1:]}▲"
        cell = cell - len(mark) + 1
    end = cell + len(mark)
    if cell >= 0 and not "".join(line[max(0, cell - 1) : end + 1]).strip():
        line[cell:end] = mark
