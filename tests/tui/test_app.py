import asyncio
import time

import pytest
from tui import scenes
from tui.conftest import collect_notices, screen_text, until

from mcsyncd import api
from mcsyncd.errors import McsyncError, Unreachable
from mcsyncd.tui.dialogs import ConflictDialog, LeaveDialog, ListDialog, ReasonDialog
from mcsyncd.tui.queue.screen import QueueScreen
from mcsyncd.tui.review.screen import ReviewScreen
from mcsyncd.tui.session.clips import ClipsDialog
from mcsyncd.tui.session.screen import SessionScreen
from mcsyncd.tui.shell import UNCONFIRMED
from mcsyncd.tui.widgets.health import build_alert_line


def running(test):
    """Run an async test; its fixtures are ordinary ones."""

    def run(opened):
        asyncio.run(test(opened))

    run.__name__ = test.__name__
    return run


def entry(seq, kind, **body):
    at = f"2026-11-23T09:0{seq}:00.000000+00:00"
    return api.LogEntryBody(seq=seq, at=at, session=scenes.SURE, kind=kind, body=body, hash="h")


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
async def test_what_is_not_on_the_timeline_is_named_and_decided_clip_by_clip(opened):
    async with opened([scenes.aside()]) as (app, pilot, daemon):
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SessionScreen))
        shown = screen_text(app)
        assert "Not on the timeline: CLIP/C0001.MP4 (Cam B) set aside" in shown
        assert "C0005.MP4 (Cam B) cannot be read" in " ".join(shown.split())
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, ClipsDialog))
        await pilot.press("j", "l")
        await until(pilot, lambda: isinstance(app.screen, ReasonDialog))
        await pilot.press(*"empty", "enter")
        await until(pilot, lambda: daemon.decisions)
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, ClipsDialog))
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, ReasonDialog))
        await pilot.press("=", "1", "2", ".", "5", "s", "enter")
        await until(pilot, lambda: len(daemon.decisions) == 2)
        left_out = {
            "action": "clip",
            "clip": "cam_b/CLIP/C0005.MP4",
            "disposition": "left_out",
            "reason": "empty",
        }
        placed = {"action": "nudge", "camera": "cam_b", "clip": "CLIP/C0001.MP4", "to": "=12.5s"}
        assert [decision for _, decision, _ in daemon.decisions] == [left_out, placed]


@running
async def test_looks_good_is_two_keys_away(opened):
    async with opened([scenes.session()]) as (app, pilot, daemon):
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SessionScreen))
        shown = screen_text(app)
        assert "Sync Confidence: 92%" in shown
        assert "Cam A: +0 ms" in shown
        assert "Cam B: −134 ms" in shown  # noqa: RUF001  # the sign that is meant
        assert "Cam C: +87 ms" in shown
        assert "Looks Good" in shown
        assert "Review Sync" not in shown
        await pilot.press("enter")
        await until(pilot, lambda: app.world.get_session(scenes.SURE).state == "approved")
        assert daemon.decisions == [(scenes.SURE, {"action": "approve"}, "3")]
        await until(pilot, lambda: "Approved by s.okafor" in screen_text(app))


@running
async def test_an_offset_that_a_person_set_is_never_the_machines(opened):
    """It said 99% and Looks Good, and "set by hand" in grey."""
    async with opened([scenes.by_hand()]) as (app, pilot, daemon):
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SessionScreen))
        shown = " ".join(screen_text(app).split())
        first = shown.index("Cam B +100 ms by kim")
        assert first < shown.index("Review Sync")
        assert "Sync Confidence" not in shown
        assert "the machine had −134 ms at 99%, 7.0 frames away" in shown  # noqa: RUF001  # the sign that is meant
        assert "Looks Good" not in shown
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen) and "⣿" in screen_text(app))
        assert "Cam B +100 ms by kim" in " ".join(screen_text(app).split())
        assert "Cam B Looks Good" in screen_text(app), "it is to be looked at before it is approved"
        await pilot.press("enter")
        await until(pilot, lambda: "✔ checked" in screen_text(app))
        assert daemon.decisions == []


