"""The drop folders in a few words, at the foot of the queue."""

from __future__ import annotations

import pytest

from mcsyncd import api
from mcsyncd.tui.widgets.health import build_folder_line


def line(*states: str) -> str:
    files = [api.PendingFileBody(name=f"{state}.mov", bytes=1, state=state, note="look") for state in states]
    body = api.FolderBody(path="/drop/cam_a", label="Cam A", health="ok", settling=files)
    return build_folder_line(body).plain


@pytest.mark.parametrize("state", ["incomplete", "refused"])
def test_a_file_that_holds_everything_up_is_named_before_those_that_arrive(state):
    assert line("settling", state, "settled") == f"▲ Cam A {state} {state}.mov: look"


def test_a_file_that_is_not_of_this_product_is_not_mentioned():
    assert line("ignored") == "● Cam A watching"
