"""Copies that stall: no part of a file is taken for the whole. `python -m soak copies` is the full form."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from copies import CAMERA, CONTAINERS, PATTERNS, Copy, fill_zeros, judge_intake, make_sources

STALL_S = 4.0
"""Seconds of a stall: many times the quiet time of these tests, as 20 s and 5 min are of the default."""

CELLS = {
    "sequential": "mxf",
    "append": "mpg",
    "zeros": "wav",
    "holes": "mp4",
    "rename": "mkv",
    "part": "avi",
    "in place": "mov",
    "head last": "mpg",
    "old time": "mp4",
    "boundary": "mts",
    "dies": "mxf",
    "link": "mts",
}
"""The container for each way of copying: the one that tells least, and each of them once."""


@pytest.fixture(scope="module")
def sources(tmp_path_factory) -> dict[str, Path]:
    """A few seconds of picture and sound in every container."""
    folder = tmp_path_factory.mktemp("sources")
    film = folder / "film.mov"
    inputs = ("-f", "lavfi", "-i", "testsrc2=s=320x180:d=4", "-f", "lavfi", "-i", "anoisesrc=d=4:a=0.3")
    command = ["ffmpeg", "-v", "error", *inputs, "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"]
    subprocess.run([*command, "-pix_fmt", "yuv420p", film], check=True)
    return make_sources(folder, film)


def test_no_part_of_a_copy_that_stalls_is_taken_for_the_whole(sources, tmp_path):

    def judge(pattern: str) -> str:
        drop = tmp_path / pattern / "home" / "drop"
        (drop / CAMERA).mkdir(parents=True)
        source = sources[CELLS[pattern]]
        return judge_intake(drop, source, pattern, CELLS[pattern], STALL_S)

    with ThreadPoolExecutor(len(CELLS)) as pool:
        faults = dict(zip(CELLS, pool.map(judge, CELLS), strict=True))
    assert {pattern: fault for pattern, fault in faults.items() if fault} == {}
    assert CELLS.keys() == PATTERNS.keys()
    assert set(CELLS.values()) == set(CONTAINERS)


def test_the_whole_takes_the_place_of_a_part_that_was_taken_with_a_doubt(line, shoot, tmp_path):
    """Sound whose end is zeros may be whole, so it is taken; the whole is as long as that part."""
    line.configure(conform="approved")
    line.start()
    line.drop_in({camera: file for camera, file in shoot.files.items() if camera != CAMERA})
    wav = tmp_path / "C0007.WAV"
    subprocess.run(["ffmpeg", "-v", "error", "-i", shoot.files[CAMERA], "-vn", wav], check=True)
    reviewed = []
    fill_zeros(
        Copy(
            wav.read_bytes(),
            line.drop / CAMERA / wav.name,
            "wav",
            lambda: reviewed.append(line.wait_for("in_review")),
        )
    )
    assert {reason["code"] for reason in reviewed[0]["reasons"]} == {"no_picture", "maybe_incomplete"}
    kept = line.work / "sessions" / reviewed[0]["id"] / "original" / CAMERA / wav.name

    def is_whole():
        with suppress(FileNotFoundError):  # the part was set aside just now
            return kept.read_bytes() == wav.read_bytes()

    line.wait(is_whole, "the whole is in the session")
    whole = line.wait_for("in_review")
    assert {reason["code"] for reason in whole["reasons"]} == {"no_picture"}
    assert len(line.sessions()) == 1
