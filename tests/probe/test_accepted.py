"""What is accepted by its name can be read by its content."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcsyncd.ingest.names import CLIP_SUFFIXES, OTHER_SUFFIXES
from mcsyncd.probe.probe import probe_clip
from recordings import RECIPES, record


@pytest.mark.parametrize("name", RECIPES)
def test_a_recording_in_every_accepted_container_is_probed(tmp_path, name):
    media = probe_clip(record(tmp_path, name))
    assert media.audio
    assert (media.video is not None) == bool(RECIPES[name].video)


def test_every_suffix_that_is_accepted_is_tried():
    tried = {recipe.suffix for recipe in RECIPES.values()}
    assert {OTHER_SUFFIXES.get(suffix, suffix) for suffix in CLIP_SUFFIXES} <= tried


@pytest.mark.parametrize(
    ("suffix", "name"),
    [
        (other, next(n for n, recipe in RECIPES.items() if recipe.suffix == known))
        for other, known in OTHER_SUFFIXES.items()
    ],
)
def test_another_name_of_a_container_changes_nothing(tmp_path, suffix, name):
    clip = record(tmp_path, name)
    known = probe_clip(clip)
    assert replace(probe_clip(clip.rename(clip.with_suffix(suffix))), warnings=()) == replace(
        known, warnings=()
    )
