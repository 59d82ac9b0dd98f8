"""Write fitted numbers into the solver's module."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from mcsyncd.sync import fitted
from mcsyncd.sync.fitted import Numbers, Step


def write_numbers(numbers: Numbers) -> None:
    """Replace `FITTED` in `mcsyncd/sync/fitted.py`."""
    path = Path(fitted.__file__)
    before, _, _ = path.read_text(encoding="utf-8").partition("FITTED = Numbers(")
    lines = [f"    {field.name}={_told(getattr(numbers, field.name))},\n" for field in fields(numbers)]
    path.write_text(f"{before}FITTED = Numbers(\n{''.join(lines)})\n", encoding="utf-8")


def _told(value: Step | float) -> str:
    return f"Step({value.middle!r}, {value.power!r})" if isinstance(value, Step) else repr(value)
