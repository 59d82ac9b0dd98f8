"""`mcsyncd compare` on real files, as a user calls it: a sync by hand with one clip three frames off."""

from __future__ import annotations

import json

import numpy as np
import pytest

from hearing import babble, taken, write_sound
from mcsyncd.cli.main import _run_command as run_command

RATE = 8000


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """b began 2.5 s after a, c 1 s before it, and a stranger."""
    folder = tmp_path_factory.mktemp("compare")
    scene = babble(1, 40)
    sounds = {"a": taken(scene, 5, 25), "b": taken(scene, 7.5, 25, seed=2), "c": taken(scene, 4, 25, seed=3)}
    sounds["stranger"] = np.asarray(babble(9, 25))
    return {name: write_sound(folder / f"{name}.mov", [sound[None]], RATE) for name, sound in sounds.items()}


def write_timeline(folder, frames):
    """A sequence of Premiere at 25 frames a second; `frames` are the places of the files by name."""
    tracks = "".join(
        f'<track><clipitem id="{name}"><start>{at}</start><end>{at + 500}</end><in>0</in><out>500</out>'
        f'<file id="f-{name}"><pathurl>file://localhost/Footage/{name}.mov</pathurl></file></clipitem></track>'
        for name, at in frames.items()
    )
    path = folder / "by_hand.xml"
    rate = "<rate><timebase>25</timebase><ntsc>FALSE</ntsc></rate>"
    path.write_text(
        f'<?xml version="1.0"?><!DOCTYPE xmeml><xmeml version="4"><sequence>{rate}'
        f"<media><video/><audio>{tracks}</audio></media></sequence></xmeml>"
    )
    return path


def compare(capfd, *arguments):
    code = run_command(["compare", *map(str, arguments)])
    return code, capfd.readouterr()


def test_what_differs_is_marked_and_the_rest_agrees(files, tmp_path, capfd):
    timeline = write_timeline(tmp_path, {"a": 100, "b": 162, "c": 78})
    report = tmp_path / "report.json"
    code, said = compare(capfd, timeline, files["a"], files["b"], files["c"], "--report", report)
    assert code == 0, said.err
    (b,) = (line for line in said.out.splitlines() if line.startswith("b.mov"))
    (c,) = (line for line in said.out.splitlines() if line.startswith("c.mov"))
    assert not b.endswith("<")  # 62 frames are 2.48 s: as near as frames come to 2.5 s
    assert "+2480 ms" in b
    assert c.endswith("<")
    assert "+120 ms" in c
    assert "1 of 2 differ" in said.out
    written = json.loads(report.read_text())
    assert [pair["difference_us"] for pair in written["pairs"]] == pytest.approx([-20_000, 120_000], abs=200)
    assert "mov" not in report.read_text()


def test_a_file_that_is_not_on_the_timeline_is_named(files, tmp_path, capfd):
    timeline = write_timeline(tmp_path, {"a": 100, "b": 162})
    code, said = compare(capfd, timeline, files["a"], files["b"], files["c"])
    assert code == 0
    assert "c.mov: not on the timeline" in said.err


def test_an_unrelated_file_is_nothing_to_compare(files, tmp_path, capfd):
    timeline = write_timeline(tmp_path, {"a": 100, "b": 162, "stranger": 100})
    code, said = compare(capfd, timeline, files["a"], files["b"], files["stranger"])
    assert code == 0
    (row,) = (line for line in said.out.splitlines() if line.startswith("stranger.mov"))
    assert "<" not in row
    assert "1 of 2 have no offset of ours" in said.out


def test_a_timeline_without_the_files_says_what_it_has(files, tmp_path, capfd):
    timeline = write_timeline(tmp_path, {"x": 1, "y": 2})
    code, said = compare(capfd, timeline, files["a"], files["b"])
    assert code == 2
    assert "x.mov" in said.err
