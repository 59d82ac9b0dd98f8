"""The measurements behind docs/performance.md. `python -m benchmarks all` runs the short ones."""

import sys
from pathlib import Path

# What films and judges for the tests films and judges for the benchmarks: flat modules, as pytest sees them.
sys.path.append(str(Path(__file__).parents[1] / "tests"))
