"""What there is to tell: of each state of a session, of a disk that comes and goes, and of what events."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcsyncd.model.evolve import apply_event
from mcsyncd.model.notice import MAX_NOTICE_TEXT
from mcsyncd.model.session import HALTED, Failure, Session, State
from mcsyncd.model.timetable import parse_hours
from mcsyncd.notify.present_notices import (
    ENTERING_EVENTS,
    describe_disk,
    describe_session,
    is_disk_low,
    is_entered,
)
from mcsyncd.settings.notifications import NotificationSettings
from simulation import World

AT = "2026-11-27T09:00:00.000000Z"
SESSION = Session("20261127-090000-abc", AT)
KINDS = {State.IN_REVIEW: "needs_review", State.PUBLISHED: "published", **dict.fromkeys(HALTED, "failed")}


@pytest.mark.parametrize("state", State)
def test_people_are_told_of_what_waits_for_them_and_of_the_end(state):
    notice = describe_session(replace(SESSION, state=state), AT)
    assert (notice.kind if notice else None) == KINDS.get(state)


def test_foreign_text_is_safe_and_short():
    bad = Failure("probe", "A\x1b[31m\n" + "x" * 5000, "h" * 5000, retryable=True)
    notice = describe_session(replace(SESSION, state=State.FAILED, error=bad), AT)
    assert "\x1b" not in notice.text
    assert "\n" not in notice.text
    assert max(len(notice.text), len(notice.hint)) <= MAX_NOTICE_TEXT


def test_every_way_into_a_state_that_people_are_told_of_is_known():
    """In the schedules of the simulation, with faults at every step."""
    seen = set()
    for seed in range(20):
        world = World(seed)
        world.run(60)
        for events in world.ledger.values():
            before = None
            for event in events:
                after = Session(event.id, event.at) if before is None else apply_event(before, event)
                told, now = (describe_session(one, AT) if one else None for one in (before, after))
                if now is not None and (told is None or told.kind != now.kind):
                    seen.add(event.kind)
                before = after
    assert seen - {"disposition_set"} <= ENTERING_EVENTS, "who decides about a clip knows what it leads to"
    assert {"session_aligned", "session_halted", "session_published"} <= seen


def test_a_nudge_is_no_news():
    assert is_entered(["clip_hashed", "session_aligned"])
    assert not is_entered(["offset_nudged", "clip_hashed"])


def test_a_disk_is_low_until_there_is_a_tenth_more():
    assert not is_disk_low(100, 100, was_low=False)
    assert is_disk_low(99, 100, was_low=False)
    assert is_disk_low(109, 100, was_low=True)
    assert not is_disk_low(110, 100, was_low=True)
    assert describe_disk(19_940_000_000, 20_000_000_000, AT).text.endswith("19.9 GB left, less than 20.0 GB")


@pytest.mark.parametrize(
    ("hours", "inside", "outside"),
    [
        ("22:00-07:00", [22 * 60, 23 * 60 + 59, 0, 7 * 60 - 1], [7 * 60, 12 * 60, 22 * 60 - 1]),
        ("12:30-13:00", [750, 779], [749, 780, 0]),
    ],
)
def test_hours_may_go_over_midnight(hours, inside, outside):
    covered = NotificationSettings(quiet_hours=hours).hours
    assert all(covered.covers(minute) for minute in inside)
    assert not any(covered.covers(minute) for minute in outside)


@pytest.mark.parametrize("text", ["22-07", "22:00", "24:00-07:00", "07:60-08:00", "09:00-09:00", ""])
def test_what_is_no_span_is_refused(text):
    with pytest.raises(ValueError, match=r"22:00|time of day|same"):
        parse_hours(text)
