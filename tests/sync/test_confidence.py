"""The confidence of a pair: more evidence never makes it less, and each cap holds whatever else is known."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcsyncd.sync.confidence import Doubt, PairEvidence, compute_lead_chance, evaluate_hill, judge_evidence
from mcsyncd.sync.confidence_model import FITTED_MODEL, HillCurve
from mcsyncd.sync.match import Lead

leads = st.builds(Lead, st.floats(-0.5, 1.0), st.floats(-50.0, 200.0))
evidences = st.builds(
    PairEvidence,
    significance=st.floats(0.0, 500.0),
    agreed_s=st.floats(0.0, 7200.0),
    rivals=st.lists(leads, max_size=4).map(tuple),
    astray=st.floats(0.0, 2.0),
    end_s=st.floats(0.0, 0.1) | st.just(inf),
)
steps = st.builds(HillCurve, st.floats(0.001, 10.0), st.floats(0.5, 8.0))
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
def test_more_of_what_speaks_for_it_never_lowers_it(evidence, more, field):
    better = replace(evidence, **{field: getattr(evidence, field) + more})
    assert sure(better) >= sure(evidence) - 1e-12


@given(evidence=evidences, more=more, field=st.sampled_from(["astray", "end_s"]))
def test_more_of_what_speaks_against_it_never_raises_it(evidence, more, field):
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
def test_each_doubt_alone_is_enough_for_a_person_to_look_and_is_named(doubt, change):
    belief = judge_evidence(replace(CERTAIN, **change))
    assert belief.confidence < 0.85
    assert min(belief.factors, key=belief.factors.__getitem__) is doubt


def test_nothing_but_itself_is_ahead_of_all():
    assert compute_lead_chance([], FITTED_MODEL.rival_lead, FITTED_MODEL.rival_t) == 1.0


@given(st.lists(leads, min_size=1, max_size=5), steps, steps)
def test_ahead_is_as_sure_as_it_is_of_the_nearest_rival(rivals, share, t):
    alone = [compute_lead_chance([one], share, t) for one in rivals]
    assert compute_lead_chance(rivals, share, t) == min(alone)
    assert compute_lead_chance(rivals[::-1], share, t) == min(alone)


@given(share=steps, t=steps)
def test_both_a_share_and_a_clear_one_are_asked_for(share, t):
    assert compute_lead_chance([Lead(share.midpoint, 1e9)], share, t) == pytest.approx(0.5, abs=0.01)
    assert compute_lead_chance([Lead(1e9, t.midpoint)], share, t) == pytest.approx(0.5, abs=0.01)
    assert compute_lead_chance([Lead(share.midpoint, t.midpoint)], share, t) == pytest.approx(0.25)


@given(share=steps, t=steps, lead=st.floats(-1.0, 0.0))
def test_who_is_not_ahead_is_not_believed(share, t, lead):
    assert compute_lead_chance([Lead(lead, 100.0)], share, t) == 0.0
    assert compute_lead_chance([Lead(1.0, lead)], share, t) == 0.0


@given(step=steps, low=st.floats(0.0, 100.0), further=more)
def test_a_step_rises_from_nothing_through_a_half(step, low, further):
    assert evaluate_hill(0.0, step) == 0.0
    assert evaluate_hill(step.midpoint, step) == pytest.approx(0.5)
    assert 0.0 <= evaluate_hill(low, step) <= evaluate_hill(low + further, step) <= 1.0
