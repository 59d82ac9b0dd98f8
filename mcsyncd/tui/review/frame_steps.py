"""Moving the cursor by frames of the reference. Pure."""

from __future__ import annotations

from mcsyncd.tui.review.frame_answers import FrameAnswer


def step_cursor_us(cursor_us: int, by: int, shown: FrameAnswer | None, tick_us: int) -> int:
    """Return the cursor `by` frames later (positive) or earlier (negative), within a frame.

    `shown` is the newest frame of the reference. If the cursor is in it, the first step is exact whatever the
    rate; further ones, and those made before the daemon has answered, take its length, or `tick_us` where
    there is no frame. Edges are rounded up to microseconds, so a step later is longer by one, and a step
    earlier shorter: it ends in the frame that is meant.
    """
    length_us = (shown.length_us if shown is not None else None) or tick_us
    step_us = length_us + 1 if by > 0 else length_us - 1
    if by == 0 or shown is None or not shown.covers_moment(cursor_us):
        return cursor_us + by * step_us
    edge_us = shown.end_us if by > 0 else shown.previous_us
    first_us = edge_us if edge_us is not None else cursor_us + (step_us if by > 0 else -step_us)
    return first_us + (by - 1 if by > 0 else by + 1) * step_us
