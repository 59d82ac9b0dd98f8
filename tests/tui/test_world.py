from datetime import UTC, datetime, timedelta

from tui import scenes

from mcsyncd import api
from mcsyncd.tui.world import DaemonLink, World

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def world(*bodies):
    return World({body.id: body for body in bodies}, scenes.status(), DaemonLink("live", NOW))


def test_waiting_sessions_come_first_then_running_then_finished_ones():
    states = [body.state for body in world(*reversed(scenes.queue())).build_queue()]
    assert states == [
        *["failed", "in_review", "in_review"],
        *["publishing", "working", "collecting"],
        *["published", "rejected"],
    ]


def test_waiting_sessions_are_sorted_oldest_first():
    bodies = [scenes.session(f"2026112{day}-090000-aaa") for day in (3, 1, 2)]
    assert [body.id for body in world(*bodies).build_queue()] == sorted(body.id for body in bodies)


def test_an_older_revision_changes_nothing():
    known = world(scenes.session(revision=4))
    assert known.with_session(scenes.session(revision=3)) is known
    assert known.with_session(scenes.session(revision=5)).get_session(scenes.SURE).revision == 5


def test_progress_of_an_unknown_session_is_ignored():
    known = world()
    assert known.with_progress("x", api.ProgressBody(stage="sync", done=0.5)) is known


def test_without_a_heartbeat_the_daemon_counts_as_silent():
    known = world()
    assert known.assess_link(NOW + timedelta(seconds=10)) == "live"
    assert known.assess_link(NOW + timedelta(seconds=23)) == "silent"
    assert World(link=DaemonLink("gone", NOW)).assess_link(NOW) == "gone"


def test_a_new_world_is_empty_and_connecting():
    assert World().build_queue() == []
    assert World().assess_link(NOW) == "connecting"
