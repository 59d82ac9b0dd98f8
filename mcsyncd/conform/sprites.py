"""Plan thumbnails for scrubbing: one per second, many on a sheet, and a WebVTT file that locates them. Pure.

The format is the one that players support (`sheet.jpg#xywh=x,y,w,h`, W3C Media Fragments 4.2.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from mcsyncd.conform.frame_conversion import FrameConversion, plan_thumbnail_conversion
from mcsyncd.model.clip import VideoStream
from mcsyncd.model.rate import Rate

THUMBNAIL_BOX = (160, 90)
"""The box that a thumbnail fits into, in pixels. Judgement: recognisable, and a sheet stays under 250 KiB."""

COLUMNS, ROWS = 10, 10
TILES_PER_SHEET = COLUMNS * ROWS
"""Judgement: a hundred. One sheet for a whole day would have to stay in memory until the end, and a player
would have to load all of it for the first thumbnail. Fewer make more files and requests."""


@dataclass(frozen=True, slots=True)
class SpritePlan:
    """How thumbnails are made: their conversion, and the number of ticks of `rate` from one to the next."""

    conversion: FrameConversion
    rate: Rate
    step_ticks: int

    def locate_tile(self, tile: int) -> tuple[int, int]:
        """Return the column and the row of a thumbnail on its sheet."""
        return tile % COLUMNS, tile % TILES_PER_SHEET // COLUMNS

    def count_tiles(self, ticks: int) -> int:
        """Return the number of thumbnails for `ticks` ticks."""
        return ceil(ticks / self.step_ticks)


def plan_sprites(video: VideoStream, rate: Rate) -> SpritePlan:
    """Plan the thumbnails of a clip: one per second, rounded up to whole ticks."""
    return SpritePlan(plan_thumbnail_conversion(video, THUMBNAIL_BOX), rate, ceil(rate.fraction))


def format_webvtt(plan: SpritePlan, ticks: int, sheets: Sequence[str]) -> str:
    """Return the WebVTT text for `ticks` ticks; `sheets` are the file names of the sheets beside it."""
    return "\n".join(
        ("WEBVTT", "", *(_format_cue(plan, tile, ticks, sheets) for tile in range(plan.count_tiles(ticks))))
    )


def _format_cue(plan: SpritePlan, tile: int, ticks: int, sheets: Sequence[str]) -> str:
    first = tile * plan.step_ticks
    width, height = plan.conversion.size
    column, row = plan.locate_tile(tile)
    target = f"{sheets[tile // TILES_PER_SHEET]}#xywh={column * width},{row * height},{width},{height}"
    return (
        f"{_format_tick_time(plan, first)} --> "
        f"{_format_tick_time(plan, min(first + plan.step_ticks, ticks))}\n{target}\n"
    )


def _format_tick_time(plan: SpritePlan, tick: int) -> str:
    ms = round(tick * plan.rate.tick_us / 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"
