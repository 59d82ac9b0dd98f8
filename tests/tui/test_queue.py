import asyncio

import pytest
from tui import scenes
from tui.conftest import collect_notices, running, screen_text, until
from tui.staged import NOW

from mcsyncd import api
from mcsyncd.present.numbers import format_time
from mcsyncd.tui.narrow_updates import NarrowUpdate
from mcsyncd.tui.queue import screen as queue_screen
from mcsyncd.tui.queue.filter import filter_sessions
from mcsyncd.tui.queue.screen import QueueScreen
from mcsyncd.tui.session.screen import SessionScreen
from mcsyncd.tui.widgets.health import build_alert_line

DONE, LATER = "20261123-070012-aaa", "20261123-101010-new"


@running
async def test_the_queue_shows_waiting_sessions_first(opened):
    async with opened(scenes.queue()) as (app, pilot, _):
        await pilot.pause()
        shown = screen_text(app)
        ids = [body.id for body in app.world.build_queue()]
        assert [shown.index(name) for name in ids] == sorted(shown.index(name) for name in ids)
        assert "3 waiting" in shown
        assert "Looks Good" in shown
        assert "61% · 3:10 left" in shown


@running
async def test_an_empty_queue_says_where_to_drop_cards(opened):
    async with opened() as (app, pilot, _):
        await pilot.pause()
        shown = screen_text(app)
        assert "No sessions yet" in shown
        for key in scenes.CAMERAS:
            assert f"/srv/ingest/{key}" in shown


@running
async def test_the_first_waiting_session_is_highlighted_until_a_person_chooses(opened):
    """A session that comes while the app is open must not leave enter on yesterday's."""
    finished = scenes.session(DONE, state="published", call_to_action=None)
    async with opened([finished]) as (app, pilot, daemon):
        await daemon.put(scenes.session())
        await until(pilot, lambda: "Looks Good" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SessionScreen))
        assert app.screen._session_id == scenes.SURE
        await pilot.press("escape")
        await pilot.press("down")
        await daemon.put(scenes.session(LATER))
        await until(pilot, lambda: LATER in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SessionScreen))
        assert app.screen._session_id == DONE


@running
async def test_finished_sessions_come_in_pages_and_waiting_ones_all_at_once(opened):
    done = [
        scenes.session(f"20261122-0915{number:02}-abc", state="published", call_to_action=None)
        for number in range(25)
    ]
    old = scenes.session("20251101-091500-abc")
    async with opened([*done, old], page=10) as (app, pilot, _):
        await until(pilot, lambda: app.world.sessions is not None)
        assert old.id in app.world.sessions
        assert len(app.world.sessions) == 11
        assert "More" in screen_text(app)
        for count in (21, 26):
            await pilot.press("m")
            await until(pilot, lambda count=count: len(app.world.sessions) == count)
        await until(pilot, lambda: "More" not in screen_text(app))
        await pilot.press("m")
        assert len(app.world.sessions) == 26


@running
async def test_an_alert_is_shown_in_red_with_its_next_action_until_it_is_over(opened):
    alert = api.AlertBody(code="nobody_may_decide", level="error", message="nobody may", hint="name them")
    async with opened([scenes.session()], alerts=[alert]) as (app, pilot, daemon):
        await until(pilot, lambda: "✖ nobody may → name them" in screen_text(app))
        assert build_alert_line(alert, NOW).spans[0].style == "$error"
        daemon.status = scenes.changed(daemon.status, alerts=[])
        daemon.tell(api.StreamEventBody(what="heartbeat"))
        await until(pilot, lambda: "nobody may" not in screen_text(app))


@running
async def test_a_failed_session_says_why_and_can_be_retried(opened):
    failed = next(body for body in scenes.queue() if body.state == "failed")
    async with opened([failed]) as (app, pilot, daemon):
        await pilot.press("enter")
        await until(pilot, lambda: "Retry" in screen_text(app))
        shown = screen_text(app)
        assert failed.error.message in shown
        assert failed.error.hint in shown
        await until(pilot, lambda: "all 4 originals were there" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: daemon.decisions)
        assert daemon.decisions[0][1] == {"action": "retry"}


@running
async def test_uploads_are_paused_once_a_person_agrees_and_go_on_at_once(opened):
    async with opened(scenes.queue()) as (app, pilot, daemon):
        assert "p Uploads" in screen_text(app)
        await pilot.press("p")
        await until(pilot, lambda: "Nothing is sent until somebody resumes" in screen_text(app))
        await pilot.press("escape", "p")
        await until(pilot, lambda: "Nothing is sent until somebody resumes" in screen_text(app))
        assert "pause uploads" not in daemon.requests
        await pilot.press("y")
        await until(pilot, lambda: "uploads paused by s.okafor since" in screen_text(app))
        await pilot.press("p")
        await until(pilot, lambda: "uploads paused" not in screen_text(app))
        assert [one for one in daemon.requests if "uploads" in one] == ["pause uploads", "resume uploads"]


@running
async def test_who_may_not_decide_does_not_pause_uploads(opened):
    async with opened(scenes.queue(), may_approve=False) as (app, pilot, daemon):
        said = collect_notices(app)
        await pilot.press("p")
        await until(pilot, lambda: said)
        assert "may not decide" in said[0]
        assert "pause uploads" not in daemon.requests


@running
async def test_the_palette_goes_to_a_session(opened):
    async with opened([scenes.unsure(), scenes.session()]) as (app, pilot, _):
        await pilot.press("ctrl+p")
        await pilot.press(*"w2m")
        await until(pilot, lambda: f"Go to {scenes.UNSURE}" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SessionScreen))
        await until(pilot, lambda: "Sync Confidence: 71%" in screen_text(app))


