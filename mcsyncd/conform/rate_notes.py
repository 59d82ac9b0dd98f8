"""What a grid does to the frames of a clip with another rate, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from mcsyncd.model.clip import VideoStream
from mcsyncd.model.rate import Rate

_TIMES = {2: "twice", 3: "three times"}


def describe_rate_change(video: VideoStream, grid: Rate) -> Iterator[str]:
    """Yield a sentence on what becomes of the frames of `video` on a grid of that rate, unless they fit."""
    own = video.rate.fraction
    if own == grid.fraction:
        return
    about = "about " if video.variable_rate else ""
    yield f"recorded at {about}{_format_rate(own)} fps, shown at {_format_rate(grid.fraction)}: " + (
        _describe_drops(own, grid.fraction) if own > grid.fraction else _describe_repeats(own, grid.fraction)
    )


def _describe_drops(own: Fraction, grid: Fraction) -> str:
    if own - grid < 1:
        return f"drops a frame every {_format_number(1 / (own - grid))} s"
    return f"drops {_format_number(own - grid)} of {_format_number(own)} frames a second"


def _describe_repeats(own: Fraction, grid: Fraction) -> str:
    if own < 1:
        return f"shows every frame for {_format_number(1 / own)} s"
    ratio = grid / own
    if ratio.denominator == 1:
        return f"shows every frame {_TIMES.get(int(ratio), f'{ratio} times')}"
    if grid - own < 1:
        return f"shows a frame twice every {_format_number(1 / (grid - own))} s"
    return f"shows {_format_number(grid - own)} frames a second more than there are, as repeats"


def _format_number(value: Fraction) -> str:
    return f"{float(value):.4g}"


def _format_rate(value: Fraction) -> str:
    return f"{float(value):.5g}"
