import asyncio

from tui import scenes
from tui.conftest import collect_notices, running, screen_text, until

from mcsyncd import api
from mcsyncd.errors import Unreachable
from mcsyncd.tui.dialogs import ConflictDialog
from mcsyncd.tui.queue.screen import QueueScreen
from mcsyncd.tui.review.screen import ReviewScreen
from mcsyncd.tui.session.screen import SessionScreen
from mcsyncd.tui.shell import UNCONFIRMED


async def reviewing(app, pilot):
    await pilot.press("v")
    await until(pilot, lambda: isinstance(app.screen, ReviewScreen) and "⣿" in screen_text(app))
    return app.screen


@running
async def test_a_conflict_shows_the_new_state_and_what_was_not_sent(opened):
    async with opened([scenes.unsure()]) as (app, pilot, daemon):
        await reviewing(app, pilot)
        await pilot.press("n")
        faster = scenes.unsure(revision=4, state="approved", call_to_action=None, approved_by="a.ruiz")
        daemon.sessions[scenes.UNSURE] = faster
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, ConflictDialog))
        shown = screen_text(app)
        assert "changed while" in shown
        assert "approved by a.ruiz" in shown
        assert "Not sent: Cam C +87 ms" in shown
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
        assert "a.ruiz approved this" in screen_text(app)
        assert daemon.decisions == []


@running
async def test_the_app_reconnects_when_the_daemon_comes_back(opened):
    async with opened([scenes.session()]) as (app, pilot, daemon):
        await daemon.put(scenes.session())
        await pilot.press("enter")
        await until(pilot, lambda: "Looks Good" in screen_text(app))
        await daemon.stop()
        await until(pilot, lambda: "not connected" in screen_text(app))
        shown = screen_text(app)
        assert "Sync Confidence: 92%" in shown
        assert "decisions are disabled" in shown
        assert app.screen.has_class("-away")
        assert app.screen.query_one("#main").disabled
        await daemon.start()
        await until(pilot, lambda: "● live" in screen_text(app))
        assert not app.screen.has_class("-away")
        assert daemon.resumed_from[-1] == "1"
        await pilot.press("enter")
        await until(pilot, lambda: daemon.decisions)


@running
async def test_a_restarted_daemon_is_read_from_scratch(opened):
    async with opened([scenes.session()]) as (app, pilot, daemon):
        await daemon.stop()
        await until(pilot, lambda: app.world.link.state == "gone")
        daemon.sessions = {scenes.UNSURE: scenes.unsure()}
        daemon.status = scenes.status(pid=4712)
        await daemon.start()
        await until(pilot, lambda: app.world.get_session(scenes.UNSURE) is not None)
        assert app.world.get_session(scenes.SURE) is None


@running
async def test_without_a_heartbeat_the_app_says_so_and_decides_nothing(opened):
    async with opened([scenes.session()]) as (app, pilot, _):
        from dataclasses import replace  # noqa: PLC0415  # only here
        from datetime import timedelta  # noqa: PLC0415  # only here

        long_ago = replace(app.world.link, last_contact=app.get_now() - timedelta(seconds=25))
        app.world = replace(app.world, link=long_ago)
        await pilot.pause()
        assert "◌ not responding" in screen_text(app)
        assert app.find_objection()


@running
async def test_changes_appear_without_a_key(opened):
    async with opened([scenes.working()]) as (app, pilot, daemon):
        await until(pilot, lambda: "61%" in screen_text(app))
        step = api.ProgressBody(stage="conform", done=0.75, eta_s=60)
        daemon.tell(api.StreamEventBody(what="progress", session=scenes.working().id, progress=step))
        await until(pilot, lambda: "75% · 1:00 left" in screen_text(app))
        await daemon.put(scenes.session(scenes.working().id))
        await until(pilot, lambda: "Looks Good" in screen_text(app))


@running
async def test_a_user_who_may_not_approve_can_view(opened):
    async with opened([scenes.session(), scenes.unsure()], may_approve=False) as (app, pilot, daemon):
        await pilot.press("enter")
        await until(pilot, lambda: "view only: s.okafor may not decide" in screen_text(app))
        assert app.screen.query_one("#main").disabled
        await pilot.press("enter", "x", "v")
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
        await pilot.press("s")
        await pilot.pause()
        assert daemon.decisions == []


def test_read_only_decides_nothing(opened):
    async def look():
        async with opened([scenes.session()], app={"read_only": True}) as (app, pilot, daemon):
            await pilot.press("enter")
            await until(pilot, lambda: "read-only" in screen_text(app))
            await pilot.press("enter")
            await pilot.pause()
            assert daemon.decisions == []
            assert "claim" not in daemon.requests

    asyncio.run(look())


@running
async def test_the_loser_of_a_race_is_told_who_won_before_a_key(opened):
    async with opened([scenes.unsure()]) as (app, pilot, daemon):
        screen = await reviewing(app, pilot)
        await pilot.press("n")
        won = {"state": "approved", "call_to_action": None, "approved_by": "a.ruiz", "revision": 3}
        await daemon.put(scenes.unsure(**won, approved_at="2026-11-23T09:21:00.000000+00:00"))
        await until(pilot, lambda: "a.ruiz approved this" in " ".join(screen_text(app).split()))
        assert "nothing of yours was sent" in " ".join(screen_text(app).split())
        assert screen.query_one("#main").disabled
        assert daemon.decisions == []


@running
async def test_a_decision_without_an_answer_is_not_called_failed(opened):
    async with opened([scenes.session()]) as (app, pilot, _):
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SessionScreen))
        said = collect_notices(app)

        async def vanish(*_):
            raise Unreachable("no answer within 30 s", "")

        app.client.send_decision = vanish
        await pilot.press("enter")
        await until(pilot, lambda: said)
        assert said == [UNCONFIRMED]


@running
async def test_once_a_session_is_published_the_app_says_what_it_was_opened_for(opened):
    said = "The demo is complete: the session is published."
    sessions = [scenes.session(), next(body for body in scenes.queue() if body.state == "published")]
    async with opened(sessions, app={"once_published": said}) as (app, pilot, daemon):
        await pilot.pause()
        assert said not in screen_text(app), "an earlier one is not what it waits for"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SessionScreen))
        await pilot.press("enter")
        await until(pilot, lambda: daemon.decisions)
        await daemon.put(scenes.session(state="publishing", revision=4))
        await pilot.pause(0.1)
        assert said not in screen_text(app)
        await daemon.put(scenes.session(state="published", revision=4))
        await until(pilot, lambda: said in screen_text(app))
        assert isinstance(app.screen, SessionScreen), "nothing gets in the way"
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, QueueScreen))
        assert said in screen_text(app)