@running
async def test_the_filter_follows_every_letter_and_says_when_nothing_matches(opened):
    async with opened(scenes.queue()) as (app, pilot, _):
        await until(pilot, lambda: app.world.sessions is not None)
        await pilot.press("slash", *"publishing")
        await until(pilot, lambda: "20261123-070012-aaa" not in screen_text(app))
        assert "20261123-072233-bbb" in screen_text(app)
        await pilot.press("enter", "enter")
        await until(pilot, lambda: isinstance(app.screen, SessionScreen))
        assert app.screen._session_id == "20261123-072233-bbb"
        await pilot.press("escape", "slash", *"zz")
        await until(pilot, lambda: "No session matches “zz”" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: all(body.id in screen_text(app) for body in scenes.queue()))


def test_every_word_of_a_filter_must_match_somewhere():
    bodies = scenes.queue()
    assert filter_sessions(bodies, "  ") == bodies
    assert [body.id for body in filter_sessions(bodies, "B001C004 FAILED")] == [
        body.id for body in bodies if body.state == "failed"
    ]
    assert {body.approved_by for body in filter_sessions(bodies, "okafor")} == {"s.okafor"}
    assert filter_sessions(bodies, "okafor failed") == []


@pytest.mark.parametrize("width", [60, 80, 160])
def test_no_row_is_wrapped_or_cut(opened, width):
    """Beside a scrollbar, the last words of a row stood in a line of their own."""
    waiting = [scenes.unsure(f"20261123-09{number:02}00-abc") for number in range(20)]

    async def measure():
        async with opened(waiting, size=(width, 24)) as (app, pilot, _):
            await until(pilot, lambda: app.screen.query_one("#rows").option_count == 20)
            await pilot.pause(0.2)
            rows = app.screen.query_one("#rows")
            return rows.virtual_size.height, [
                line for line in screen_text(app).splitlines() if "Review" in line
            ]

    height, shown = asyncio.run(measure())
    assert height == 2 * len(waiting)
    assert all("Review Sync" in line for line in shown)


@running
async def test_the_keys_are_those_that_act_on_the_chosen_session(opened):
    failed = next(body for body in scenes.queue() if body.state == "failed")
    async with opened([failed, scenes.session()], size=(120, 30)) as (app, pilot, daemon):
        await until(pilot, lambda: "Retry" in screen_text(app).splitlines()[-1])
        await pilot.press("down")
        await until(pilot, lambda: "Retry" not in screen_text(app).splitlines()[-1])
        assert "Waveforms" in screen_text(app).splitlines()[-1]
        said = collect_notices(app)
        await pilot.press("r")
        await until(pilot, lambda: said == ["Only a session that failed can be tried again."])
        assert daemon.decisions == []


@running
async def test_the_activity_goes_on_while_one_looks(opened):
    async with opened([scenes.session()], size=(120, 30)) as (app, pilot, daemon):
        daemon.log = [scenes.log_entry(number, "session_opened") for number in range(1, 301)]
        await pilot.press("a")
        await until(pilot, lambda: "Activity" in screen_text(app))
        await until(pilot, lambda: len(app.screen._entries) == 200)
        assert app.screen._entries[0].seq == 101
        daemon.log.append(
            scenes.log_entry(301, "session_rejected", by={"name": "kim", "uid": 7}, reason="rain")
        )
        await until(pilot, lambda: "rain" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, QueueScreen))


@running
async def test_an_upload_that_waits_says_when_it_is_tried_again(opened):
    error = api.ErrorBody(
        stage="publish", message="no answer", retryable=True, retry_at="2026-11-23T14:07:00+00:00"
    )
    waiting = scenes.session(state="publishing", call_to_action=None, error=error)
    async with opened([waiting], size=(120, 30)) as (app, pilot, _):
        at = format_time(error.retry_at, app.get_now())
        await until(pilot, lambda: f"next try {at} · no answer" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: f"Next try {at}." in screen_text(app))


MANY = [scenes.unsure(f"20261123-{at // 60:02}{at % 60:02}00-abc") for at in range(30)]


@running
async def test_a_step_draws_two_rows_again(opened):
    async with opened(MANY, size=(100, 40)) as (app, pilot, _):
        await pilot.pause(0.5)
        drawn = []
        app._display = lambda _, update: drawn.append(update)
        await pilot.press("j")
        await until(pilot, lambda: drawn)
        region = app.screen.query_one("#rows").region
        assert all(isinstance(update, NarrowUpdate) for update in drawn if update is not None)
        lines = {y for update in drawn if update is not None for y, _, _ in update.spans}
        two_rows = range(region.y, region.y + 4)
        assert {y for y in lines if region.y <= y < region.bottom} == set(two_rows)


def test_only_the_row_of_a_session_that_changed_is_built_again(opened, monkeypatch):
    built = []

    def build(session, *rest):
        built.append(session.id)
        return build_row(session, *rest)

    build_row = queue_screen.build_row
    monkeypatch.setattr(queue_screen, "build_row", build)

    async def look():
        async with opened(MANY, size=(100, 40)) as (app, pilot, daemon):
            await pilot.pause(0.5)
            built.clear()
            changed = {"sync_confidence": 0.5, "revision": MANY[7].revision + 1}
            await daemon.put(MANY[7].model_copy(update=changed))
            await until(pilot, lambda: "50%" in screen_text(app))
            assert set(built) == {MANY[7].id}

    asyncio.run(look())
