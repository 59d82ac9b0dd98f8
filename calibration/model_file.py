"""Write a fitted confidence model into the solver's module."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from mcsyncd.sync import confidence_model
from mcsyncd.sync.confidence_model import ConfidenceModel

MODULE = Path(confidence_model.__file__)
"""The module that holds the fitted model; everything from its assignment on is rewritten."""
_ASSIGNMENT = "FITTED_MODEL = ConfidenceModel("


def write_model(model: ConfidenceModel, path: Path = MODULE) -> None:
    """Replace `FITTED_MODEL` in the module at `path`; what stands before it stays."""
    before, _, _ = path.read_text(encoding="utf-8").partition(_ASSIGNMENT)
    lines = [f"    {field.name}={_format_value(getattr(model, field.name))},\n" for field in fields(model)]
    path.write_text(f"{before}{_ASSIGNMENT}\n{''.join(lines)})\n", encoding="utf-8")


def _format_value(value: object) -> str:
    """Return the value as Python source, without a floor of zero, which is the default."""
    return repr(value).replace(", floor=0.0", "")
