"""Every screen in every state and size looks as it did; `python tests/tui/snapshots.py` accepts a change."""

import asyncio

import pytest
from tui.snapshots import FOLDER, take_snapshots
from tui.staged import SCENES, SIZES


@pytest.mark.parametrize("name", SCENES)
def test_a_screen_looks_as_it_did(name):
    for file, shown in asyncio.run(take_snapshots(name)).items():
        assert shown == (FOLDER / file).read_text(), f"look at it, then: python tests/tui/snapshots.py {name}"


def test_there_is_no_snapshot_of_a_state_that_is_gone():
    wanted = {f"{name}-{width}x{height}.txt" for name in SCENES for width, height in SIZES}
    assert {path.name for path in FOLDER.iterdir()} == wanted
