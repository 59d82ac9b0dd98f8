"""What clips share tells one event from two with the same track, and from noise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from hearing import SURE, babble, offset_ms, recording, taken
from mcsyncd.model.reason import ReasonCode
from mcsyncd.sync.shares import ThirdShare, is_vouched_for
from mcsyncd.sync.solve import solve_alignment
from reason_texts import texts_of

HOUR_US = 3_600_000_000
AT_US = 11 * HOUR_US + 7 * 60 * 1_000_000


def talk(seed, seconds=60):
    """Somebody's sound: in syllables, and in a colour that changes with them."""
    dull = lfilter([1.0], [1.0, -0.9], babble(seed, seconds))
    bright = np.diff(babble(seed + 1000, seconds), prepend=0.0)
    return 0.1 * (dull / dull.std() + bright / bright.std())


@pytest.fixture(scope="module")
def track():
    return talk(1)


@pytest.fixture(scope="module")
def events(track):
    """The same track at two events, under live sound twice and three times as loud."""
    return 0.3 * (track + 2 * talk(2)), 0.3 * (track + 3 * talk(3))


def shoot(event, angle, at_s, seed, seconds=36, **times):
    return recording(angle, taken(event, at_s, seconds, seed=seed, noise=0.003), **times)


def doubted(alignment):
    return {one.subject for one in alignment.reasons if one.code == ReasonCode.SHARES_LITTLE}


def test_a_camera_at_another_event_with_the_same_track_is_for_a_person(events):
    here, there = events
    found = solve_alignment([shoot(here, "a", 5, 1), shoot(here, "b", 8, 2), shoot(there, "c", 10, 3)], "a")
    # The track matches: that is the trap.
    assert offset_ms(found, "c") == pytest.approx(5000, abs=1)
    assert found.find_angle("c").confidence < SURE < found.find_angle("b").confidence
    assert doubted(found) == {"c"}
    assert any("the same music at two events" in text for text in texts_of(found))


def test_a_reference_at_another_event_puts_every_angle_in_doubt(events):
    here, there = events
    found = solve_alignment([shoot(there, "a", 5, 1), shoot(here, "b", 8, 2), shoot(here, "c", 10, 3)], "a")
    assert doubted(found) == {"b", "c"}
    assert found.confidence < SURE


def test_two_cameras_at_two_events_are_for_a_person(events):
    here, there = events
    found = solve_alignment([shoot(here, "a", 5, 1), shoot(there, "b", 8, 2)], "a")
    assert offset_ms(found, "b") == pytest.approx(3000, abs=1)
    assert doubted(found) == {"b"}
    assert found.confidence < SURE


@pytest.mark.parametrize("snr", [1.0, 3.0])
def test_a_noisy_camera_in_the_same_room_is_not_in_doubt(events, snr):
    """Its noise hides what is faint, and what is loud it hears: also through automatic gain."""
    here, _ = events
    heard = taken(here, 10, 36, seed=3)
    heard += heard.std() / snr * np.random.default_rng(7).standard_normal(heard.size)
    loudness = np.sqrt(lfilter([1e-4], [1.0, -(1 - 1e-4)], heard**2, zi=[(1 - 1e-4) * heard.var()])[0])
    clips = [shoot(here, "a", 5, 1), shoot(here, "b", 8, 2), recording("c", 0.1 * heard / loudness)]
    found = solve_alignment(clips, "a")
    assert doubted(found) == set()
    assert found.confidence > SURE
    assert solve_alignment([clips[0], clips[2]], "a").confidence > SURE


def test_a_desk_feed_lacks_the_audience_and_is_not_in_doubt():
    voice, audience = talk(5), 1.5 * talk(6)
    room = 0.3 * (voice + audience)
    clips = [shoot(0.3 * voice, "a", 5, 1), shoot(room, "b", 8, 2), shoot(room, "c", 10, 3)]
    found = solve_alignment(clips, "a")
    assert doubted(found) == set()
    assert found.confidence > SURE


@pytest.mark.parametrize(
    ("reference_us", "clip_us", "lifts"),
    [
        (AT_US, AT_US + 5_030_000, True),
        (AT_US, AT_US + 5_400_000, False),
        (HOUR_US, HOUR_US + 5_000_000, False),
        (AT_US, None, False),
    ],
    ids=["jammed", "started by hand", "never set", "none"],
)
def test_jammed_timecode_says_that_it_is_one_event(events, reference_us, clip_us, lifts):
    """A camera far from the others hears the track alone; its clock knows that it was there."""
    here, there = events
    found = solve_alignment(
        [
            shoot(here, "a", 5, 1, timecode_us=reference_us),
            shoot(here, "b", 8, 2),
            shoot(there, "c", 10, 3, timecode_us=clip_us),
        ],
        "a",
    )
    assert doubted(found) == {"c"}
    assert (found.confidence > SURE) == lifts


def test_counters_that_start_alike_prove_nothing(events):
    here, there = events
    clips = [
        shoot(here, "a", 8, 1, timecode_us=AT_US),
        shoot(here, "b", 9, 2),
        shoot(there, "c", 8, 3, timecode_us=AT_US),
    ]
    assert solve_alignment(clips, "a").confidence < SURE


def test_two_cameras_at_each_of_two_events_do_not_vouch_for_each_other(events):
    here, there = events
    clips = [
        shoot(here, "a", 5, 1),
        shoot(here, "b", 8, 2),
        shoot(there, "c", 10, 3),
        shoot(there, "d", 7, 4),
    ]
    found = solve_alignment(clips, "a")
    assert {"c", "d"} <= doubted(found)
    assert found.confidence < SURE


def third(x, y, z, shares, *, is_small=False):
    one, other = shares[frozenset((x, z))], shares[frozenset((y, z))]
    others = shares[frozenset((x, y))]
    return ThirdShare(x, y, z, (one * other) ** 0.5, min(one, other), others, is_small)


def pairs(**shares):
    return {frozenset(key): share for key, share in shares.items()}


def test_two_near_cameras_in_a_hall_do_not_send_a_far_one_to_another_event():
    """Measured in a sports hall of 2.8 s: a and d stand together, and 13 % against 33 % held everybody up."""
    hall = pairs(ab=0.124, ac=0.219, ad=0.336, bc=0.134, bd=0.134, cd=0.177)
    accused = third("a", "d", "b", hall, is_small=True)
    assert is_vouched_for(accused, [third("c", "d", "b", hall), accused])
    two_events = pairs(ab=0.5, cd=0.5, ac=0.05, ad=0.05, bc=0.05, bd=0.05)
    accused = third("a", "b", "c", two_events, is_small=True)
    assert not is_vouched_for(
        accused, [accused, third("a", "d", "c", two_events), third("b", "d", "c", two_events)]
    )
