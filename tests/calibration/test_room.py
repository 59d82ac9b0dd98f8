"""Rooms: the direct path at time zero, walls where they are, an energy that decays in time."""

from __future__ import annotations

import numpy as np
import pytest

from calibration.room import LEAD_SAMPLES, SOUND_M_S, OpenGround, Room, compute_response
from calibration.signals import RATE

ROOM = Room((5.0, 4.0, 3.0), 0.5)
SOURCE, MICROPHONE = (1.0, 2.0, 1.2), (3.0, 1.5, 1.4)


def distance(one, other):
    return float(np.linalg.norm(np.subtract(one, other)))


def heard(place=ROOM, source=SOURCE, zero_m=None):
    zero_m = zero_m or distance(SOURCE, MICROPHONE)
    return compute_response(place, source, MICROPHONE, zero_m, np.random.default_rng(1))


def test_the_direct_path_of_the_main_source_is_at_zero_and_first():
    impulse = heard()

    assert impulse[LEAD_SAMPLES] == pytest.approx(1.0, abs=0.05)
    assert np.argmax(np.abs(impulse)) == LEAD_SAMPLES
    assert np.abs(impulse[: LEAD_SAMPLES - 20]).max() < 0.01


def test_the_floor_is_heard_when_its_mirror_image_is():
    mirror = (SOURCE[0], SOURCE[1], -SOURCE[2])
    direct_m, floor_m = distance(SOURCE, MICROPHONE), distance(mirror, MICROPHONE)
    impulse = heard(OpenGround(0.7))
    place = LEAD_SAMPLES + (floor_m - direct_m) / SOUND_M_S * RATE

    impulse[LEAD_SAMPLES - 16 : LEAD_SAMPLES + 17] = 0
    near = np.arange(round(place) - 16, round(place) + 17)
    weights = impulse[near]
    assert np.sum(weights * near) / np.sum(weights) == pytest.approx(place, abs=0.1)
    assert np.sum(weights) == pytest.approx(0.7 * direct_m / floor_m, rel=0.1)


def test_a_room_has_the_images_of_all_six_walls():
    impulse = np.abs(heard())
    direct_m = distance(SOURCE, MICROPHONE)
    for axis, length in enumerate(ROOM.size_m):
        for wall in (0.0, length):
            mirror = list(SOURCE)
            mirror[axis] = 2 * wall - SOURCE[axis]
            at = round(LEAD_SAMPLES + (distance(mirror, MICROPHONE) - direct_m) / SOUND_M_S * RATE)
            assert impulse[at - 1 : at + 2].max() > 0.1


def test_a_source_that_is_nearer_is_heard_before_zero():
    nearer = (2.0, 1.8, 1.3)
    lead_s = (distance(SOURCE, MICROPHONE) - distance(nearer, MICROPHONE)) / SOUND_M_S

    first = np.argmax(np.abs(heard(source=nearer)))

    assert (LEAD_SAMPLES - first) / RATE == pytest.approx(lead_s, abs=0.6 / RATE)


def test_sound_falls_by_sixty_decibels_in_the_time_the_room_says():
    energy = np.cumsum(heard(Room((5.0, 4.0, 3.0), 0.8))[::-1].astype(float) ** 2)[::-1]
    level_db = 10 * np.log10(energy / energy[0])
    # Schroeder's backward integral, read from -5 to -25 dB as rooms are measured.
    at = [int(np.argmax(level_db < level)) for level in (-5, -25)]

    assert 3 * (at[1] - at[0]) / RATE == pytest.approx(0.8, rel=0.25)