@running
async def test_an_angle_without_a_place_gets_one_only_on_purpose(opened):
    async with opened([scenes.unplaced()]) as (app, pilot, daemon):
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen) and "Place Cam C" in screen_text(app))
        said = collect_notices(app)
        for key in ("right", "left_square_bracket", "n", "shift+left"):
            await pilot.press(key)
        assert app.screen._draft.nudges.pending == {}
        assert len(said) == 4
        assert all("Cam C has no place yet" in text for text in said)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ReasonDialog))
        assert "Possible by sound: +5210 ms" in screen_text(app)
        await pilot.press(*"1.5", "enter")
        await until(pilot, lambda: "placed by hand" in screen_text(app))
        assert "by hand; nothing confirms it" in " ".join(screen_text(app).split())
        assert daemon.decisions == []


@running
async def test_a_rival_that_is_far_away_is_on_the_strip(opened):
    """It covered 40 ms, and what mattered lay outside."""
    async with opened([scenes.far_rival()]) as (app, pilot, _):
        await reviewing(app, pilot)
        shown = screen_text(app).splitlines()
        curve = next(line for line in shown if line.strip().startswith("match"))
        marks = shown[shown.index(curve) + 1]
        assert marks.strip().startswith("0.96")
        assert "12.127 s▲" in marks or "▲+12.127 s" in marks
        assert "▲+127 here" in marks
        await pilot.press("n")
        await until(pilot, lambda: "12.127 s here" in screen_text(app))


@running
async def test_leaving_with_unsent_moves_asks_and_keeps_them(opened):
    async with opened([scenes.unsure()]) as (app, pilot, daemon):
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SessionScreen))
        await reviewing(app, pilot)
        await pilot.press("n", "escape")
        await until(pilot, lambda: isinstance(app.screen, LeaveDialog))
        assert "Cam C +87 ms" in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, LeaveDialog))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SessionScreen))
        assert "Not sent yet: Cam C +87 ms" in screen_text(app)
        screen = await reviewing(app, pilot)
        assert screen._draft.nudges.pending == {"cam_c": 87_000}
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, LeaveDialog))
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, SessionScreen))
        assert app.drafts == {}
        assert daemon.decisions == []


@running
async def test_an_offset_that_cannot_be_read_changes_nothing(opened):
    async with opened([scenes.unsure()]) as (app, pilot, _):
        screen = await reviewing(app, pilot)
        said = collect_notices(app)
        await pilot.press("equals_sign")
        await until(pilot, lambda: isinstance(app.screen, ReasonDialog))
        await pilot.press(*"far", "enter")
        await until(pilot, lambda: said)
        assert "cannot read the offset" in said[0]
        assert screen._draft.nudges.pending == {}


@running
async def test_no_key_approves_an_angle_that_was_not_looked_at(opened):
    """The key that approves went past an offset that a person had set, and past every unsure angle."""
    body = scenes.by_hand()
    weak = {**body.angles, "cam_c": scenes.angle(0.5, (87.0, 0.6))}
    async with opened([scenes.by_hand(angles=weak)]) as (app, pilot, daemon):
        screen = await reviewing(app, pilot)
        said = collect_notices(app)
        await pilot.press("s")
        await until(pilot, lambda: said)
        assert said == ["Cam C is not checked yet"]
        assert screen._draft.camera == "cam_c"
        assert daemon.decisions == []
        await pilot.press("s")
        await until(pilot, lambda: daemon.decisions)
        assert [decision for _, decision, _ in daemon.decisions] == [{"action": "approve"}]


@running
async def test_a_reopened_session_says_who_and_why(opened):
    async with opened([scenes.reopened()]) as (app, pilot, _):
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SessionScreen))
        shown = screen_text(app)
        assert shown.index("Reopened by kim") < shown.index("Sync Confidence")
        assert "cam B lags in the toast" in shown


@running
async def test_a_failed_session_has_its_ways_on(opened):
    failed = next(body for body in scenes.queue() if body.state == "failed")
    async with opened([failed]) as (app, pilot, daemon):
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SessionScreen))
        shown = " ".join(screen_text(app).split())
        assert "c leaves B001C004.MOV (Cam B) out: it is kept, but not published." in shown
        assert "x rejects the session: its files are kept and can be given back." in shown
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, ClipsDialog))
        await pilot.press("escape", "x")
        await until(pilot, lambda: isinstance(app.screen, ReasonDialog))
        await pilot.press(*"bad", "enter")
        await until(pilot, lambda: daemon.decisions)
        assert daemon.decisions[0][1] == {"action": "reject", "reason": "bad"}


