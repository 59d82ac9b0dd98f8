from __future__ import annotations

import mmap
import os
import subprocess
import sys
from pathlib import Path

import pytest

import mcsyncd
from mcsyncd.ingest.lease import WriterStatus, query_writers


def ask(clip: Path) -> WriterStatus:
    with clip.open("rb", buffering=0) as file:
        return query_writers(file.fileno())


@pytest.fixture
def clip(tmp_path):
    clip = tmp_path / "x.mp4"
    clip.write_bytes(b"x" * 4096)
    if ask(clip) is WriterStatus.UNKNOWN:
        pytest.skip("this filesystem has no leases")
    return clip


def test_a_writer_is_known_while_it_has_the_file_open(clip):
    with clip.open("ab"):
        assert ask(clip) is WriterStatus.SOME
    assert ask(clip) is WriterStatus.NONE


def test_a_mapping_whose_descriptor_is_closed_is_a_writer_too(clip):
    descriptor = os.open(clip, os.O_RDWR)
    mapping = mmap.mmap(descriptor, 4096)
    os.close(descriptor)
    assert ask(clip) is WriterStatus.SOME
    mapping.close()
    assert ask(clip) is WriterStatus.NONE


def test_readers_do_not_disturb(clip):
    with clip.open("rb"):
        assert ask(clip) is WriterStatus.NONE


def test_a_writer_that_opens_meanwhile_does_not_kill_us(clip):
    """The kernel signals a broken lease, by default with a signal that ends the process."""
    opening = """if True:
        import os, sys
        while True:
            os.close(os.open(sys.argv[1], os.O_WRONLY))
    """
    asking = """if True:
        import os, signal, sys, time
        from mcsyncd.ingest.lease import query_writers
        broken = []
        signal.signal(signal.SIGURG, lambda *_: broken.append(1))
        file, due = os.open(sys.argv[1], os.O_RDONLY), time.monotonic() + 5
        while not broken and time.monotonic() < due:
            query_writers(file)
    """
    env = {"PYTHONPATH": str(Path(mcsyncd.__file__).parents[1])}
    writer = subprocess.Popen([sys.executable, "-c", opening, clip])
    try:
        asked = subprocess.run([sys.executable, "-c", asking, clip], env=env, check=False)
    finally:
        writer.kill()
        writer.wait()
    assert asked.returncode == 0


def test_where_there_are_no_leases_nothing_is_known():
    reading, writing = os.pipe()
    assert query_writers(reading) is WriterStatus.UNKNOWN
    os.close(reading)
    os.close(writing)
