"""The app in each of its states: what `pictures.py` draws and the snapshots compare."""

import itertools
import tempfile
from contextlib import asynccontextmanager, chdir
from datetime import UTC, datetime
from pathlib import Path

from textual.widgets import Input
from tui import scenes
from tui.conftest import screen_text, until
from tui.fake_daemon import FakeDaemon

from mcsyncd import api
from mcsyncd.tui.app import McsyncApp
from mcsyncd.tui.still import Stillness

SIZES = ((160, 46), (80, 24), (60, 20))
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
"""The time on every screen."""


async def queue(app, pilot, daemon):
    pass


async def filtered(app, pilot, daemon):
    await pilot.press("slash", *"cam")
    await pilot.pause(0.3)


async def activity(app, pilot, daemon):
    kinds = [
        ("session_opened", {}),
        ("clip_conformed", {"clip": "cam_b/B001.MOV"}),
        ("session_approved", {"by": {"name": "kim", "uid": 7}, "revision": 3}),
        ("session_reopened", {"by": {"name": "s.okafor", "uid": 8}, "revision": 4, "reason": "cam B lags"}),
    ]
    daemon.log = [scenes.log_entry(n, kinds[n % 4][0], **kinds[n % 4][1]) for n in range(60)]
    await pilot.press("a")
    await pilot.pause(0.5)


async def session(app, pilot, daemon):
    await pilot.press("enter")


async def original_missing(app, pilot, daemon):
    path = f"/srv/mcsync/work/sessions/{scenes.SURE}/original/cam_b/B001.MOV"
    missing = {"file": "cam_b/B001.MOV", "kind": "missing", "message": "is missing"}
    found = [api.OriginalFaultBody(**missing, hint=f"put it back at {path}")]
    daemon.originals = daemon.originals.model_copy(update={"faults": found})
    await pilot.press("enter")
    await until(pilot, lambda: "is missing" in screen_text(app))


async def unsure(app, pilot, daemon):
    await pilot.press("enter")


async def aside(app, pilot, daemon):
    await pilot.press("enter")


async def clips(app, pilot, daemon):
    await pilot.press("enter", "c")
    await pilot.pause(0.3)


async def details(app, pilot, daemon):
    await pilot.press("enter", "w")


async def review(app, pilot, daemon):
    await pilot.press("v")
    await pilot.pause(0.6)


async def moved(app, pilot, daemon):
    await review(app, pilot, daemon)
    await pilot.press("n")


async def compared(app, pilot, daemon):
    await review(app, pilot, daemon)
    await pilot.press("o")
    await pilot.pause(0.4)


async def onsets(app, pilot, daemon):
    await review(app, pilot, daemon)
    await pilot.press("i")


async def framed(app, pilot, daemon):
    await review(app, pilot, daemon)
    await pilot.press("p")
    await pilot.pause(0.6)


async def framed_apart(app, pilot, daemon):
    await framed(app, pilot, daemon)
    await pilot.press("comma", "n")
    await pilot.pause(0.6)


async def gone(app, pilot, daemon):
    await pilot.press("enter")
    await pilot.pause(0.2)
    await daemon.stop()
    # First the stream ends, then the attempt to connect again fails: that is what stays on the screen.
    await until(pilot, lambda: app.world.link.error.startswith("no daemon answers"))


async def conflict(app, pilot, daemon):
    await pilot.press("enter")
    await settle(app, pilot)
    other = {
        "state": "approved",
        "revision": 4,
        "approved_by": "a.ruiz",
        "approved_at": "2026-11-23T09:21:00+00:00",
    }
    daemon.sessions[scenes.SURE] = scenes.session(**other)
    await pilot.press("enter")
    await until(pilot, lambda: "a.ruiz was faster" in screen_text(app))


async def opened(app, pilot, daemon):
    await pilot.press("enter")


async def helped(app, pilot, daemon):
    await review(app, pilot, daemon)
    await pilot.press("question_mark")


async def rejecting(app, pilot, daemon):
    await pilot.press("enter", "x")


def _settling():
    file = api.PendingFileBody(name="A002C014.MOV", bytes=3_200_000_000, state="settling", note="8 s quiet")
    folders = dict(scenes.status().folders)
    folders["cam_b"] = folders["cam_b"].model_copy(update={"settling": [file]})
    folders["cam_c"] = folders["cam_c"].model_copy(update={"health": "not there: is the disk mounted?"})
    return {"folders": folders, "unknown_folders": ["cam_d"]}


