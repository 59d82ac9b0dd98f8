"""The measurements behind docs/performance.md. `python -m benchmarks` runs the short ones."""
