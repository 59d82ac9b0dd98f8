from tui import scenes
from tui.conftest import running, screen_text, until

from mcsyncd import api
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
        assert build_alert_line(alert).spans[0].style == "$error"
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
        assert "originals are untouched" in shown
        await pilot.press("enter")
        await until(pilot, lambda: daemon.decisions)
        assert daemon.decisions[0][1] == {"action": "retry"}


@running
async def test_the_palette_goes_to_a_session(opened):
    async with opened([scenes.unsure(), scenes.session()]) as (app, pilot, _):
        await pilot.press("ctrl+p")
        await pilot.press(*"w2m")
        await until(pilot, lambda: f"Go to {scenes.UNSURE}" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SessionScreen))
        await until(pilot, lambda: "Sync Confidence: 71%" in screen_text(app))
