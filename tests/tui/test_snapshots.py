"""Every screen in every state and size looks as it did; `python tests/tui/snapshots.py` accepts a change."""

import warnings
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest
from tui.snapshots import FOLDER, take_alone
from tui.staged import SCENES, SIZES

PROCESSES = 4
"""A screen that settles is waited for, most of the time."""


@pytest.fixture(scope="module")
def taken():
    """The snapshots that are being taken of each state."""
    with ProcessPoolExecutor(PROCESSES, get_context("spawn"), warnings.simplefilter, ("error",)) as pool:
        yield {name: pool.submit(take_alone, name) for name in SCENES}
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("name", SCENES)
def test_a_screen_looks_as_it_did(taken, name):
    for file, shown in taken[name].result().items():
        assert shown == (FOLDER / file).read_text(), f"look at it, then: python tests/tui/snapshots.py {name}"


def test_there_is_no_snapshot_of_a_state_that_is_gone():
    wanted = {f"{name}-{width}x{height}.txt" for name in SCENES for width, height in SIZES}
    assert {path.name for path in FOLDER.iterdir()} == wanted