@running
async def test_the_history_says_who_did_what(opened):
    async with opened([scenes.reopened()]) as (app, pilot, daemon):
        daemon.log = [
            entry(1, "session_approved", by={"name": "a.ruiz", "uid": 1}, revision=3),
            entry(2, "session_reopened", by={"name": "kim", "uid": 2}, revision=4, reason="cam B lags"),
        ]
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SessionScreen) and app.screen._entries)
        await pilot.press("h")
        await until(pilot, lambda: isinstance(app.screen, ListDialog))
        shown = screen_text(app)
        assert shown.index("Reopened by kim (revision 4): cam B lags") < shown.index("Approved by a.ruiz")


@running
async def test_a_sure_session_says_why_it_is_sure(opened):
    async with opened([scenes.session()]) as (app, pilot, _):
        await pilot.press("enter")
        await until(pilot, lambda: "every angle shares 10:01 or more" in screen_text(app))


@running
async def test_below_the_threshold_the_button_opens_the_review(opened):
    async with opened([scenes.unsure()]) as (app, pilot, daemon):
        await pilot.press("enter")
        await until(pilot, lambda: "Review Sync" in screen_text(app))
        assert "near-equal matches" in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
        assert daemon.decisions == []


async def reviewing(app, pilot):
    await pilot.press("v")
    await until(pilot, lambda: isinstance(app.screen, ReviewScreen) and "⣿" in screen_text(app))
    return app.screen


@running
async def test_a_nudge_is_local_until_it_is_approved_and_the_percentage_stays(opened):
    async with opened([scenes.unsure()]) as (app, pilot, daemon):
        await reviewing(app, pilot)
        await pilot.press("n", "shift+right")
        await pilot.pause()
        shown = screen_text(app)
        assert "+88 ms" in shown
        assert "not sent yet" in shown
        assert "Sync Confidence: 71%" in shown
        assert daemon.decisions == []
        await pilot.press("s")
        await until(pilot, lambda: app.world.get_session(scenes.UNSURE).state == "approved")
        assert daemon.decisions == [
            (scenes.UNSURE, {"action": "nudge", "camera": "cam_c", "to": "=88ms"}, "3"),
            (scenes.UNSURE, {"action": "approve"}, "4"),
        ]
        await until(pilot, lambda: isinstance(app.screen, QueueScreen))


@running
async def test_enter_checks_the_unsure_angle_before_it_approves(opened):
    async with opened([scenes.unsure()]) as (app, pilot, daemon):
        await reviewing(app, pilot)
        assert "Cam C Looks Good" in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: "✔ checked" in screen_text(app))
        assert daemon.decisions == []
        await until(pilot, lambda: not app.screen.query_one("#main").has_class("-active"))
        await pilot.press("enter")
        await until(pilot, lambda: daemon.decisions)
        assert daemon.decisions[0][1] == {"action": "approve"}


@running
async def test_a_nudge_moves_the_waveform(opened):
    async with opened([scenes.unsure()]) as (app, pilot, _):
        screen = await reviewing(app, pilot)

        def rows():
            wave = screen._lanes.angle_lanes[2].waveform
            return [wave.render_line(y).text for y in range(wave.size.height)]

        before, others = rows(), screen._lanes.angle_lanes[1].waveform.render_line(1).text
        await pilot.press("right")
        await pilot.pause()
        assert rows() != before
        assert screen._lanes.angle_lanes[1].waveform.render_line(1).text == others
        await pilot.press("left")
        await pilot.pause()
        assert rows() == before


@running
async def test_the_review_opens_at_a_clap(opened):
    async with opened([scenes.unsure()]) as (app, pilot, daemon):
        daemon.wrong_ms["cam_c"] = -40.0
        screen = await reviewing(app, pilot)
        assert screen._lanes.viewport.cursor_ms == pytest.approx(12_400, abs=20)
        assert screen._lanes.viewport.window.span_ms < 1000


