"""People do anything, in any order, to a real daemon; `make soak` runs more of it."""

from __future__ import annotations

import pytest

from handling import Handling, film_takes

SEEDS = (1, 2)


@pytest.fixture(scope="module")
def takes(tmp_path_factory):
    return film_takes(tmp_path_factory.mktemp("takes"), 3)


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_people_do_nothing_is_lost_stuck_or_wrong(tmp_path, takes, seed):
    trial = Handling(tmp_path / "home", takes, seed)
    faults = trial.run(25)
    assert not faults, "\n".join((*trial.done, *faults))
