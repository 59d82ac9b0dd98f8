"""The colour tags of a picture, as its stream carries them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Colour:
    """Colour tags as the stream carries them (ffmpeg's names); None where it carries none."""

    primaries: str | None = None
    transfer: str | None = None
    matrix: str | None = None
    full_range: bool = False


UNTAGGED = Colour()
"""The colour of a stream that says nothing about it."""
