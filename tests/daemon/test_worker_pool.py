"""Workers over real executors: results, failures and deaths become facts about exactly one job."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcsyncd.daemon import worker_pool
from mcsyncd.daemon import worker_process as work
from mcsyncd.daemon.worker_pool import WorkerPool, classify_failure
from mcsyncd.errors import (
    BadMedia,
    ConfigError,
    IntegrityError,
    McsyncError,
    SourceChanged,
    SourceUnreadable,
    StorageError,
)
from mcsyncd.model.clip import Clip
from mcsyncd.model.facts import JobFailed, JobFinished
from mcsyncd.model.jobs import Hash, Probe
from mcsyncd.model.schedule import Lane
from mcsyncd.settings.stores import LocalStorage
from mcsyncd.settings.work_layout import WorkLayout, build_file_stem
from mcsyncd.workers.progress import REPORT_EVERY_S, build_progress_writer, read_progress, remove_progress


@pytest.fixture
def places(tmp_path):
    made = WorkLayout(
        tmp_path / "drop", tmp_path / "work", LocalStorage(kind="local", path=tmp_path / "bucket")
    )
    (made.work / "progress").mkdir(parents=True)
    return made


NO_LIMIT = 1 << 60
"""Bytes that no test writes."""


def clip(places, name: str, content: bytes = b"x" * 1000) -> Hash:
    path = places.work / name
    path.write_bytes(content)
    seen = path.stat()
    return Hash("20261123-091502-k7q", Clip("cam_a", name, seen.st_size, seen.st_mtime_ns, name))


async def outcomes(jobs, places, **options) -> dict:
    facts: dict = {}
    workers = WorkerPool({Lane.HASHING: 2}, lambda job, fact: facts.update({job.id: fact}), **options)
    for job in jobs:
        workers.start_job(job, places, NO_LIMIT)
    while len(facts) < len(jobs):
        await asyncio.sleep(0.02)
    await workers.drain(1)
    assert not workers.running
    assert workers.free_counts == {Lane.HASHING: 2}
    return facts


@pytest.mark.parametrize(
    "make", [work.make_process_executor, lambda _: ThreadPoolExecutor(1)], ids=["processes", "threads"]
)
async def test_any_executor_does(places, make):
    good, gone = clip(places, "a.mov"), clip(places, "b.mov")
    (places.work / "b.mov").unlink()
    facts = await outcomes([good, gone], places, make_executor=make)
    assert isinstance(facts[good.id], JobFinished)
    assert facts[good.id].result.bytes == 1000
    assert isinstance(facts[gone.id], JobFailed)
    assert facts[gone.id].failure_kind == "changed"
    assert "b.mov" in facts[gone.id].message


async def test_the_death_of_a_worker_is_the_crash_of_its_job_alone(places):
    doomed, other = clip(places, "a.mov", b"x" * 400_000_000), clip(places, "b.mov")
    facts: dict = {}
    workers = WorkerPool({Lane.HASHING: 2}, lambda job, fact: facts.update({job.id: fact}))
    workers.start_job(doomed, places, NO_LIMIT)
    while workers.running[doomed.id].pid is None:
        await asyncio.sleep(0.01)
    os.kill(workers.running[doomed.id].pid, 9)
    while doomed.id not in facts:
        await asyncio.sleep(0.02)
    assert facts[doomed.id].failure_kind == "crash"
    workers.start_job(other, places, NO_LIMIT)
    while other.id not in facts:
        await asyncio.sleep(0.02)
    assert isinstance(facts[other.id], JobFinished)
    await workers.drain(1)


async def test_a_worker_that_dies_of_a_failing_disk_is_no_crash_of_its_job(places):
    """SIGBUS is for who reads a mapped file. Three made the session fail, until a person retried it."""
    job = clip(places, "a.mov", b"x" * 400_000_000)
    facts: dict = {}
    workers = WorkerPool({Lane.HASHING: 1}, lambda job, fact: facts.update({job.id: fact}))
    workers.start_job(job, places, NO_LIMIT)
    while workers.running[job.id].pid is None:
        await asyncio.sleep(0.01)
    os.kill(workers.running[job.id].pid, signal.SIGBUS)
    while job.id not in facts:
        await asyncio.sleep(0.02)
    await workers.drain(1)
    assert facts[job.id].failure_kind == "transient"
    assert str(places.work) in facts[job.id].message


async def test_a_job_that_nobody_needs_is_ended_and_reports_nothing(places):
    job = clip(places, "a.mov", b"x" * 400_000_000)
    facts: dict = {}
    workers = WorkerPool({Lane.HASHING: 1}, lambda job, fact: facts.update({job.id: fact}))
    workers.start_job(job, places, NO_LIMIT)
    await asyncio.sleep(0.3)
    workers.stop_job(job.id)
    while workers.running:
        await asyncio.sleep(0.02)
    assert facts == {}
    assert workers.free_counts == {Lane.HASHING: 1}
    await workers.drain(1)


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (BadMedia("a.mov is text", "copy it again"), "final"),
        (ConfigError("no such profile"), "final"),
        (McsyncError("something else"), "final"),
        (SourceChanged("a.mov is gone"), "changed"),
        (IntegrityError("a copy differs"), "corrupt"),
        (StorageError("the store holds another object"), "final"),
        (SourceUnreadable("a.mov may not be read"), "transient"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "out.part"), "transient"),
        (OSError(errno.EIO, os.strerror(errno.EIO), "in.mov"), "transient"),
        (OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)), "transient"),
        (OSError(errno.EROFS, os.strerror(errno.EROFS)), "transient"),
        (OSError(errno.EMFILE, os.strerror(errno.EMFILE)), "transient"),
        (OSError(errno.EBADF, "bad"), "crash"),
        (MemoryError(), "crash"),
        (ZeroDivisionError("a bug"), "crash"),
    ],
)
def test_every_error_has_its_verdict_and_a_word(error, verdict):
    job = Hash("20261123-091502-k7q", Clip("cam_a", "a.mov", 1, 1, "a.mov"))
    fact = classify_failure(job, error)
    assert fact.failure_kind == verdict
    assert fact.message
    if verdict in {"transient", "crash"} and not isinstance(error, McsyncError):
        assert "cam_a/a.mov" in fact.message
        assert fact.hint


@given(st.text(max_size=80), st.text("0123456789abcdef", min_size=24, max_size=24))
def test_a_name_can_only_lend_letters_to_the_files_made_of_it(name, job):
    made = build_file_stem(Clip("cam_a", name, 1, 1), job)
    assert made.endswith(job[:8])
    assert "/" not in made
    assert "." not in made
    assert len(made) <= 49
    assert made.isascii()


def test_progress_is_told_now_and_then_and_forgotten(tmp_path):
    path = tmp_path / "job.json"
    tell = build_progress_writer(path, "bytes")
    for count in range(1000):
        tell(count, 1000)
    tell(1000, 1000)
    last = read_progress(path)
    assert (last.count, last.total, last.unit, last.done) == (1000, 1000, "bytes", 1.0)
    remove_progress(path)
    assert read_progress(path) is None
    path.write_text("{half a li")
    assert read_progress(path) is None


def test_what_an_upload_found_in_the_store_says_nothing_about_its_speed(tmp_path):
    path = tmp_path / "job.json"
    tell = build_progress_writer(path, "bytes")
    tell(900_000_000, 1_000_000_000)
    assert read_progress(path).rate is None
    time.sleep(0.6)
    tell(900_000_600, 1_000_000_000)
    resumed = read_progress(path)
    assert (resumed.first_count, resumed.done) == (900_000_000, pytest.approx(0.9))
    assert 0 < resumed.rate < 1100


def test_progress_is_told_on_when_the_wall_clock_is_set_back(tmp_path, monkeypatch):
    """Untold for long enough, a job counts as one that hangs, and is killed."""
    path, wall = tmp_path / "job.json", [1_800_000_000.0]
    monkeypatch.setattr(time, "time", lambda: wall[0])
    tell = build_progress_writer(path, "bytes")
    tell(1, 1000)
    wall[0] -= 86_400
    time.sleep(REPORT_EVERY_S)
    tell(2, 1000)
    assert read_progress(path).count == 2


async def test_a_slot_is_free_again_even_if_tidying_up_after_the_job_fails(places, monkeypatch):
    def fail(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(worker_pool, "run_detached", fail)
    facts: dict = {}
    workers = WorkerPool({Lane.HASHING: 1}, lambda job, fact: facts.update({job.id: fact}))
    for name in ("a.mov", "b.mov"):
        job = clip(places, name)
        workers.start_job(job, places, NO_LIMIT)
        while workers.running:
            await asyncio.sleep(0.02)
        assert isinstance(facts[job.id], JobFinished)
        assert workers.free_counts == {Lane.HASHING: 1}
    await workers.drain(1)


async def test_each_lane_has_slots_of_its_own(places):
    workers = WorkerPool({Lane.HASHING: 1, Lane.ANALYSIS: 1}, lambda *_: None)
    workers.start_job(clip(places, "a.mov", b"x" * 400_000_000), places, NO_LIMIT)
    assert workers.free_counts == {Lane.HASHING: 0, Lane.ANALYSIS: 1}
    workers.start_job(Probe("s", clip(places, "b.mov").clip), places, NO_LIMIT)
    assert len(workers.running) == 2
    await workers.drain(0)


@pytest.mark.parametrize(("idle_s", "ends"), [(0.0, True), (60.0, False)])
async def test_a_process_that_nobody_needs_ends_after_a_while(places, monkeypatch, idle_s, ends):
    monkeypatch.setattr(worker_pool, "_IDLE_S", idle_s)
    facts: dict = {}
    workers = WorkerPool({Lane.HASHING: 1}, lambda job, fact: facts.update({job.id: fact}))
    first, second = clip(places, "a.mov"), clip(places, "b.mov")
    for job in (first, second):
        workers.start_job(job, places, NO_LIMIT)
        while job.id not in facts:
            await asyncio.sleep(0.02)
            workers.end_idle_processes()
        assert isinstance(facts[job.id], JobFinished), "one at work is never ended"
        (process,) = workers._lanes[Lane.HASHING].free
        await asyncio.sleep(0.02)
        workers.end_idle_processes()
        assert (process.pid is None) is ends
    await workers.drain(1)


async def test_what_a_confidence_needs_starts_while_files_settle(places):
    workers = WorkerPool({Lane.ANALYSIS: 2, Lane.HASHING: 1}, lambda *_: None)
    free = {lane: list(slots.free) for lane, slots in workers._lanes.items()}
    assert not any(one.pid for lane in free.values() for one in lane), "a daemon at rest has no workers"
    for _ in range(2):
        workers.warm_up()
    await workers._warming
    pids = [one.pid for one in free[Lane.ANALYSIS]]
    assert all(pids)
    assert free[Lane.HASHING][0].pid is None
    workers.warm_up()
    await workers._warming
    assert [one.pid for one in free[Lane.ANALYSIS]] == pids, "what runs is left alone"
    await workers.drain(1)
