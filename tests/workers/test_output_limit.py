"""A job whose file grows beyond its limit is stopped by the kernel; what it wrote is gone."""

from __future__ import annotations

import gc
import resource
from pathlib import Path

import pytest

from footage import Shot, film, steady
from mcsyncd.daemon.worker_pool import classify_failure
from mcsyncd.errors import OutputTooLarge
from mcsyncd.model.clip import Clip
from mcsyncd.model.jobs import Conform, Hash, Job, Listen
from mcsyncd.model.rate import Rate
from mcsyncd.probe.probe import probe_clip
from mcsyncd.settings.job_limits import JobLimitSettings
from mcsyncd.settings.load import find_shipped_profiles
from mcsyncd.settings.profiles import load_profile
from mcsyncd.settings.stores import LocalStorage
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.workers.perform import perform_job

SESSION = "20261123-091502-k7q"


@pytest.fixture
def layout(tmp_path) -> WorkLayout:
    (tmp_path / "work" / "progress").mkdir(parents=True)
    return WorkLayout(
        tmp_path / "drop", tmp_path / "work", LocalStorage(kind="local", path=tmp_path / "bucket")
    )


def build_job(layout: WorkLayout, kind: str) -> Job:
    path = film(layout.work / "clip.mov", Shot(steady(30, 2), (0, 2)))
    seen = path.stat()
    clip = Clip("cam_a", "clip.mov", seen.st_size, seen.st_mtime_ns, "clip.mov", media=probe_clip(path))
    if kind == "listen":
        return Listen(SESSION, clip)
    refs = [
        load_profile(find_shipped_profiles(), name).build_ref(name) for name in ("mezz-h264", "proxy-540p")
    ]
    return Conform(SESSION, clip, Rate(30), 0, 0.0, *refs)


def list_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("kind", ["listen", "conform"])
def test_a_job_that_writes_too_much_fails_for_good_and_says_what_to_raise(layout, kind):
    job, limit = build_job(layout, kind), resource.getrlimit(resource.RLIMIT_FSIZE)
    with pytest.raises(OutputTooLarge) as caught:
        perform_job(job, layout, 4_000)
    failed = classify_failure(job, caught.value)
    assert failed.failure_kind == "final"
    assert "cam_a/clip.mov" in failed.message
    assert f"limits.{kind}.output" in failed.hint
    assert list_files(layout.work / "sessions") == []
    assert resource.getrlimit(resource.RLIMIT_FSIZE) == limit, "the next job has its own limit"
    assert perform_job(job, layout, 10_000_000)


def test_a_worker_keeps_nothing_of_a_job_that_it_has_done(layout):
    """A job may name a whole session; a worker that remembered a thousand of them would hold megabytes."""
    path = layout.work / "clip.mov"
    path.write_bytes(b"x")
    clip = Clip("cam_a", "clip.mov", 1, path.stat().st_mtime_ns, "clip.mov")
    perform_job(Hash("20261127-093000-one", clip), layout, 10_000_000)
    gc.collect()
    kept = [one for one in gc.get_objects() if isinstance(one, Hash) and one.session == "20261127-093000-one"]
    assert kept == []


def test_the_limits_of_output_are_sizes_with_a_unit():
    settings = JobLimitSettings.model_validate({"conform": {"output": "1.5TB", "output_per_gb": "500MB"}})
    limit = settings.conform.limit
    assert (limit.output_bytes, limit.output_per_gb) == (1_500_000_000_000, 500_000_000)
    for wrong in (50, "50", "50 apples", "-1GB"):
        with pytest.raises(ValueError, match="10GB"):
            JobLimitSettings.model_validate({"conform": {"output": wrong}})


def test_every_job_may_write_a_copy_of_its_input():
    limits = JobLimitSettings()
    for name in type(limits).model_fields:
        assert getattr(limits, name).limit.output_per_gb >= 1_000_000_000, name
