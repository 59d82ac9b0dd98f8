"""The modules outside the suite still fit the product: a rename would break them, and nobody would see it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IMPORT_ALL = """
import sys
from importlib import import_module

for name in sys.argv[1:]:
    try:
        import_module(name)
    except Exception as error:
        print(f"{name}: {error!r}")
"""


@pytest.mark.parametrize("package", ["benchmarks", "packages", "soak", "vmtest"])
def test_every_module_can_be_imported(package):
    """In a process of its own: what tests share may be imported already, by other names."""
    names = sorted(f"{package}.{path.stem}" for path in (ROOT / package).glob("[!_]*.py"))
    assert names
    command = [sys.executable, "-W", "error", "-c", IMPORT_ALL, *names, f"{package}.__main__"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
