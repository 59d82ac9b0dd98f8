"""A fake daemon on a real socket, and the app on it."""

import asyncio
import itertools
import time
from contextlib import ExitStack, asynccontextmanager

import pytest
from tui import scenes
from tui.fake_daemon import FakeDaemon, serve_in_thread

from mcsyncd.tui.app import McsyncApp
from mcsyncd.tui.still import Stillness

PATIENCE_S = 20.0
"""Seconds that a test waits for the app. Far more than it takes, on a machine that does much else."""


@pytest.fixture
def socket(tmp_path):
    return tmp_path / "api.sock"


@pytest.fixture
def serve(socket):
    """Serve sessions from a fake daemon in a thread of its own, for an app in a process of its own."""
    with ExitStack() as stack:
        yield lambda *sessions: stack.enter_context(serve_in_thread(socket, sessions)).daemon


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


async def until(pilot, true):
    """Wait until something has become true; the test fails if it never does, and says what was shown."""
    last = time.monotonic() + PATIENCE_S
    while not true():
        if time.monotonic() > last:
            pytest.fail(f"it never came true; on screen:\n{screen_text(pilot.app)}")
        await pilot.pause(0.02)
    await pilot.pause()


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
