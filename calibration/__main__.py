"""Calibrate the sync confidence: `python -m calibration collect …`, then `python -m calibration fit`.

See docs/calibration.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from calibration.collect import collect, read, write
from calibration.fit import fit, samples
from calibration.judge import fit_sessions, report, verdict
from calibration.numbers import write_numbers
from mcsyncd.sync.confidence_model import FITTED_MODEL

HERE = Path(__file__).parent
EVIDENCE = HERE / "evidence.jsonl.gz"


def main() -> None:
    """Run one of the two steps."""
    parser = argparse.ArgumentParser(prog="python -m calibration", description=__doc__)
    steps = parser.add_subparsers(dest="step", required=True)
    gather = steps.add_parser("collect", help="generate sessions, solve them, write the evidence")
    gather.add_argument("--sources", type=Path, help="a folder with speech/, music/ and noise/")
    gather.add_argument("--first", type=int, default=0, help="the first seed")
    gather.add_argument("--count", type=int, default=1200)
    gather.add_argument("--jobs", type=int, default=2)
    gather.add_argument("--out", type=Path, default=EVIDENCE)
    refit = steps.add_parser(
        "fit", help="fit mcsyncd/sync/confidence_model.py to the evidence and say how good it is"
    )
    refit.add_argument("evidence", type=Path, nargs="?", default=EVIDENCE)
    refit.add_argument("--keep", action="store_true", help="only say how good the present numbers are")
    chosen = parser.parse_args()
    if chosen.step == "collect":
        seeds = range(chosen.first, chosen.first + chosen.count)
        write(collect(seeds, chosen.sources, chosen.jobs), chosen.out)
    else:
        _fit(chosen.evidence, keep=chosen.keep)


def _fit(evidence: Path, *, keep: bool) -> None:
    rows = read(evidence)
    # Every third session is never fitted to: it says how good the numbers are.
    fitted_to = [row for row in rows if row["seed"] % 3]
    held = [row for row in rows if row["seed"] % 3 == 0]
    numbers = FITTED_MODEL
    if not keep:
        numbers = fit_sessions(fitted_to, fit(samples(fitted_to), FITTED_MODEL))
    print("fitted to:\n" + report([verdict(row, numbers) for row in fitted_to]))
    print("\nheld back:\n" + report([verdict(row, numbers) for row in held]))
    if not keep:
        write_numbers(numbers)


if __name__ == "__main__":
    main()
