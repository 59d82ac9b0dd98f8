"""The acceptance generator is a second opinion: it knows the product by its command alone."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "acceptance").rglob("*.py"))


def list_imports(module: Path) -> set[str]:
    """Return the top-level packages that a module imports."""
    found = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_it_imports_neither_the_product_nor_what_it_was_tuned_on(module):
    assert not list_imports(module) & {"mcsyncd", "calibration"}


def test_the_import_of_the_product_would_be_found(tmp_path):
    module = tmp_path / "tuned.py"
    module.write_text("from mcsyncd.sync.solve import solve_alignment\nimport calibration.room\n")
    assert list_imports(module) == {"mcsyncd", "calibration"}
    assert MODULES
