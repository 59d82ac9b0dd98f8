"""A running step as one line. Pure."""

from __future__ import annotations

from mcsyncd.api import ProgressBody
from mcsyncd.present.numbers import format_duration, format_percent, format_size


def format_progress(step: ProgressBody, width: int | None = None) -> str:
    """Return `61% · 3:10 left · 48 fps · 1114 of 1800 frames`, the most wanted first.

    With a `width`, what does not fit is left out from the end; the percentage always stays.
    """
    parts = [part for part in (_format_left(step), _format_throughput(step), _format_count(step)) if part]
    shown = format_percent(step.done)
    for part in parts:
        longer = f"{shown} · {part}"
        if width is not None and len(longer) > width:
            break
        shown = longer
    return shown


def _format_left(step: ProgressBody) -> str:
    return "" if step.eta_s is None else f"{format_duration(step.eta_s)} left"


def _format_throughput(step: ProgressBody) -> str:
    if not step.rate:
        return ""
    return {"bytes": f"{format_size(step.rate)}/s", "frames": f"{step.rate:.0f} fps"}.get(step.unit, "")


def _format_count(step: ProgressBody) -> str:
    if not step.total:
        return ""
    return {
        "bytes": f"{format_size(step.count)} of {format_size(step.total)}",
        "frames": f"{step.count} of {step.total} frames",
    }.get(step.unit, "")
