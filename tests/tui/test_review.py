import asyncio
import time

import numpy as np
import pytest
from tui import scenes
from tui.conftest import collect_notices, running, screen_text, until
from tui.fake_daemon import CLAP_MS

from mcsyncd.errors import McsyncError
from mcsyncd.tui.dialogs import ConflictDialog, LeaveDialog, ListDialog, ReasonDialog
from mcsyncd.tui.queue.screen import QueueScreen
from mcsyncd.tui.review.screen import ReviewScreen
from mcsyncd.tui.session.screen import SessionScreen


def pretend_to_play(screen, seconds=0.05):
    """A player that takes a moment for each sound, and the list of what it was given."""
    heard, playback = [], screen._listening._playback

    async def play(sound):
        heard.append(sound)
        playback._began_s = time.monotonic()
        await asyncio.sleep(seconds)

    playback.play = play
    return heard


async def reviewing(app, pilot):
    await pilot.press("v")
    await until(pilot, lambda: isinstance(app.screen, ReviewScreen) and "⣿" in screen_text(app))
    return app.screen


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
async def test_a_nudge_is_local_until_it_is_approved(opened):
    async with opened([scenes.unsure()]) as (app, pilot, daemon):
        await reviewing(app, pilot)
        await pilot.press("n", "shift+right")
        await pilot.pause()
        shown = screen_text(app)
        assert "+88 ms" in shown
        assert "not sent yet" in shown
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
async def test_help_names_every_key(opened):
    async with opened([scenes.unsure()], size=(100, 50)) as (app, pilot, _):
        screen = await reviewing(app, pilot)
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, ListDialog))
        shown = screen_text(app)
        assert all(one.tooltip in shown for one in screen.list_bindings())
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


@running
async def test_the_two_candidates_are_compared_with_one_key_and_both_at_once(opened):
    async with opened([scenes.far_rival()]) as (app, pilot, daemon):
        screen = await reviewing(app, pilot)
        lane = screen._lanes.angle_lanes[2]
        await pilot.press("o")
        await until(pilot, lambda: "beside +12.127 s" in screen_text(app))
        await until(pilot, lambda: lane.waveform._image.rival is not None)
        image = lane.waveform._image
        assert image.rival_shift_ms == 12_000.0
        assert np.abs(image.rival.resample(image.window, image.rival_shift_ms)).max() > 0.1, "it is far away"
        assert screen._lanes.angle_lanes[1].waveform._image.rival is None
        await pilot.press("b")
        assert screen._draft.nudges.pending == {"cam_c": 12_127_000}
        await until(pilot, lambda: "beside +127 ms" in screen_text(app))
        await pilot.press("b")
        assert screen._draft.nudges.pending == {}
        assert daemon.decisions == []


@running
async def test_onsets_take_the_place_of_the_sound(opened):
    async with opened([scenes.unsure()]) as (app, pilot, _):
        screen = await reviewing(app, pilot)
        waveform = screen._lanes.angle_lanes[0].waveform
        assert waveform._image.peaks.low.min() < -0.1
        await pilot.press("i")
        await until(pilot, lambda: waveform._image.peaks.low.min() == 0.0)
        loud = waveform._image.peaks
        at_ms = loud.start_ms + loud.step_ms * (int(np.argmax(loud.high)) + 0.5)
        assert abs(at_ms - CLAP_MS) < 60.0, "the clap is what rises most"
        await pilot.press("i")
        await until(pilot, lambda: waveform._image.peaks.low.min() < -0.1)


@running
async def test_what_a_person_moved_has_no_confidence_and_does_not_look_good(opened):
    """It said 99% and Looks Good above an offset of somebody's own."""
    async with opened([scenes.session()]) as (app, pilot, _):
        await reviewing(app, pilot)
        assert "Sync Confidence: 92%" in screen_text(app)
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: "moved, not sent" in screen_text(app))
        shown = screen_text(app)
        assert "Sync Confidence" not in shown
        assert "Looks Good" not in shown
        assert "Approve As Moved" in shown
        assert "◐ moved by you" in shown
        await pilot.press("0")
        await until(pilot, lambda: "Looks Good" in screen_text(app))
        assert "Sync Confidence: 92%" in screen_text(app)


@running
async def test_lanes_are_drawn_for_every_size_that_they_get(opened):
    """On a busy machine their first one came after the daemon's answer, and the review stayed empty."""
    async with opened([scenes.unsure()]) as (app, pilot, _):
        screen = await reviewing(app, pilot)
        drawn = []
        screen._update = lambda: drawn.append(screen._lanes.lane_width)
        for lane in screen._lanes.angle_lanes:
            lane.styles.width = 50
        await pilot.pause(2.0)  # news of the daemon has all drawn, too: every ten seconds
        assert 50 in drawn
