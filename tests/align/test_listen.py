"""How many files `align` analyses in parallel."""

from __future__ import annotations

import os

import pytest

from mcsyncd.align.listen import count_parallel_files

CORES = len(os.sched_getaffinity(0))


def with_index(path, index_bytes):
    with path.open("wb") as file:
        file.write(b"\0\0\0\x08ftyp" + index_bytes.to_bytes(4, "big") + b"moov")
        file.truncate(8 + index_bytes)
    return path


@pytest.mark.parametrize(
    ("mebibytes", "expected"),
    [([2, 2, 2], 3), ([8, 8, 8], 2), ([3, 8, 8], 2), ([8, 3, 8, 3], 2), ([100, 1], 1)],
)
def test_files_whose_indices_do_not_fit_into_memory_together_take_turns(tmp_path, mebibytes, expected):
    paths = [with_index(tmp_path / f"{at}.mp4", size << 20) for at, size in enumerate(mebibytes)]
    assert count_parallel_files(paths) == min(expected, CORES + 1)


def test_a_file_that_cannot_be_read_has_no_index(tmp_path):
    sound = tmp_path / "a.wav"
    sound.write_bytes(b"RIFF")
    assert count_parallel_files([tmp_path / "gone.mp4", sound]) == 2
