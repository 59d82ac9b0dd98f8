"""What `selftest` prints: tables and one sentence for people, or the JSON document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mcsyncd import __version__
from mcsyncd.align.selftest.cases import WITHOUT_ANSWER, CaseKind
from mcsyncd.align.selftest.excerpts import SoundExcerpt
from mcsyncd.align.selftest.run import SelftestResult
from mcsyncd.align.selftest.verdicts import (
    REVIEW_BELOW,
    TOLERANCE_MS,
    CaseVerdict,
    ConfidenceBin,
    Share,
    build_bins,
    count_verdicts,
    group_by_kind,
    has_answer,
)
from mcsyncd.model.text import escape_text
from mcsyncd.present.numbers import NO_VALUE, format_duration, format_offset, format_percent

TITLES = {
    CaseKind.CUT: "one file, two excerpts that overlap",
    CaseKind.CLOCK: "… on another clock",
    CaseKind.MICROPHONE: "… by another microphone",
    CaseKind.CAMERAS: "two files of one event",
    CaseKind.ELSEWHERE: "one file, no moment in common",
    CaseKind.CAMERAS_ELSEWHERE: "two files, no moment in common",
    CaseKind.OTHER_EVENT: "files of two events",
}
"""What people read of each kind of case."""
_BAR_CELLS = 30
"""Columns of a bar. Judgement: the table stays within 80."""
_MOST_LISTED = 10
"""False accepts that are listed. Judgement: more are one and the same trouble; `--json` has them all."""


def count_false_accepts(verdicts: Sequence[CaseVerdict]) -> Share:
    """Return how many of all cases were accepted with a wrong answer."""
    return count_verdicts(verdicts, lambda one: one.is_false_accept)


def format_selftest(result: SelftestResult) -> str:
    """Return what a self-test found, for people: false accepts first, the sentence for a supervisor last."""
    verdicts, false = result.verdicts, count_false_accepts(result.verdicts)
    seconds, seed = format_duration(result.seconds), result.order.seed
    lines = [f"false accepts: {false.count} of {false.of} cases (95 % interval: {_format_interval(false)})"]
    lines += [_format_false_accept(one) for one in _list_false_accepts(verdicts)[:_MOST_LISTED]]
    if false.count > _MOST_LISTED:
        lines.append(f"  … and {false.count - _MOST_LISTED} more")
    lines += ["", f"{'cases':<38}{'tried':>6}{'right':>7}{'wrong':>7}{'held back':>11}"]
    lines += [_format_kind(kind, group) for kind, group in group_by_kind(verdicts).items()]
    lines += ["", f"{'confidence':<14}{'cases':>6}{'stated':>8}{'right':>7}   0 %{'100 %':>{_BAR_CELLS - 3}}"]
    lines += [_format_bin(one) for one in build_bins(verdicts)]
    lines += ["", *_explain(result), "", summarize_selftest(verdicts)]
    lines.append(f"({_count_files(result)}, seed {seed}, {seconds})")
    return "\n".join(lines)


def summarize_selftest(verdicts: Sequence[CaseVerdict]) -> str:
    """Return in one sentence what a supervisor should know."""
    accepted = [one for one in verdicts if one.is_accepted]
    false = [one for one in accepted if one.is_false_accept]
    solvable = [one for one in verdicts if has_answer(one)]
    held = sum(not one.is_accepted for one in solvable)
    if false:
        return (
            f"On this material, Looks Good was wrong in {len(false)} of {len(accepted)} cases:"
            " listen before you approve."
        )
    if not accepted:
        return "On this material, nothing was accepted: expect Review Sync every time."
    text = f"On this material, Looks Good was right in all {len(accepted)} cases"
    if held:
        return f"{text}; {held} of {len(solvable)} that have an answer would go to a person."
    return f"{text}, and none that has an answer was held back."


def build_selftest_document(result: SelftestResult) -> dict[str, object]:
    """Return the JSON document of `selftest --json`. Times are in ms or, where named so, in seconds."""
    verdicts = result.verdicts
    false = count_false_accepts(verdicts)
    return {
        "version": __version__,
        "seed": result.order.seed,
        "seconds": round(result.seconds, 3),
        "review_below": REVIEW_BELOW,
        "tolerance_ms": round(TOLERANCE_MS, 3),
        "files": [
            {"name": one.name, "seconds": round(one.seconds, 3), "problem": one.problem or None}
            for one in result.files
        ],
        "pairs": [
            {
                "files": [pair.x.name, pair.y.name],
                "offset_ms": pair.offset_us / 1e3,
                "drift_ppm": pair.drift_ppm,
                "confidence": pair.confidence,
            }
            for pair in result.pairs
        ],
        "false_accepts": _build_share(false),
        "kinds": {
            str(kind): {
                "cases": len(group),
                "right": None if kind in WITHOUT_ANSWER else _count_right(group),
                "false_accepts": count_false_accepts(group).count,
                "held_back": sum(not one.is_accepted for one in group),
            }
            for kind, group in group_by_kind(verdicts).items()
        },
        "reliability": [
            {"from": one.low, "to": one.high, "stated": round(one.stated, 4), **_build_share(one.right)}
            for one in build_bins(verdicts)
        ],
        "cases": [_build_case(one) for one in verdicts],
        "summary": summarize_selftest(verdicts),
    }


def _count_right(group: Sequence[CaseVerdict]) -> int:
    return sum(one.is_accepted and one.is_right for one in group)


def _count_files(result: SelftestResult) -> str:
    used, proven = sum(not one.problem for one in result.files), len(result.pairs)
    text = f"{used} file{'s' * (used != 1)}"
    return (
        f"{text}, of which {proven} pair{'s belong' if proven != 1 else ' belongs'} together"
        if proven
        else text
    )


def _list_false_accepts(verdicts: Sequence[CaseVerdict]) -> list[CaseVerdict]:
    return [one for one in verdicts if one.is_false_accept]


def _format_kind(kind: CaseKind, group: Sequence[CaseVerdict]) -> str:
    right = NO_VALUE if kind in WITHOUT_ANSWER else str(_count_right(group))
    held = sum(not one.is_accepted for one in group)
    wrong = count_false_accepts(group).count
    return f"{TITLES[kind]:<38}{len(group):>6}{right:>7}{wrong:>7}{held:>11}"


def _format_bin(one: ConfidenceBin) -> str:
    name = f"{format_percent(one.low)} to {format_percent(one.high)}"
    filled = round(_BAR_CELLS * one.right.count / one.right.of)
    cells = ["█"] * filled + ["·"] * (_BAR_CELLS - filled)
    cells[min(_BAR_CELLS - 1, int(_BAR_CELLS * one.stated))] = "┃"
    right = format_percent(one.right.count / one.right.of)
    return f"{name:<14}{one.right.of:>6}{format_percent(one.stated):>8}{right:>7}   {''.join(cells)}"


def _format_interval(share: Share) -> str:
    low, high = share.interval
    return f"{low:.1%} to {high:.1%}"


def _format_false_accept(one: CaseVerdict) -> str:
    offset = "no place" if one.offset_us is None else format_offset(one.offset_us / 1e3)
    truth = "they share no moment" if one.error_ms is None else f"{one.error_ms:.1f} ms off"
    confidence = format_percent(one.confidence)
    places = f"{_format_excerpt(one.case.x)} and {_format_excerpt(one.case.y)}"
    return f"  {places}: {offset} at {confidence}, {truth}"


def _format_excerpt(excerpt: SoundExcerpt) -> str:
    begin_s = excerpt.begin_s
    end_s = begin_s + excerpt.seconds * excerpt.speed
    return f"{escape_text(excerpt.material.name, 60)} {begin_s:.1f}–{end_s:.1f} s"  # noqa: RUF001  # an en dash between two times


def _explain(result: SelftestResult) -> Iterator[str]:
    """Yield what the figures rest on, and what they leave out."""
    yield "The bar is what was right, ┃ what was stated. Wrong: accepted, and 8.3 ms off or more, or nowhere."
    kinds = {one.case.kind for one in result.verdicts}
    if CaseKind.CAMERAS in kinds:
        yield "One microphone is easier than two cameras: the cases of two files are the honest ones."
    else:
        yield "All cases with an answer are of one microphone each, which is easier than two cameras."
    if CaseKind.OTHER_EVENT not in kinds:
        yield "Nothing was compared with another event: --other-event FILE adds a recording of one."


def _build_share(share: Share) -> dict[str, object]:
    low, high = share.interval
    return {"count": share.count, "of": share.of, "interval": [round(low, 4), round(high, 4)]}


def _build_case(one: CaseVerdict) -> dict[str, object]:
    case = one.case
    return {
        "number": case.number,
        "kind": str(case.kind),
        "excerpts": [
            {
                "file": excerpt.material.name,
                "begin_s": round(excerpt.begin_s, 4),
                "seconds": round(excerpt.seconds, 4),
            }
            for excerpt in (case.x, case.y)
        ],
        "true_offset_ms": None if case.offset_us is None else round(case.offset_us / 1e3, 4),
        "true_drift_ppm": None if case.offset_us is None else round(case.drift_ppm, 3),
        "offset_ms": None if one.offset_us is None else one.offset_us / 1e3,
        "error_ms": None if one.error_ms is None else round(one.error_ms, 4),
        "confidence": round(one.confidence, 4),
        "accepted": one.is_accepted,
    }