@running
async def test_keys_that_need_no_request(opened):
    async with opened([scenes.unsure()]) as (app, pilot, _):
        screen = await reviewing(app, pilot)
        draft = screen._draft
        await pilot.press("right_square_bracket")
        assert draft.nudges.get_offset_us("cam_c") == 127_000 + 33_367
        await pilot.press("u")
        assert draft.nudges.pending == {}
        await pilot.press("U")
        assert draft.nudges.pending == {"cam_c": 160_367}
        await pilot.press("0")
        assert draft.nudges.pending == {}
        await pilot.press("k")
        assert draft.camera == "cam_b"
        await pilot.press("k", "right")
        assert draft.camera == "cam_a"
        assert draft.nudges.pending == {}
        close = screen._lanes.viewport.window
        await pilot.press("f")
        assert screen._lanes.viewport.window.span_ms == pytest.approx(601_000)
        await pilot.press("f", "minus", "plus")
        assert screen._lanes.viewport.window.dot_ms == close.dot_ms
        cursor = screen._lanes.viewport.cursor_ms
        await pilot.press("full_stop")
        assert screen._lanes.viewport.cursor_ms == cursor + 8.0
        await pilot.press("g")
        assert screen._lanes.angle_lanes[1].waveform._image.ghost is None


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
async def test_pending_nudges_are_not_mixed_with_another_revision(opened):
    async with opened([scenes.unsure()]) as (app, pilot, daemon):
        screen = await reviewing(app, pilot)
        await pilot.press("right")
        await daemon.put(scenes.unsure(revision=4, offsets_ms={"cam_a": 0.0, "cam_b": -9.0, "cam_c": 9.0}))
        await until(pilot, lambda: app.world.get_session(scenes.UNSURE).revision == 4)
        assert screen._draft.session.revision == 3
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, ConflictDialog))
        assert screen._draft.session.revision == 4


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
        await until(pilot, lambda: "● live" in screen_text(app), tries=600)
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
        await until(pilot, lambda: app.world.get_session(scenes.UNSURE) is not None, tries=600)
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


DONE, LATER = "20261123-070012-aaa", "20261123-101010-new"


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
async def test_rejecting_asks_for_a_reason(opened):
    async with opened([scenes.session()]) as (app, pilot, daemon):
        await pilot.press("enter", "x")
        await until(pilot, lambda: isinstance(app.screen, ReasonDialog))
        await pilot.press("enter")
        assert isinstance(app.screen, ReasonDialog)
        await pilot.press(*"wrong", "enter")
        await until(pilot, lambda: daemon.decisions)
        assert daemon.decisions == [(scenes.SURE, {"action": "reject", "reason": "wrong"}, "3")]


@running
async def test_escape_rejects_nothing(opened):
    async with opened([scenes.session()]) as (app, pilot, daemon):
        await pilot.press("enter", "x", "y", "escape")
        await until(pilot, lambda: isinstance(app.screen, SessionScreen))
        assert daemon.decisions == []


@running
async def test_a_user_who_may_not_approve_can_view(opened):
    async with opened([scenes.session(), scenes.unsure()], may_approve=False) as (app, pilot, daemon):
        await pilot.press("enter")
        await until(pilot, lambda: "is not in review.approvers" in screen_text(app))
        assert app.screen.query_one("#main").disabled
        await pilot.press("enter", "x", "v")
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
        await pilot.press("s")
        await pilot.pause()
        assert daemon.decisions == []


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


def test_read_only_decides_nothing(opened):
    async def look():
        async with opened([scenes.session()], read_only=True) as (app, pilot, daemon):
            await pilot.press("enter")
            await until(pilot, lambda: "read-only" in screen_text(app))
            await pilot.press("enter")
            await pilot.pause()
            assert daemon.decisions == []
            assert "claim" not in daemon.requests

    asyncio.run(look())


