"""What `python -m soak sessions` calls a fault; `test_line.py` looks at what one session leaves."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from steadiness import (
    MAX_LOG_BYTES,
    Footprint,
    find_growth,
    find_litter,
    find_orphans,
    measure_footprint,
)

STEADY = [Footprint(float(number), 100_000_000, 500_000_000, 11, 96, 26, 4_000_000) for number in range(40)]


def test_what_stays_the_same_is_no_growth():
    early = [replace(one, daemon_bytes=50_000_000, descriptors=48, workers=2) for one in STEADY[:4]]
    assert find_growth([*early, *STEADY[4:]]) == [], "what happens in the first tenth does not count"
    last = replace(STEADY[-1], daemon_bytes=200_000_000, threads=40)
    assert find_growth([*STEADY[:-1], last]) == [], "one look at a busy moment is no growth"


@pytest.mark.parametrize(
    ("field", "step"),
    [
        ("daemon_bytes", 200_000),
        ("worker_bytes", 1_000_000),
        ("descriptors", 1),
        ("threads", 1),
        ("workers", 1),
    ],
)
def test_what_grows_with_each_session_is_told(field, step):
    growing = [
        replace(one, **{field: getattr(one, field) + step * number}) for number, one in enumerate(STEADY)
    ]
    (fault,) = find_growth(growing)
    assert field in fault


def test_a_log_that_was_too_large_once_is_told():
    (fault,) = find_growth([*STEADY[:20], replace(STEADY[0], log_bytes=MAX_LOG_BYTES + 1), *STEADY[21:]])
    assert "log" in fault


def test_too_few_looks_say_nothing():
    with pytest.raises(ValueError, match="tenth"):
        find_growth(STEADY[:9])


def test_a_process_is_measured_and_known_as_an_orphan(tmp_path):
    (tmp_path / "ledger.db-wal").write_bytes(bytes(5000))
    script = "import os, subprocess, sys; f = open(os.devnull); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as child:
        child.stdout.readline()
        found = measure_footprint(child.pid, tmp_path, 7.0)
        assert (found.passed_s, found.workers, found.threads, found.log_bytes) == (7.0, 0, 1, 5000)
        assert found.descriptors == 4
        assert found.daemon_bytes > 1 << 20
        assert [str(child.pid) in one for one in find_orphans(child.pid, tmp_path)] == [True]
        child.stdin.close()
    assert find_orphans(child.pid, tmp_path) == []


def test_litter_is_told_from_what_every_session_has(tmp_path):
    sessions = ["20261127-090000-abc", "20261127-090100-def", "20261127-090200-ghi"]
    work = tmp_path / "var/work"
    (work / "progress").mkdir(parents=True)
    for number, name in enumerate(sessions):
        folder = work / "sessions" / name / "conform" / (str(number) * 8)
        folder.mkdir(parents=True)
        (folder / "a.mp4").touch()
    assert find_litter(tmp_path, sessions) == []
    (folder / "a.mp4.12345678.part").touch()
    (work / "progress/12345678.json").touch()
    told = "\n".join(find_litter(tmp_path, sessions))
    assert "temporary" in told
    assert "progress" in told
    assert f"{sessions[2]}: +1" in told
    assert sessions[0] not in told
