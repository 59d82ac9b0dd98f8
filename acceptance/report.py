"""The figures of a run as tables of Markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isinf
from statistics import fmean, median

from acceptance.judge import RIGHT_WITHIN_MS, Outcome, Verdict

_BINS = 10
_HEAD = (
    "| {} | n | right | false accepts | needless escalations | right outcomes | median error, ms |\n"
    "| --- | --- | --- | --- | --- | --- | --- |"
)


def report(verdicts: Sequence[Verdict]) -> str:
    """Return all tables."""
    ordered = sorted(verdicts, key=lambda one: one.trial.seed)
    parts = [
        "## All",
        _tabulate(ordered, "", lambda _: "all"),
        _calibrate(ordered),
        "## Groups",
        _tabulate(ordered, "group", lambda one: one.trial.group),
        "## Conditions",
        _tabulate(ordered, "condition", lambda one: f"{one.trial.group}: {one.trial.condition}"),
        "## Failures",
        _list_failures(ordered),
    ]
    return "\n\n".join(parts)


def _tabulate(verdicts: Sequence[Verdict], title: str, name: Callable[[Verdict], str]) -> str:
    lines = [_HEAD.format(title)]
    for group in sorted({name(one) for one in verdicts}):
        here = [one for one in verdicts if name(one) == group]
        able = [one for one in here if one.solvable]
        errors = [one.error_ms for one in able if not isinf(one.error_ms)]
        cells = (
            group,
            str(len(here)),
            f"{sum(one.right for one in able)} of {len(able)}" if able else "-",
            _share(here, Outcome.FALSE_ACCEPT),
            _share(here, Outcome.NEEDLESS),
            _share(here, Outcome.RIGHT, Outcome.DOUBTED),
            f"{median(errors):.3f}" if errors else "-",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _share(verdicts: Sequence[Verdict], *outcomes: Outcome) -> str:
    count = sum(one.outcome in outcomes for one in verdicts)
    return f"{count} ({100 * count / len(verdicts):.1f} %)" if count else "0"


def _calibrate(verdicts: Sequence[Verdict]) -> str:
    """Return how well confidence foretells a right answer."""
    bins: list[list[Verdict]] = [[] for _ in range(_BINS)]
    for one in verdicts:
        # A bin holds its upper end: 0.9 itself is not in the top one.
        bins[max(0, min(_BINS - 1, -int(-one.trial.confidence * _BINS // 1) - 1))].append(one)
    gaps = [abs(fmean(one.trial.confidence - one.right for one in here)) if here else 0.0 for here in bins]
    expected = sum(gap * len(here) for gap, here in zip(gaps, bins, strict=True)) / max(len(verdicts), 1)
    brier = fmean((one.trial.confidence - one.right) ** 2 for one in verdicts)
    accepted = [one for one in verdicts if one.accepted]
    right = f"{sum(one.right for one in accepted)} of {len(accepted)} right"
    top = f"{gaps[-1]:.4f} (n = {len(bins[-1])})"
    hours = sum(one.trial.seconds for one in verdicts) / 3600
    solved = median(one.trial.solved_s for one in verdicts)
    made = median(one.trial.made_s for one in verdicts)
    return "\n".join(
        (
            f"- right: within {RIGHT_WITHIN_MS} ms at every instant that is checked",
            f"- Brier {brier:.4f}, ECE {expected:.4f}, ECE of the top bin {top}",
            f"- answers of 0.85 or more: {right}",
            f"- {hours:.1f} h of material; a session takes {made:.1f} s to make and {solved:.1f} s to solve",
        )
    )


def _list_failures(verdicts: Sequence[Verdict]) -> str:
    lines = [
        "| seed | condition | outcome | confidence | error, ms | reasons |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for one in verdicts:
        trial = one.trial
        if one.outcome in {Outcome.FALSE_ACCEPT, Outcome.NEEDLESS} or trial.fault:
            error = "no place" if isinf(one.error_ms) else f"{one.error_ms:.2f}" if one.solvable else "-"
            words = trial.fault or ", ".join(trial.reasons)
            name = f"{trial.seed} | {trial.group}: {trial.condition}"
            lines.append(f"| {name} | {one.outcome.value} | {trial.confidence:.4f} | {error} | {words} |")
    return "\n".join(lines)
