"""Long tests of reliability, too long for every change: `make soak`. They share the tests' helpers."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
