"""Write fitted numbers into the solver's module."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from mcsyncd.sync import confidence_model as fitted
from mcsyncd.sync.confidence_model import ConfidenceModel

MODULE = Path(fitted.__file__)


def write_numbers(numbers: ConfidenceModel, path: Path = MODULE) -> None:
    """Replace `FITTED_MODEL` in the module at `path`; the rest of it stays."""
    before, _, _ = path.read_text(encoding="utf-8").partition("FITTED_MODEL = ConfidenceModel(")
    lines = [f"    {field.name}={_told(getattr(numbers, field.name))},\n" for field in fields(numbers)]
    path.write_text(f"{before}FITTED_MODEL = ConfidenceModel(\n{''.join(lines)})\n", encoding="utf-8")


def _told(value: object) -> str:
    """The value as it is written in Python; a step that falls to nothing leaves that away."""
    told = repr(value)
    return told.replace(", floor=0.0", "")
