"""Every library that comes inside a wheel of the product is listed with its licence."""

from __future__ import annotations

import re
from importlib.metadata import files
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "licences.md"


@pytest.mark.parametrize("package", ["av", "numpy"])
def test_every_library_of_a_wheel_is_listed(package):
    inside = {
        re.split(r"-[0-9a-f]{8}|\.so", file.name)[0]
        for file in files(package) or ()
        if file.parts[0] == f"{package}.libs"
    }
    rows = [row for row in PAGE.read_text().splitlines() if row.startswith("| `") and f"| {package} |" in row]
    assert inside == {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
