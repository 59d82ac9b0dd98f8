"""Each family of bad input has a test that exists: the table in docs/reliability.md."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
COUNT = 72
ROWS = re.findall(
    r"^\| (\d+) \| ([^|]+) \| ([^|]+) \|$", (ROOT / "docs" / "reliability.md").read_text(), re.MULTILINE
)


def test_the_families_are_all_there_once_and_in_order():
    assert [int(number) for number, _, _ in ROWS] == list(range(1, COUNT + 1))


def test_every_test_of_a_family_exists():
    missing = [
        f"{number}: {name}"
        for number, _, cell in ROWS
        for name in re.findall(r"`([^`]+)`", cell) or ["no test"]
        if not exists(name)
    ]
    assert not missing


def exists(name: str) -> bool:
    """Whether `path::test` or `path::Class::test` is a test below `tests/`."""
    path, *parts = name.split("::")
    file = ROOT / "tests" / path
    if not parts or not parts[-1].startswith("test_") or not file.is_file():
        return False
    inside: list[ast.stmt] = ast.parse(file.read_text()).body
    for part in parts:
        found = [
            one
            for one in inside
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and one.name == part
        ]
        if not found:
            return False
        inside = found[0].body
    return True
