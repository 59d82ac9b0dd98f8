"""The confidence of a pair: more evidence never lowers it, and each doubt alone can ask for review."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearing import RATE, as_int16, babble, taken
from mcsyncd.sync.block_cache import BlockCache
from mcsyncd.sync.coarse_search import Line
from mcsyncd.sync.confidence import (
    Doubt,
    PairEvidence,
    compute_lead_chance,
    evaluate_hill,
    judge_evidence,
    measure_evidence,
)
from mcsyncd.sync.confidence_model import FITTED_MODEL, HillCurve
from mcsyncd.sync.match import Lead
from mcsyncd.sync.matching import match_recordings
from mcsyncd.sync.whitening import WhitenedChannel

leads = st.builds(Lead, st.floats(-0.5, 1.0), st.floats(-50.0, 200.0))
evidences = st.builds(
    PairEvidence,
    significance=st.floats(0.0, 500.0),
    agreed_s=st.floats(0.0, 7200.0),
    rivals=st.lists(leads, max_size=4).map(tuple),
    astray=st.floats(0.0, 2.0),
    end_s=st.floats(0.0, 0.1) | st.just(inf),
)
curves = st.builds(HillCurve, st.floats(0.001, 10.0), st.floats(0.5, 8.0))
more = st.floats(0.0, 100.0)

CERTAIN = PairEvidence(
    significance=1000.0,
    agreed_s=3600.0,
    rivals=(),
    astray=0.0,
    end_s=1e-6,
)


def sure(evidence):
    return judge_evidence(evidence).confidence


@given(evidences)
def test_a_confidence_is_a_probability_below_certainty(evidence):
    belief = judge_evidence(evidence)
    assert 0.0 <= belief.confidence <= FITTED_MODEL.no_hidden_error.value <= 0.999
    assert set(belief.factors) == set(Doubt)
    assert all(0.0 <= factor <= 1.0 for factor in belief.factors.values())


def test_the_best_evidence_there_is_reaches_the_top():
    assert sure(CERTAIN) == pytest.approx(FITTED_MODEL.no_hidden_error.value, abs=1e-3)


@given(evidence=evidences, more=more, field=st.sampled_from(["significance", "agreed_s"]))
def test_more_evidence_for_a_line_never_lowers_it(evidence, more, field):
    better = replace(evidence, **{field: getattr(evidence, field) + more})
    assert sure(better) >= sure(evidence) - 1e-12


@given(evidence=evidences, more=more, field=st.sampled_from(["astray", "end_s"]))
def test_more_evidence_against_a_line_never_raises_it(evidence, more, field):
    worse = replace(evidence, **{field: getattr(evidence, field) + more})
    assert sure(worse) <= sure(evidence) + 1e-12


@given(evidence=evidences, rival=leads)
def test_another_rival_never_raises_it(evidence, rival):
    assert sure(replace(evidence, rivals=(*evidence.rivals, rival))) <= sure(evidence)


@given(evidence=evidences, rival=leads, share=more, t=more)
def test_a_rival_that_is_further_behind_never_lowers_it(evidence, rival, share, t):
    near = replace(evidence, rivals=(*evidence.rivals, rival))
    far = replace(evidence, rivals=(*evidence.rivals, Lead(rival.share + share, rival.t + t)))
    assert sure(far) >= sure(near) - 1e-12


@pytest.mark.parametrize(
    ("doubt", "change"),
    [
        (Doubt.WEAK, {"significance": 2.0}),
        (Doubt.RIVAL, {"rivals": (Lead(0.01, 1.0),)}),
        (Doubt.CONTRADICTION, {"astray": 0.8}),
        (Doubt.SPREAD, {"end_s": 0.02}),
    ],
)
def test_each_doubt_alone_is_enough_to_ask_for_review_and_is_named(doubt, change):
    belief = judge_evidence(replace(CERTAIN, **change))
    assert belief.confidence < 0.85
    assert min(belief.factors, key=belief.factors.__getitem__) is doubt


def test_without_rivals_the_lead_is_certain():
    assert compute_lead_chance([], FITTED_MODEL.rival_lead, FITTED_MODEL.rival_t) == 1.0


@given(st.lists(leads, min_size=1, max_size=5), curves, curves)
def test_the_nearest_rival_decides(rivals, share, t):
    alone = [compute_lead_chance([one], share, t) for one in rivals]
    assert compute_lead_chance(rivals, share, t) == min(alone)
    assert compute_lead_chance(rivals[::-1], share, t) == min(alone)


@given(share=curves, t=curves)
def test_a_lead_must_be_large_and_significant(share, t):
    assert compute_lead_chance([Lead(share.midpoint, 1e9)], share, t) == pytest.approx(0.5, abs=0.01)
    assert compute_lead_chance([Lead(1e9, t.midpoint)], share, t) == pytest.approx(0.5, abs=0.01)
    assert compute_lead_chance([Lead(share.midpoint, t.midpoint)], share, t) == pytest.approx(0.25)


@given(share=curves, t=curves, lead=st.floats(-1.0, 0.0))
def test_no_lead_gives_no_chance(share, t, lead):
    assert compute_lead_chance([Lead(lead, 100.0)], share, t) == 0.0
    assert compute_lead_chance([Lead(1.0, lead)], share, t) == 0.0


@given(curve=curves, low=st.floats(0.0, 100.0), further=more)
def test_a_curve_rises_from_nothing_through_a_half(curve, low, further):
    assert evaluate_hill(0.0, curve) == 0.0
    assert evaluate_hill(curve.midpoint, curve) == pytest.approx(0.5)
    assert 0.0 <= evaluate_hill(low, curve) <= evaluate_hill(low + further, curve) <= 1.0


@pytest.mark.parametrize(("pauses_s", "is_astray"), [((22.9, 26.9, 33.0), False), ((22.9, 23.8, 24.7), True)])
def test_a_pause_contradicts_nothing_where_windows_are_as_short(pauses_s, is_astray):
    """Two chains of cameras were held up at 61 and 80 % by speakers who drew breath."""
    sound, cache = babble(7, 60), BlockCache()
    for pause_s in pauses_s:
        sound[round(pause_s * RATE) : round((pause_s + 1.9) * RATE)] = 0.0
    heard = taken(sound, 2, 40, noise=0.01), taken(sound, 20, 38, noise=0.01, seed=2)
    match = match_recordings(*([WhitenedChannel(as_int16(one), cache)] for one in heard), [Line(18.0, 0.0)])
    assert not match.fit.inlier.all()
    assert (measure_evidence(match).astray > 0.0) == is_astray
