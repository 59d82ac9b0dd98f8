from tui import scenes
from tui.conftest import running, screen_text, until

from mcsyncd import api
from mcsyncd.tui.dialogs import ConsentDialog, ListDialog, ReasonDialog
from mcsyncd.tui.review.screen import ReviewScreen
from mcsyncd.tui.session.clips import ClipsDialog
from mcsyncd.tui.session.screen import SessionScreen

STALE = scenes.session(
    state="stale",
    call_to_action=None,
    error=api.ErrorBody(stage="publish", message="cam_a/A001C003.MOV changed on disk"),
)


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
        assert "c leaves B001C004.MOV (Cam B) out: it is not published, and not deleted." in shown
        assert "x rejects the session: that deletes no file." in shown
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
            scenes.log_entry(1, "session_approved", by={"name": "a.ruiz", "uid": 1}, revision=3),
            scenes.log_entry(
                2, "session_reopened", by={"name": "kim", "uid": 2}, revision=4, reason="cam B lags"
            ),
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
async def test_the_details_unfold(opened):
    async with opened([scenes.unsure()], size=(100, 60)) as (app, pilot, _):
        await pilot.press("enter", "w")
        await until(pilot, lambda: "C001C003.MOV" in screen_text(app))
        shown = screen_text(app)
        assert "candidates  +127 ms (0.93)   +87 ms (0.86)" in shown
        assert "sha256 9f9f9f9f9f9f" in shown


@running
async def test_a_session_does_not_look_good_once_an_original_is_seen_to_be_missing(opened):
    async with opened([scenes.session()]) as (app, pilot, daemon):
        gone = api.OriginalFaultBody(
            file="cam_b/B001.MOV", kind="missing", message="is missing", hint="put it back"
        )
        daemon.originals = daemon.originals.model_copy(update={"faults": [gone]})
        await pilot.press("enter")
        await until(pilot, lambda: "B001.MOV (Cam B) is missing" in screen_text(app))
        assert "Review Sync" in screen_text(app)
        assert "Looks Good" not in screen_text(app)


@running
async def test_a_key_counts_while_the_last_press_is_still_drawn(opened):
    async with opened([STALE]) as (app, pilot, _):
        await pilot.press("enter")
        await until(pilot, lambda: "Sync Again" in screen_text(app))
        button = app.screen.query_one("#main")
        button.active_effect_duration = 60.0
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ConsentDialog))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, SessionScreen))
        assert button.has_class("-active")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ConsentDialog))


@running
async def test_what_a_second_sync_makes_void_is_asked_first(opened):
    async with opened([STALE]) as (app, pilot, daemon):
        await pilot.press("enter")
        await until(pilot, lambda: "Sync Again" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ConsentDialog))
        assert "changed on disk" in screen_text(app)
        await pilot.press("enter", "escape")
        await until(pilot, lambda: isinstance(app.screen, SessionScreen))
        assert daemon.decisions == []
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ConsentDialog))
        await pilot.press("y")
        await until(pilot, lambda: daemon.decisions)
        assert [decision for _, decision, _ in daemon.decisions] == [{"action": "resync"}]
