"""Three cameras with clocks of their own, through the real stages: together to the last tick."""

import numpy as np
import pytest

from angles import list_events, plan_three_cameras, record_camera
from judge import needs_ffmpeg
from lockstep import align_cameras, compute_flash_spread, conform_camera, inspect_rendition
from mcsyncd.model.rate import PHASE_STEP_US

# One group: what three cameras filmed is conformed once, not once in each worker.
pytestmark = [needs_ffmpeg, pytest.mark.slow]

SECONDS = 120
DRIFTS_PPM = (300.0, -300.0)
"""An hour of 10 ppm in two minutes: 36 ms, more than a picture."""


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cameras")
    cameras = plan_three_cameras(DRIFTS_PPM)
    files = {one.key: record_camera(folder / f"{one.key}.mov", one, SECONDS) for one in cameras}
    answer, media = align_cameras(files, folder)
    made = [conform_camera(one, files[one.key], media[one.key], answer, folder) for one in cameras]
    return [inspect_rendition(one, list_events(SECONDS)) for one in made]


@pytest.mark.parametrize("camera", [0, 1, 2])
def test_every_tick_shows_the_picture_nearest_to_its_instant(camera, seen):
    assert len(seen[camera].off_us) >= SECONDS * 30 - 2
    # By the clock that sync found, but for the steps in which phases are told apart.
    assert seen[camera].off_found_us.max() <= PHASE_STEP_US
    # By the true clock, sync's own error may choose the other of two that are nearly as near.
    assert seen[camera].off_us.max() < 500


def test_a_flash_is_seen_by_all_within_a_tick(seen):
    spreads = [compute_flash_spread(seen, at) for at in list_events(SECONDS)]
    assert max(spreads) <= 1


def test_a_beep_is_heard_by_all_within_a_millisecond_and_at_its_instant(seen):
    heard = np.array([one.beeps_s for one in seen])
    assert not np.isnan(heard).any()
    assert (heard.max(0) - heard.min(0)).max() < 0.001
    assert np.abs(heard - list_events(SECONDS)).max() < 0.0005
