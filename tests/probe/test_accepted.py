"""What is accepted by its name can be read by its content."""

from __future__ import annotations

import pytest

from mcsyncd.ingest.names import CLIP_SUFFIXES
from mcsyncd.probe.probe import probe_clip
from recordings import RECIPES, record


@pytest.mark.parametrize("name", RECIPES)
def test_a_recording_in_every_accepted_container_is_probed(tmp_path, name):
    media = probe_clip(record(tmp_path, name))
    assert media.audio
    assert (media.video is not None) == bool(RECIPES[name].video)


def test_every_suffix_that_is_accepted_is_tried():
    tried = {recipe.suffix for recipe in RECIPES.values()}
    assert CLIP_SUFFIXES - tried == {".aiff"}, "the same container as .aif"
