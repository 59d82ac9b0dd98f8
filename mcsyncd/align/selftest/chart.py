"""Draws the reliability of a self-test: stated confidence against what was right."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mcsyncd.align.plot import load_figure_class, write_figure
from mcsyncd.align.selftest.verdicts import REVIEW_BELOW, CaseVerdict, build_bins

_SIDE_INCHES = 6


def draw_reliability(path: Path, verdicts: Sequence[CaseVerdict], summary: str) -> None:
    """Write a PNG with a point for each bin of confidence, its interval of 95 %, and its number of cases.

    Raises UsageError if matplotlib is not installed or `path` is no plot, OSError if it cannot be written.
    """
    figure = load_figure_class()(figsize=(_SIDE_INCHES, _SIDE_INCHES), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], linestyle=":", color="gray")
    axes.axvline(REVIEW_BELOW, linestyle="--", color="green")
    for one in build_bins(verdicts):
        share = one.right.count / one.right.of
        low, high = one.right.interval
        axes.errorbar(one.stated, share, [[share - low], [high - share]], marker="o", color="C0", capsize=4)
        axes.annotate(f"{one.right.of}", (one.stated, share), (6, -12), textcoords="offset points")
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel="stated confidence", ylabel="right")
    axes.set_title(summary, fontsize=8, wrap=True, parse_math=False)
    write_figure(figure, path)
