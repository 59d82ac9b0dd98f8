"""A fake daemon on a real socket, and the app on it."""

import asyncio
import itertools
import threading
from contextlib import asynccontextmanager

import pytest
from tui import scenes
from tui.fake_daemon import FakeDaemon

from mcsyncd.tui.app import McsyncApp
from mcsyncd.tui.still import Stillness


@pytest.fixture
def socket(tmp_path):
    return tmp_path / "api.sock"


@pytest.fixture
def serve(socket):
    """Serve sessions from a fake daemon in a thread of its own, for an app in a process of its own."""
    running = []

    def start(*sessions):
        made = FakeDaemon(socket, scenes.status(), sessions)
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        asyncio.run_coroutine_threadsafe(made.start(), loop).result(10)
        running.append((made, loop, thread))
        return made

    yield start
    for made, loop, thread in running:
        asyncio.run_coroutine_threadsafe(made.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def opened(socket):
    """`async with opened(sessions) as (app, pilot, daemon)`: the app, past its first answer.

    `app` has the arguments of `McsyncApp`. A minute passes between any two keys, unless they are `hasty`.
    """

    @asynccontextmanager
    async def open_app(sessions=(), *, size=(80, 24), page=100, hasty=False, app=None, **status):
        daemon = FakeDaemon(socket, scenes.status(**status), sessions)
        daemon.session_page = page
        await daemon.start()
        app = McsyncApp(socket, **(app or {}))
        if not hasty:
            app.stillness = Stillness(itertools.count(step=60).__next__)
        try:
            async with app.run_test(size=size) as pilot:
                await until(pilot, lambda: app.world.sessions is not None)
                yield app, pilot, daemon
        finally:
            await daemon.stop()

    return open_app


async def until(pilot, true, tries=200):
    """Wait until something has become true; the test fails if it never does."""
    for _ in range(tries):
        if true():
            await pilot.pause()
            return
        await pilot.pause(0.02)
    raise AssertionError("it never came true")


def collect_notices(app):
    """What the app says from now on in notices, which a test's screen does not show."""
    said = []
    app.show_notice = lambda text, **_: said.append(text)
    return said


def screen_text(app):
    """What is on the terminal, line by line."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


def running(test):
    """Run an async test; its fixtures are ordinary ones."""

    def run(opened):
        asyncio.run(test(opened))

    run.__name__ = test.__name__
    return run
