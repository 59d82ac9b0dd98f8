"""An original that is cut, replaced or deleted while a job reads it makes the session stale, no clip bad."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from footage import Shot, film, steady
from mcsyncd.daemon.worker_pool import classify_failure
from mcsyncd.errors import SourceChanged
from mcsyncd.model.clip import Clip
from mcsyncd.model.jobs import Conform, Hash, Listen
from mcsyncd.model.rate import Rate
from mcsyncd.probe.probe import probe_clip
from mcsyncd.settings.load import find_shipped_profiles
from mcsyncd.settings.profiles import load_profile
from mcsyncd.settings.stores import LocalStorage
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.workers import perform

SESSION = "20261127-090000-abc"


@pytest.fixture
def layout(tmp_path) -> WorkLayout:
    (tmp_path / "work").mkdir()
    return WorkLayout(
        tmp_path / "drop", tmp_path / "work", LocalStorage(kind="local", path=tmp_path / "bucket")
    )


def replace_by_rename(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes() + b"\0\0\0\x08free")
    other.rename(path)


def delete(path: Path) -> None:
    path.unlink()


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def build_job(layout: WorkLayout, kind: str) -> Conform | Hash | Listen:
    path = film(layout.work / "A001.mov", Shot(steady(25, 2), (0, 2)))
    seen = path.stat()
    clip = Clip("cam_a", path.name, seen.st_size, seen.st_mtime_ns, path.name, media=probe_clip(path))
    if kind == "hash":
        return Hash(SESSION, clip)
    if kind == "listen":
        return Listen(SESSION, clip)
    refs = [
        load_profile(find_shipped_profiles(), name).build_ref(name) for name in ("mezz-h264", "proxy-540p")
    ]
    return Conform(SESSION, clip, Rate(25), 0, 0.0, *refs)


@pytest.mark.parametrize("kind", ["hash", "listen", "conform"])
@pytest.mark.parametrize("meddle", [replace_by_rename, delete, cut])
def test_an_original_that_moves_under_a_job_makes_the_session_stale(layout, kind, meddle):
    job = build_job(layout, kind)
    reports = []

    def report(done: float, total: float) -> None:
        if not reports:
            meddle(layout.work / "A001.mov")
        reports.append((done, total))

    with pytest.raises(SourceChanged, match=r"A001\.mov") as caught:
        perform._run_stage(job, layout, report)
    assert reports, "it was on its way"
    failed = classify_failure(job, caught.value)
    assert failed.failure_kind == "changed"
    assert failed.hint
