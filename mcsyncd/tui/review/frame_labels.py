"""What stands above and in place of a frame in the review. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from mcsyncd.api import FrameBody
from mcsyncd.model.text import escape_text
from mcsyncd.present.numbers import MINUS, format_duration, format_frames
from mcsyncd.tui.review.frame_answers import FrameAnswer

NO_PLACE = "no place yet: = gives it one"
"""In place of the frame of an angle without an offset: at which moment of it to look, nobody knows."""

LOADING = "…"
"""In place of a frame, and beside the one before, until it comes."""

_MIN_TILE_CELLS = 18
"""Cells of a frame at least. Judgement: room for its label, and the least in which a person is recognised."""


def choose_shown_angles(angles: Sequence[str], reference: str | None, current: str, width: int) -> list[str]:
    """Return the angles whose frames fit side by side into `width` cells, in their order.

    The reference and the current angle always do; then come the others, first those next to the current one.
    """
    if not angles:
        return []
    room = max(2, width // _MIN_TILE_CELLS)
    at = angles.index(current) if current in angles else 0
    nearest = sorted(angles, key=lambda key: (angles.index(key) - at) % len(angles))
    wanted = [key for key in (reference, current) if key in angles]
    chosen = list(dict.fromkeys((*wanted, *nearest)))[:room]
    return [key for key in angles if key in chosen]


def describe_frame(answer: FrameAnswer, shift_us: int, cursor_us: int, width: int) -> str:
    """Return the moment of a frame, and how far it begins from the cursor in frames: `0:12.400 −0.31 f`.

    In `width` cells, as much as fits of what else is known: its timecode, and which file it comes from.
    """  # noqa: RUF002  # the sign that is shown
    begin_us, length_us = answer.begin_us, answer.length_us
    if begin_us is None or length_us is None:
        return ""
    moment = format_frame_moment(begin_us + shift_us)
    parts = [f"{moment} {format_frames(begin_us + shift_us - cursor_us, 1e6 / length_us)} f"]
    parts += [
        part for part in (escape_text(answer.body.timecode or "", 16), answer.body.source or "") if part
    ]
    lines = ["  ".join(parts[:count]) for count in range(len(parts), 0, -1)]
    return next((line for line in lines if len(line) <= width), lines[-1])


def explain_absence(body: FrameBody, shift_us: int, cursor_us: int) -> str:
    """Return why there is no frame at the cursor, and how far it is to the clip."""
    match body.absence:
        case "before":
            return f"before the clip starts{_format_distance(body.end_ms, shift_us, cursor_us, 'in')}"
        case "after":
            return f"after the clip ends{_format_distance(body.begin_ms, shift_us, cursor_us, 'by')}"
        case "no_picture":
            return "sound only: no picture"
        case "unknown_codec":
            return "no decoder for this picture"
        case "unreadable":
            return escape_text(f"cannot be shown: {body.note}", 200)
        case _:
            return ""


def format_frame_moment(at_us: int) -> str:
    """Return a moment of the session to the millisecond: `0:12.400`, `1:02:12.034`."""
    seconds, ms = divmod(abs(round(at_us / 1000)), 1000)
    return f"{MINUS if at_us < 0 else ''}{format_duration(seconds)}.{ms:03}"


def _format_distance(edge_ms: float | None, shift_us: int, cursor_us: int, word: str) -> str:
    if edge_ms is None:
        return ""
    return f", {word} {abs(edge_ms * 1000 + shift_us - cursor_us) / 1e6:.1f} s"
