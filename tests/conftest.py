"""What many tests need: a shoot with known truth, and a daemon to drop it into."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings

from line import Line

# No test is timed: a busy machine must not make one fail.
settings.register_profile("mcsyncd", deadline=None)
settings.load_profile("mcsyncd")


_LONG = {"calibration", "checks", "conform", "daemon", "publish", "sync", "tui"}
"""Folders whose files take long."""


def pytest_collection_modifyitems(items):
    """Deal out the long files first: the last of a run then take seconds, on whichever worker.

    One folder's follow another's in turn: the app's tests wait while the daemon's compute.
    """
    long = {item.path for item in items if item.get_closest_marker("slow") or item.path.parent.name in _LONG}
    ranks, count = {}, Counter()
    for item in items:
        if item.path not in ranks:
            ranks[item.path] = count[item.path.parent]
            count[item.path.parent] += 1
    items.sort(key=lambda item: (item.path not in long, ranks[item.path]))


SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(scope="session")
def shoot(tmp_path_factory):
    """Twenty seconds of the demo's scene from three cameras; files and truth."""
    from mcsyncd.demo.shoot import make_shoot  # noqa: PLC0415  # loads the codecs

    return make_shoot(tmp_path_factory.mktemp("shoot"), seconds=20.0, size=(192, 108))


@pytest.fixture
def line(tmp_path):
    """A daemon that is not started yet, and starts quickly: by a fork. Killed at the end whatever happens."""
    made = Line(tmp_path, forked=True)
    yield made
    if made.process is not None:
        made.kill()  # nobody waits for what is still being encoded


@pytest.fixture
def cold_line(tmp_path):
    """A daemon that is not started yet, and starts as it does for people. Stopped at the end."""
    made = Line(tmp_path)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.stop()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real camera files and of the sync benchmark, where there is one."""
    if not SHARED.is_dir():
        pytest.skip("the folder of shared reference files is not beside this checkout")
    return SHARED
