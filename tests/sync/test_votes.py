"""Votes: every segment that is in both finds its lag, chance finds little, silence nothing."""

from __future__ import annotations

import numpy as np
import pytest

from hearing import RATE, as_int16, babble, taken
from mcsyncd.sync import votes
from mcsyncd.sync.block_cache import BlockCache
from mcsyncd.sync.coarse_search import find_lines
from mcsyncd.sync.votes import COLUMN_S, cast_votes
from mcsyncd.sync.whitening import WhitenedChannel


def whiten(sound: np.ndarray) -> list[WhitenedChannel]:
    return [WhitenedChannel(as_int16(sound), BlockCache())]


@pytest.fixture(scope="module")
def scene():
    return babble(5, 130)


@pytest.mark.parametrize("later_s", [31.4, -2.6])
def test_every_segment_of_the_shorter_votes_for_its_lag(scene, later_s):
    longer, shorter = whiten(taken(scene, 3, 120)), whiten(taken(scene, 3 + later_s, 40, seed=2))
    found = cast_votes(longer, shorter, 24)
    within = found.times > -later_s + 5  # what began before the longer did is not in it
    assert within.sum() > 4
    for columns, evidence in zip(
        np.array(found.columns, object)[within], np.array(found.evidence, object)[within], strict=True
    ):
        lag_s = (columns[np.argmax(evidence)] + found.first_column + 0.5) * COLUMN_S
        assert lag_s == pytest.approx(later_s, abs=COLUMN_S)


def test_what_is_not_shared_leaves_one_column_in_fifty(scene):
    found = cast_votes(whiten(taken(scene, 0, 120)), whiten(babble(99, 40)), 24)
    overlapping = int(found.overlap_counts.sum())
    assert overlapping > 100_000
    assert overlapping / 100 < sum(columns.size for columns in found.columns) < overlapping / 25
    for columns in found.columns:
        assert np.all(np.diff(columns) > 0)


def test_a_sample_of_the_noise_is_as_good_as_all_of_it(scene, monkeypatch):
    pair = whiten(taken(scene, 0, 120)), whiten(taken(scene, 50, 40, seed=2))
    whole = find_lines(*pair)
    monkeypatch.setattr(votes, "_MAX_MEDIAN_COLUMNS", 2000)
    some = find_lines(*pair)
    assert some[0].offset_s == whole[0].offset_s
    assert some[0].score == pytest.approx(whole[0].score, rel=0.05)


def test_silence_has_no_votes(scene):
    silent = whiten(np.zeros(60 * RATE))
    assert find_lines(silent, whiten(taken(scene, 0, 20))) == []
    assert find_lines(silent, silent) == []
