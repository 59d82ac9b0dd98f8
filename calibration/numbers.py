"""Write fitted numbers into the solver's module."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from mcsyncd.sync import fitted
from mcsyncd.sync.fitted import Numbers

MODULE = Path(fitted.__file__)


def write_numbers(numbers: Numbers, path: Path = MODULE) -> None:
    """Replace `FITTED` in the module at `path`, `mcsyncd/sync/fitted.py`; the rest of it stays."""
    before, _, _ = path.read_text(encoding="utf-8").partition("FITTED = Numbers(")
    lines = [f"    {field.name}={_told(getattr(numbers, field.name))},\n" for field in fields(numbers)]
    path.write_text(f"{before}FITTED = Numbers(\n{''.join(lines)})\n", encoding="utf-8")


def _told(value: object) -> str:
    """The value as it is written in Python; a step that falls to nothing leaves that away."""
    told = repr(value)
    return told.replace(", least=0.0", "")
