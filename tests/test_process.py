"""What a process asks of the system, seen from outside of it."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

CHURN = """
import resource
import numpy as np
from mcsyncd.workers.process import release_freed_memory, keep_freed_memory

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def resident():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS"))

def work():
    for _ in range(20):
        [np.ones(750_000, np.float32) for _ in range(6)]

if {keep}:
    keep_freed_memory()
before = faults()
work()
print(faults() - before)
held = resident()
release_freed_memory()
print(held - resident())
"""


def churned(*, keep: bool) -> tuple[int, int]:
    """Page faults of 20 times six arrays of 3 MB, and the KiB that are given back after."""
    done = subprocess.run(
        [sys.executable, "-c", CHURN.replace("{keep}", str(keep))], capture_output=True, text=True, check=True
    )
    faults, given = done.stdout.split()
    return int(faults), int(given)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")
def test_freed_memory_is_kept_for_the_next_array_and_given_back_on_demand():
    fetched, _ = churned(keep=False)
    kept, given = churned(keep=True)
    assert kept < fetched / 5
    assert given > 15_000


CHILD = """
import os, time
from mcsyncd.workers.process import die_with_parent
die_with_parent(os.getppid())
print("lives", flush=True)
time.sleep(600)
"""


def test_a_process_dies_with_the_one_that_started_it():
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {CHILD!r}])"
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"lives\n"
        process.kill()
        assert process.stdout.read() == b""  # the end comes when nobody holds the pipe any more


def test_a_process_whose_parent_is_gone_already_ends_at_once():
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from mcsyncd.workers.process import die_with_parent; die_with_parent(1); print('lives')",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert not done.stdout