def _paused():
    since = "2026-11-23T09:02:00.000000+00:00"
    storage = scenes.changed(scenes.status().storage, uploads="paused", paused_by="kim", since=since)
    alert = api.AlertBody(code="uploads_paused", level="warning", message="uploads are paused by kim")
    return {"storage": storage, "alerts": [alert]}


def _failed():
    return next(body for body in scenes.queue() if body.state == "failed")


def _published(**change):
    found = next(body for body in scenes.queue() if body.state == "published")
    return found.model_copy(update=change)


def _damaged():
    """Two stores have it; in the third, a file is not what was stored."""
    whole = {"objects": 24, "stored": 24, "read_back": 24}
    damage = {
        "state": "damaged",
        "message": "C0012.MP4 (Cam B), proxy: is not what was stored",
    }
    copies = [
        api.CopyBody(store="r2", state="safe", **whole),
        api.CopyBody(store="nas", state="safe", **whole),
        api.CopyBody(store="shelf", **whole, **damage, hint="mcsyncd storage repair --store shelf"),
    ]
    return _published(copies=copies, is_safe=True)


SCENES = {
    "queue": (queue, scenes.queue(), _settling()),
    "filtered": (filtered, scenes.queue(), {}),
    "activity": (activity, scenes.queue(), {}),
    "session": (session, [scenes.session()], {}),
    "original-missing": (original_missing, [scenes.session()], {}),
    "session-71": (unsure, [scenes.unsure()], {}),
    "by-hand": (session, [scenes.by_hand()], {}),
    "by-hand-review": (review, [scenes.by_hand()], {}),
    "unplaced": (review, [scenes.unplaced()], {}),
    "far-rival": (review, [scenes.far_rival()], {}),
    "reopened": (session, [scenes.reopened()], {}),
    "aside": (aside, [scenes.aside()], {}),
    "clips": (clips, [scenes.aside()], {}),
    "details": (details, [scenes.unsure()], {}),
    "review": (review, [scenes.unsure()], {}),
    "review-moved": (moved, [scenes.unsure()], {}),
    "review-both": (compared, [scenes.unsure()], {}),
    "review-onsets": (onsets, [scenes.unsure()], {}),
    "review-frames": (framed, [scenes.unsure()], {}),
    "review-frames-moved": (framed_apart, [scenes.unsure()], {}),
    "review-frames-unplaced": (framed, [scenes.unplaced()], {}),
    "review-help": (helped, [scenes.unsure()], {}),
    "paused": (queue, scenes.queue(), _paused()),
    "empty": (queue, [], _settling()),
    "gone": (gone, [scenes.session()], {}),
    "error": (opened, [_failed()], {}),
    "working": (opened, [scenes.working()], {}),
    "published": (opened, [_published()], {}),
    "damaged": (opened, [_damaged()], {}),
    "conflict": (conflict, [scenes.session()], {}),
    "reject": (rejecting, [scenes.session()], {}),
    "not-approver": (session, [scenes.session()], {"may_approve": False}),
}


@asynccontextmanager
async def stage(name, size):
    """Open the app in one state: `async with stage("queue", (80, 24)) as (app, pilot)`."""
    act, sessions, change = SCENES[name]
    # A path of the same length each time: an error names it.
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        daemon = FakeDaemon(Path("api.sock"), scenes.status(**change), sessions)
        daemon.wrong_ms, daemon.faint = {"cam_c": -40.0}, {"cam_c": 0.16, "cam_b": 0.03}
        await daemon.start()
        app = McsyncApp(daemon.socket)
        app.get_now = lambda: NOW
        # A minute passes between any two keys: each press is a decision, however slow the machine.
        app.stillness = Stillness(itertools.count(step=60).__next__)
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: app.world.sessions is not None)
            await act(app, pilot, daemon)
            await settle(app, pilot)
            yield app, pilot
        await daemon.stop()


async def settle(app, pilot):
    """Wait until the screen has not changed for a while; a blinking cursor is stopped."""
    for field in app.screen.query(Input):
        field.cursor_blink = False
    before = ""
    while before != (before := screen_text(app)):
        await pilot.pause(0.2)
