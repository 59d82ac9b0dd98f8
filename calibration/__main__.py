"""Calibrate the sync confidence: `python -m calibration collect …`, then `python -m calibration fit`.

See docs/calibration.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from calibration.collect import collect, read_rows, write_rows

HERE = Path(__file__).parent
EVIDENCE = HERE / "evidence.jsonl.gz"
"""The evidence of the sessions in docs/calibration.md; what `fit` reads by default."""


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
        "fit", help="fit mcsyncd/sync/confidence_model.py to the evidence and report how good it is"
    )
    refit.add_argument("evidence", type=Path, nargs="?", default=EVIDENCE)
    refit.add_argument("--keep", action="store_true", help="only report how good the present model is")
    chosen = parser.parse_args()
    if chosen.step == "collect":
        seeds = range(chosen.first, chosen.first + chosen.count)
        write_rows(collect(seeds, chosen.sources, chosen.jobs), chosen.out)
    else:
        _fit(chosen.evidence, keep=chosen.keep)


def _fit(evidence: Path, *, keep: bool) -> None:
    # scipy's optimiser takes 0.6 s to import, and `collect` starts many processes without it.
    from calibration.fit import fit_pairs, select_samples  # noqa: PLC0415  # `collect` needs none of them
    from calibration.judge import fit_sessions, format_report, judge_session, parse_session  # noqa: PLC0415  # `collect` needs none of them
    from calibration.model_file import write_model  # noqa: PLC0415  # `collect` needs none of them
    from mcsyncd.sync.confidence_model import FITTED_MODEL  # noqa: PLC0415  # `collect` needs none of them

    rows = read_rows(evidence)
    # Every third session is held back from the fit, to measure how good the model is.
    fitted = [row for row in rows if row["seed"] % 3]
    sessions = [parse_session(row) for row in fitted]
    held_back = [parse_session(row) for row in rows if row["seed"] % 3 == 0]
    model = FITTED_MODEL
    if not keep:
        model = fit_sessions(sessions, fit_pairs(select_samples(fitted), model))
    print("fitted to:\n" + format_report([judge_session(one, model) for one in sessions]))
    print("\nheld back:\n" + format_report([judge_session(one, model) for one in held_back]))
    if not keep:
        write_model(model)


if __name__ == "__main__":
    main()
