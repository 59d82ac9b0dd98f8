"""The figures of the sync benchmark, as they are printed."""

from __future__ import annotations

from collections.abc import Sequence
from math import isinf

from benchmarks.sync_verdict import Figures, Verdict

_MIB = 2**20


def heading() -> str:
    """Return the line above the rows."""
    return f"{'session':<30}{'outcome':>14}{'confidence':>12}{'error ms':>10}{'CPU s':>8}{'wall s':>8}"


def row(verdict: Verdict) -> str:
    """Return a line for one session; an outcome that is not the right one is in capitals."""
    cost = verdict.answered.cost
    line = f"{verdict.session.name:<30}{_outcome(verdict):>14}{verdict.confidence:12.4f}"
    line += f"{_error(verdict):>10}{cost.cpu_s:8.1f}{cost.wall_s:8.1f}"
    return line if verdict.answered.answer else f"{line}  {verdict.answered.words.strip()[-100:]}"


def _outcome(verdict: Verdict) -> str:
    if verdict.false_accept:
        return "FALSE ACCEPT"
    if not verdict.session.solvable:
        return "escalated"
    if verdict.right:
        return "right" if verdict.accepted else "right, UNSURE"
    return "WRONG, unsure"


def _error(verdict: Verdict) -> str:
    if not verdict.session.solvable:
        return "-"
    return "no place" if isinf(verdict.worst_ms) else f"{verdict.worst_ms:.3f}"


def conditions(verdicts: Sequence[Verdict]) -> str:
    """Return a row of Markdown for each condition, in the order in which they came."""
    lines = [
        "| condition | sessions | right | accepted | false accepts | worst error of the right ones, ms |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for condition in dict.fromkeys(verdict.session.condition for verdict in verdicts):
        here = Figures([verdict for verdict in verdicts if verdict.session.condition == condition])
        solvable = here.count(lambda one: one.session.solvable)
        false = here.count(lambda one: one.false_accept)
        right = f"{here.count(lambda one: one.right)} of {solvable}" if solvable else "-"
        worst = f"{max(here.right_ms):.3f}" if here.right_ms else "-"
        lines.append(
            f"| {condition} | {len(here.verdicts)} | {right}"
            f" | {here.count(lambda one: one.accepted)} | {false} | {worst} |"
        )
    return "\n".join(lines)


def summary(figures: Figures) -> str:
    """Return the sums as a table of Markdown."""
    sessions, solvable = len(figures.verdicts), figures.count(lambda one: one.session.solvable)
    answered = [verdict.answered for verdict in figures.verdicts]
    within = sum(error <= 1 for error in figures.right_ms)
    false = figures.count(lambda one: one.false_accept)
    told = {
        "right within 8.33 ms at both ends": f"{figures.count(lambda one: one.right)} of {solvable}",
        "false accepts (on sessions without an answer)": f"{false}"
        f" ({figures.count(lambda one: one.false_accept and not one.session.solvable)}) of {sessions}",
        "right outcome": f"{figures.count(lambda one: one.right_outcome)} of {sessions}",
        "Brier": f"{figures.brier:.3f}",
        "expected calibration error, ten bins": f"{figures.calibration_error:.3f}",
        "median error of the right ones": f"{figures.median_ms:.3f} ms",
        "within 1 ms, of the right ones": f"{within} of {len(figures.right_ms)}",
        "CPU-s an hour of material": f"{figures.cpu_s_an_hour:.1f}",
        "peak memory of all processes together": f"{max(one.tree.whole for one in answered) / _MIB:.0f} MiB",
        "of the largest process": f"{max(one.cost.peak_bytes for one in answered) / _MIB:.0f} MiB",
        "wall": f"{sum(one.cost.wall_s for one in answered):.1f} s",
    }
    rows = [f"| {name} | {figure} |" for name, figure in told.items()]
    return "\n".join(["| | |", "| --- | --- |", *rows])