@running
async def test_the_reviewer_is_shown_and_can_be_taken_over_from(opened):
    async with opened([scenes.unsure(claimed_by="a.ruiz")]) as (app, pilot, daemon):
        await reviewing(app, pilot)
        assert "a.ruiz is reviewing this" in screen_text(app)
        assert "claim" not in daemon.requests
        await pilot.press("s")
        await pilot.pause()
        assert daemon.decisions == []
        await pilot.press("t")
        await until(pilot, lambda: app.world.get_session(scenes.UNSURE).claimed_by == "s.okafor")
        await pilot.press("s")
        await until(pilot, lambda: daemon.decisions)


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
async def test_the_details_unfold(opened):
    async with opened([scenes.unsure()], size=(100, 60)) as (app, pilot, _):
        await pilot.press("enter", "w")
        await until(pilot, lambda: "C001C003.MOV" in screen_text(app))
        shown = screen_text(app)
        assert "candidates  +127 ms (0.93)   +87 ms (0.86)" in shown
        assert "sha256 9f9f9f9f9f9f" in shown


@running
async def test_help_names_every_key(opened):
    async with opened([scenes.unsure()], size=(100, 40)) as (app, pilot, _):
        screen = await reviewing(app, pilot)
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, ListDialog))
        shown = screen_text(app)
        assert all(does in shown for _, does in screen.ALL_KEYS)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)


@running
async def test_listening_to_a_nudged_angle_fetches_both_excerpts(opened):
    async with opened([scenes.unsure()]) as (app, pilot, daemon):
        screen = await reviewing(app, pilot)
        heard = pretend_to_play(screen)
        await pilot.press("n", "space")
        await until(pilot, lambda: heard)
        starts = [float(said.split()[1]) for said in daemon.requests if said.startswith("audio")]
        assert starts[1] - starts[0] == pytest.approx(40.0)
        assert heard[0][:4] == b"RIFF"


def pretend_to_play(screen, seconds=0.05):
    """A player that takes a moment for each sound, and the list of what it was given."""
    heard, playback = [], screen._listening._playback

    async def play(sound):
        heard.append(sound)
        playback._began_s = time.monotonic()
        await asyncio.sleep(seconds)

    playback.play = play
    return heard


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
async def test_the_palette_goes_to_a_session(opened):
    async with opened([scenes.unsure(), scenes.session()]) as (app, pilot, _):
        await pilot.press("ctrl+p")
        await pilot.press(*"w2m")
        await until(pilot, lambda: f"Go to {scenes.UNSURE}" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SessionScreen))
        await until(pilot, lambda: "Sync Confidence: 71%" in screen_text(app))


@running
async def test_a_claim_ends_with_the_review(opened):
    async with opened([scenes.unsure()]) as (app, pilot, daemon):
        await reviewing(app, pilot)
        await until(pilot, lambda: "claim" in daemon.requests)
        await pilot.press("escape")
        await until(pilot, lambda: "release" in daemon.requests)
        assert daemon.sessions[scenes.UNSURE].claimed_by is None


@running
async def test_the_sound_loops_follows_the_cursor_and_stops(opened):
    async with opened([scenes.unsure()]) as (app, pilot, daemon):
        screen = await reviewing(app, pilot)
        heard = pretend_to_play(screen)
        await pilot.press("space")
        await until(pilot, lambda: len(heard) > 2)
        assert "▶ Cam A left, Cam C right" in screen_text(app)
        await until(pilot, lambda: screen._lanes.playhead_ms is not None)
        asked = len(daemon.requests)
        await pilot.press("greater_than_sign")
        await until(pilot, lambda: len(daemon.requests) > asked)
        await pilot.press("3")
        await until(pilot, lambda: "Cam A and Cam C mixed" in screen_text(app))
        await pilot.press("3")
        await until(pilot, lambda: not screen._listening.is_running)
        assert screen._lanes.playhead_ms is None
        count = len(heard)
        await pilot.pause(0.2)
        assert len(heard) == count
        assert "▶" not in screen_text(app).replace("▸", "")


@running
async def test_a_player_that_plays_nothing_is_said(opened):
    async with opened([scenes.unsure()]) as (app, pilot, _):
        screen = await reviewing(app, pilot)
        said = collect_notices(app)

        async def fail(_):
            raise McsyncError("aplay ended after 0.1 s of 4.0 s: nothing was heard")

        screen._listening._playback.play = fail
        await pilot.press("space")
        await until(pilot, lambda: said)
        assert "nothing was heard" in said[0]
        assert not screen._listening.is_running
