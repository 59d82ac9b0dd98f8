"""A review of each kind of fault, driven in a pty; `python -m soak trials` runs hundreds."""

import pytest
from tui.trials import KINDS, build_trials, run_trials

MOST_KEYS = 8
"""Presses from the queue to a corrected approval."""


@pytest.mark.slow
@pytest.mark.parametrize("trial", build_trials(len(KINDS), seed=1), ids=lambda trial: trial.kind)
def test_a_tired_person_approves_nothing_that_is_wrong(socket, trial):
    run_trials(socket, [trial])
    assert not trial.fault
    assert trial.keys <= MOST_KEYS or trial.kind == "unplaced angle"  # its stray key, and the typed offset
