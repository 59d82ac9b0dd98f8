"""The .deb in a Debian that really boots: `make vmtest`. It shares the disk of the tests' power cuts."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
