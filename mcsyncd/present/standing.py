"""What stands behind a session's offsets: whose they are, why it is in review again, why it is sure. Pure."""

from __future__ import annotations

from datetime import datetime

from mcsyncd.api import ErrorBody, HandSetBody, SessionBody
from mcsyncd.model.text import escape_text
from mcsyncd.present.numbers import format_duration, format_offset, format_percent, format_time, parse_rate
from mcsyncd.present.session import format_clip, format_reasons, list_camera_labels

_CLOCKS = frozenset({"linear_timecode", "timecode", "time_reference"})
"""Witnesses that are precise clocks of a recorder or a camera; recording times are not."""


def format_hand_set(session: SessionBody, now: datetime) -> list[str]:
    """Return a line for each offset that a person set: theirs, and what the machine had.

    `Cam B +100 ms by kim 19:50 · the machine had −134 ms at 99%, 7.0 frames away`
    """  # noqa: RUF002  # the sign that is shown
    return [_format_one(session, one, now) for one in session.hand_set]


def _format_one(session: SessionBody, one: HandSetBody, now: datetime) -> str:
    labels = list_camera_labels(session)
    name = format_clip(f"{one.camera}/{one.clip}", labels) if one.clip else labels.get(one.camera, "")
    mine = f"{name} {format_offset(one.offset_ms)} by {escape_text(one.by, 40)} {format_time(one.at, now)}"
    if one.solved_ms is None:
        return f"{mine} · the machine has no place for it"
    sure = f" at {format_percent(one.solved_confidence)}" if one.solved_confidence is not None else ""
    return f"{mine} · the machine had {format_offset(one.solved_ms)}{sure}{_format_distance(session, one)}"


def _format_distance(session: SessionBody, one: HandSetBody) -> str:
    rate = parse_rate(session.rate)
    if rate is None or one.solved_ms is None:
        return ""
    frames = abs(one.offset_ms - one.solved_ms) * 1000 / float(rate.tick_us)
    return f", {frames:.1f} frames away"


def format_reopened(session: SessionBody, now: datetime) -> str:
    """Return who sent the session back to review, when and why; empty if nobody did."""
    found = session.reopened
    if found is None:
        return ""
    by = f" by {escape_text(found.by, 40)}" if found.by else ""
    return f"Reopened{by} {format_time(found.at, now)}: {escape_text(found.reason, 300)}"


def format_next_try(error: ErrorBody, now: datetime) -> str:
    """Return when what failed is tried again, `next try 14:07`; empty if nothing waits for its time."""
    return f"next try {format_time(error.retry_at, now)}" if error.retry_at else ""


def list_resync_costs(session: SessionBody) -> list[str]:
    """Return what a person loses by another sync, a sentence each; empty where nobody decided anything."""
    costs = []
    if session.state == "stale" and session.error is not None:
        costs.append(
            f"The changed file is taken for the right one: {escape_text(session.error.message, 300)}."
        )
    if session.approved_by:
        costs.append(f"The approval by {escape_text(session.approved_by, 40)} becomes void.")
    if session.manifest_key:
        costs.append("What was published stays until the new offsets are approved.")
    if session.hand_set:
        costs.append("Offsets that a person set are given up for the machine's.")
    return costs


def format_why(session: SessionBody) -> str:
    """Return in one line why the confidence is what it is: the doubts, or what agrees where there is none."""
    if reasons := format_reasons(session):
        return reasons
    if session.hand_set:
        percent = format_percent(session.sync_confidence)
        return f"the machine's {percent} says nothing about what was set by hand"
    others = [body for key, body in session.angles.items() if key != session.reference]
    if not others:
        return ""
    if session.sync_method != "audio-corr":
        return "placed by clocks only; nothing was heard that confirms it"
    overlap = format_duration(min(body.overlap_s for body in others))
    clocks = {vote.kind for body in others for vote in body.witnesses if vote.stance == "agrees"} & _CLOCKS
    return f"every angle shares {overlap} or more of sound{', and timecode agrees' if clocks else ''}"
