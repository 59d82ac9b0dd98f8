"""From evidence to numbers: what is fitted, stored, judged and written."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import cache
from runpy import run_path

import numpy as np
import pytest

from calibration.cases import draw_case, draw_condition
from calibration.collect import measure_case, read_rows, write_rows
from calibration.fit import PairSample, fit_pairs, parse_evidence
from calibration.judge import judge_session, parse_session
from calibration.material import Material
from calibration.model_file import MODULE, write_model
from mcsyncd.sync.confidence import PairEvidence, judge_evidence
from mcsyncd.sync.confidence_model import FITTED_MODEL, ConfidenceModel, HillCurve, LogisticCurve
from mcsyncd.sync.match import Lead
from mcsyncd.sync.measurement import Measurement, compute_clip_confidence, measure_recordings

SEED = next(seed for seed in range(1000) if draw_condition(seed) == "short_clips")


def drawn(count: int, seed: int) -> list[PairEvidence]:
    """Pairs that differ in how much they share and in how much goes astray; nothing else is doubtful."""
    random = np.random.default_rng(seed)
    return [
        PairEvidence(
            significance=float(np.exp(random.uniform(np.log(3.0), np.log(60.0)))),
            agreed_s=600.0,
            rivals=(Lead(5.0, 100.0),),
            astray=float(random.uniform(0.0, 0.8)),
            end_s=1e-4,
        )
        for _ in range(count)
    ]


def chances(evidence: list[PairEvidence], numbers: ConfidenceModel) -> np.ndarray:
    return np.array([judge_evidence(one, numbers).confidence for one in evidence])


def test_the_chances_that_evidence_was_drawn_with_are_found_again():
    truth = replace(FITTED_MODEL, weak=HillCurve(15.0, 3.5), contradiction=HillCurve(0.5, 4.0))
    begin = replace(FITTED_MODEL, weak=HillCurve(9.0, 6.0), contradiction=HillCurve(0.25, 2.5))
    evidence, luck = drawn(150, 1), np.random.default_rng(2).uniform(size=150)
    pairs = [
        PairSample(one, bool(draw < sure), 1.0)
        for one, sure, draw in zip(evidence, chances(evidence, truth), luck, strict=True)
    ]

    found = fit_pairs(pairs, begin)

    fresh = drawn(200, 3)
    miss = np.abs(chances(fresh, found) - chances(fresh, truth)).mean()
    assert miss < 0.07
    assert miss < 0.5 * np.abs(chances(fresh, begin) - chances(fresh, truth)).mean()
    # What the evidence says nothing of stays about where it stood.
    assert found.echo_t.midpoint == pytest.approx(begin.echo_t.midpoint, rel=0.02)
    assert found.loop_trust == begin.loop_trust


@cache
def solved() -> Measurement:
    recordings = draw_case(SEED, Material(None)).recordings
    return measure_recordings(recordings, recordings[0].angle)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """The row of one session, written and read, plain and compressed."""
    made, folder = measure_case(SEED, None), tmp_path_factory.mktemp("evidence")
    for name in ("rows.jsonl", "rows.jsonl.gz"):
        write_rows([made, made], folder / name)
    plain, compressed = read_rows(folder / "rows.jsonl"), read_rows(folder / "rows.jsonl.gz")
    assert plain == compressed
    assert plain[0] == plain[1]
    assert (folder / "rows.jsonl.gz").stat().st_size < (folder / "rows.jsonl").stat().st_size
    return plain[0]


def test_evidence_survives_the_file(stored):
    assert stored["seed"] == SEED
    assert stored["condition"] == "short_clips"
    for pair, kept in zip(solved().pairs, stored["pairs"], strict=True):
        again = parse_evidence(kept["evidence"])
        for name in ("significance", "agreed_s", "astray", "end_s"):
            assert getattr(again, name) == pytest.approx(getattr(pair.evidence, name), rel=1e-6)
        assert [one.share for one in again.rivals] == pytest.approx(
            [one.share for one in pair.evidence.rivals], rel=1e-6
        )


def test_a_stored_session_is_judged_as_the_solver_does(stored):
    judged = judge_session(parse_session(stored), FITTED_MODEL)
    found = solved()
    assert all(place is not None for place in found.solution.placements)
    sound = min(compute_clip_confidence(found, at)[0] for at in range(1, len(found.recordings)))
    assert judged.confidence == pytest.approx(sound, rel=1e-4)
    assert judged.right
    assert judged.session.solvable
    assert (judged.session.seed, judged.session.condition) == (SEED, "short_clips")


def test_numbers_are_written_as_a_module_that_holds_them(tmp_path):
    path = tmp_path / "written.py"
    path.write_text(MODULE.read_text(encoding="utf-8"), encoding="utf-8")
    given = replace(
        FITTED_MODEL, weak=HillCurve(12.3, 4.56), echo_t=LogisticCurve(-1.23, 0.456), loop_trust=0.55
    )

    write_model(given, path)

    assert asdict(run_path(str(path))["FITTED_MODEL"]) == asdict(given)
    write_model(FITTED_MODEL, path)
    assert path.read_bytes() == MODULE.read_bytes()
