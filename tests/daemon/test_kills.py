"""The short form of the kills soak: each kill is one call later in a daemon's life than the last."""

from __future__ import annotations

import itertools

import pytest

from kills import Life, film_clips, run_session
from nursery import Kill, find_compiler, open_nursery

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(find_compiler() is None, reason="no C compiler for the library that kills"),
]

KILLS = 100
"""Enough to begin a session many times and to end it; `test_killed_start.py` has every call of a start."""
CALLS_APART = 25
"""Calls between two kills of a copy: each life waits two seconds until the store keeper looks."""


def test_a_daemon_that_is_killed_again_and_again_publishes_the_same_once(tmp_path):
    clips, calls = film_clips(tmp_path), itertools.count(1)
    with open_nursery(tmp_path / "nursery") as nursery:
        expected = run_session(nursery, tmp_path / "undisturbed", clips, ()).outcome
        assert expected.faults == ()
        left = KILLS
        while left:
            kills = (Kill(at_call=call) for call in itertools.islice(calls, left))
            life = run_session(nursery, tmp_path / f"after-{KILLS - left}-kills", clips, kills)
            assert life.outcome.faults == (), life.killed_at
            assert life.outcome.objects == expected.objects, life.killed_at
            assert life.killed_at
            left -= len(life.killed_at)


def test_a_copy_whose_daemon_is_killed_again_and_again_becomes_whole(tmp_path):
    """A store that is named later gets what was published before."""
    with open_nursery(tmp_path / "nursery") as nursery:
        life = Life.begin(nursery, tmp_path / "home", film_clips(tmp_path))
        assert life.go_on(Kill())
        expected = life.judge()
        life.add_store()
        calls = itertools.count(1, CALLS_APART)
        while not life.go_on(Kill(at_call=next(calls))):
            pass
        outcome = life.judge()
        assert outcome.faults == (), life.killed_at
        assert outcome.objects == expected.objects
        assert any("/nas/" in call for call in life.killed_at), "it was copying"
