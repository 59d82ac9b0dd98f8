"""Copy clips into the drop folders at the speed of a card reader."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

from mcsyncd.demo.truth import Shoot

_STEPS_PER_SECOND = 10
"""Writes per second and file. Judgement: smooth progress, and every scan sees files that still grow."""


def list_cards(shoot: Shoot) -> list[tuple[str, Path]]:
    """Return every file of a shoot with the key of its camera."""
    return [*shoot.files.items(), *shoot.broll.items()]


def drop_slowly(
    files: Iterable[tuple[str, Path]], drop: Path, seconds: float, report_progress: Callable[[float], None]
) -> None:
    """Copy each file to `drop/<camera>/<its name>`, all in parallel, growing over `seconds`.

    The files have their final names from the first byte, as with cards, phones and `cp`: the daemon has
    to find out when a file is complete. `report_progress` is called with the fraction done. Files of the
    same name are replaced. Raises OSError.
    """
    steps = max(1, round(seconds * _STEPS_PER_SECOND))
    with ExitStack() as stack:
        pairs = []
        for key, source in files:
            target = drop / key / source.name
            target.parent.mkdir(parents=True, exist_ok=True)
            chunk = -(-source.stat().st_size // steps)
            pairs.append(
                (stack.enter_context(source.open("rb")), stack.enter_context(target.open("wb")), chunk)
            )
        begin = time.monotonic()
        for step in range(1, steps + 1):
            for reading, writing, chunk in pairs:
                writing.write(reading.read(chunk))
                writing.flush()
            report_progress(step / steps)
            time.sleep(max(0.0, begin + step / _STEPS_PER_SECOND - time.monotonic()))
