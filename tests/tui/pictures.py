"""Pictures of the screens, to be looked at: `python tests/tui/pictures.py OUT [SCENE ...]`.

Each scene at 160x46 and at 80x24, as SVG and PNG. A browser, where there is one, draws braille
with the right font; without, cairosvg does.
"""

import asyncio
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tui import scenes
from tui.conftest import until
from tui.fake_daemon import FakeDaemon

from mcsyncd import api
from mcsyncd.tui.app import McsyncApp

SIZES = ((160, 46), (80, 24))


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


async def gone(app, pilot, daemon):
    await pilot.press("enter")
    await pilot.pause(0.2)
    await daemon.stop()
    await until(pilot, lambda: app.world.link.state == "gone")


async def conflict(app, pilot, daemon):
    await pilot.press("enter")
    await pilot.pause(0.2)
    other = {
        "state": "approved",
        "revision": 4,
        "approved_by": "a.ruiz",
        "approved_at": "2026-11-23T09:21:00+00:00",
    }
    daemon.sessions[scenes.SURE] = scenes.session(**other)
    await pilot.press("enter")
    await pilot.pause(0.3)


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


def _failed():
    return next(body for body in scenes.queue() if body.state == "failed")


def _published():
    return next(body for body in scenes.queue() if body.state == "published")


SCENES = {
    "queue": (queue, scenes.queue(), _settling()),
    "filtered": (filtered, scenes.queue(), {}),
    "activity": (activity, scenes.queue(), {}),
    "session": (session, [scenes.session()], {}),
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
    "review-help": (helped, [scenes.unsure()], {}),
    "empty": (queue, [], _settling()),
    "gone": (gone, [scenes.session()], {}),
    "error": (opened, [_failed()], {}),
    "working": (opened, [scenes.working()], {}),
    "published": (opened, [_published()], {}),
    "conflict": (conflict, [scenes.session()], {}),
    "reject": (rejecting, [scenes.session()], {}),
    "not-approver": (session, [scenes.session()], {"may_approve": False}),
}


async def take(name, size, out):
    act, sessions, change = SCENES[name]
    with tempfile.TemporaryDirectory() as folder:
        daemon = FakeDaemon(Path(folder) / "api.sock", scenes.status(**change), sessions)
        daemon.wrong_ms, daemon.faint = {"cam_c": -40.0}, {"cam_c": 0.16, "cam_b": 0.03}
        await daemon.start()
        app = McsyncApp(daemon.socket)
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: app.world.sessions is not None)
            await act(app, pilot, daemon)
            await pilot.pause(0.4)
            path = out / f"{name}-{size[0]}x{size[1]}.svg"
            path.write_text(app.export_screenshot(title=f"mcsyncd · {name}"))
        await daemon.stop()
    draw(path)


def draw(svg):
    """Draw an SVG as a PNG beside it."""
    png = svg.with_suffix(".png")
    browser = shutil.which("chromium")
    if browser is None:
        import cairosvg  # noqa: PLC0415  # only where there is no browser

        cairosvg.svg2png(url=str(svg), write_to=str(png), output_width=1400)
        return
    _, _, width, height = (
        float(part) for part in svg.read_text().split('viewBox="', 1)[1].split('"', 1)[0].split()
    )
    text = svg.read_text().replace("Fira Code", "DejaVu Sans Mono").replace("@font-face", "@ignored")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(f"<style>body{{margin:0}}svg{{display:block;width:{width}px}}</style>{text}")
        quiet = "headless no-sandbox disable-gpu disable-quic no-first-run disable-background-networking"
        flags = [
            f"--{flag}"
            for flag in [*quiet.split(), "disable-component-update", "disable-sync", "hide-scrollbars"]
        ]
        size = f"--window-size={int(width) + 1},{int(height) + 1}"
        command = [
            browser,
            *flags,
            size,
            f"--user-data-dir={folder}/profile",
            f"--screenshot={png}",
            page.as_uri(),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=120)


async def main(out, names):
    out.mkdir(parents=True, exist_ok=True)
    for name in names or SCENES:
        for size in SIZES:
            await take(name, size, out)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2:]))
