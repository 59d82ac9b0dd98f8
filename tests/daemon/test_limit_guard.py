"""The limit guard against workers that really hang: a stopped process makes no progress."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from mcsyncd.daemon.limit_guard import LimitGuard
from mcsyncd.daemon.worker_pool import WorkerPool
from mcsyncd.model.clip import Clip
from mcsyncd.model.facts import JobFinished
from mcsyncd.model.jobs import Hash
from mcsyncd.model.schedule import Lane
from mcsyncd.settings.job_limits import JobLimitSettings
from mcsyncd.settings.stores import LocalStorage
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.workers.progress import ProgressReport


@pytest.fixture
def layout(tmp_path):
    made = WorkLayout(
        tmp_path / "drop", tmp_path / "work", LocalStorage(kind="local", path=tmp_path / "bucket")
    )
    (made.work / "progress").mkdir(parents=True)
    return made


def build_hash(layout: WorkLayout, name: str, size: int) -> Hash:
    path = layout.work / name
    with path.open("wb") as file:
        file.truncate(size)
    status = path.stat()
    return Hash("s", Clip("cam_a", name, size, status.st_mtime_ns, name))


def guard_pool(pool: WorkerPool, reports: dict, clock=lambda: 0.0, **limits) -> LimitGuard:
    settings = JobLimitSettings.model_validate(limits)
    return LimitGuard(pool, lambda: settings, lambda: reports, clock)


async def wait_until(condition) -> None:
    while not condition():
        await asyncio.sleep(0.02)


async def test_a_worker_that_hangs_is_killed_reported_and_replaced(layout):
    facts: dict = {}
    pool = WorkerPool({Lane.HASHING: 1}, lambda job, fact: facts.update({job.id: fact}))
    hung, good = build_hash(layout, "hung.mov", 1 << 34), build_hash(layout, "good.mov", 1000)
    pool.start_job(hung, layout, 1 << 60)
    await wait_until(lambda: pool.running[hung.id].pid is not None)
    pid = pool.running[hung.id].pid
    os.kill(pid, signal.SIGSTOP)

    now = pool.running[hung.id].started_at
    guard = guard_pool(pool, {}, lambda: now, hash={"stall": "30s"})
    now += 30
    guard.stop_overruns()
    assert hung.id in pool.running
    now += 1
    guard.stop_overruns()
    await wait_until(lambda: hung.id in facts)

    assert facts[hung.id].failure_kind == "crash"
    assert "cam_a/hung.mov" in facts[hung.id].message
    assert "limits.hash.stall" in facts[hung.id].hint
    assert pool.free_counts == {Lane.HASHING: 1}
    await wait_until(lambda: not Path(f"/proc/{pid}").exists() or is_zombie(pid))
    pool.start_job(good, layout, 1 << 60)
    await wait_until(lambda: good.id in facts)
    assert isinstance(facts[good.id], JobFinished)
    await pool.drain(1)


def is_zombie(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


async def test_progress_holds_the_stall_limit_off_but_not_the_total(layout):
    facts: dict = {}
    pool = WorkerPool({Lane.HASHING: 1}, lambda job, fact: facts.update({job.id: fact}))
    job = build_hash(layout, "slow.mov", 1 << 34)
    pool.start_job(job, layout, 1 << 60)
    now = start = pool.running[job.id].started_at
    reports: dict = {}
    guard = guard_pool(pool, reports, lambda: now, hash={"stall": "30s", "total": "100s", "per_gb": "0s"})
    for step in range(1, 6):
        now = start + 20 * step
        reports[job.id] = ProgressReport(min(step, 2), 100, "bytes", 0.0, float(step))
        guard.stop_overruns()
        await asyncio.sleep(0)
        assert job.id in pool.running
    now = start + 101
    reports[job.id] = ProgressReport(6, 100, "bytes", 0.0, 6.0)
    guard.stop_overruns()
    await wait_until(lambda: job.id in facts)
    assert "limits.hash.total" in facts[job.id].hint
    await pool.drain(1)
