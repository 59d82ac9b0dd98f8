"""A worker proves derived files before it uses them."""

from __future__ import annotations

import hashlib
import os
import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from mcsyncd.errors import DerivedFileLost, SourceChanged
from mcsyncd.model.clip import AnalysisAudio, AnalysisChannel, Clip, Digest, DropFile
from mcsyncd.model.jobs import Align, PlanPublishing, Upload
from mcsyncd.model.publishing import PlannedObject
from mcsyncd.model.rendition import WrittenFile
from mcsyncd.publish.identity import init_store
from mcsyncd.publish.open_store import open_store
from mcsyncd.settings.stores import LocalStorage
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.workers.derived_files import require_derived_files, require_unchanged_files
from mcsyncd.workers.perform import perform_job
from shoots import media

CONTENT = os.urandom(16_000)


@pytest.fixture
def layout(tmp_path) -> WorkLayout:
    (tmp_path / "work" / "progress").mkdir(parents=True)
    storage = LocalStorage(kind="local", path=tmp_path / "bucket")
    return WorkLayout(tmp_path / "drop", tmp_path / "work", storage)


def write(layout: WorkLayout, path: str, content: bytes = CONTENT) -> WrittenFile:
    layout.resolve_path(path).write_bytes(content)
    return WrittenFile(path, len(content), hashlib.sha256(content).hexdigest())


def build_clip(camera: str, file: WrittenFile) -> Clip:
    channel = AnalysisChannel(file.path, 1, 0, file.bytes, file.sha256)
    return Clip(camera, "A.MOV", 1, 1, "a", None, media(), AnalysisAudio(8000, 0, 8000, (channel,), ""))


def zero_content(path: Path) -> None:
    path.write_bytes(bytes(len(CONTENT)))


def cut_content(path: Path) -> None:
    path.write_bytes(CONTENT[:-2])


@pytest.mark.parametrize("damage", [Path.unlink, zero_content, cut_content])
@pytest.mark.parametrize("require", [require_derived_files, require_unchanged_files])
def test_a_file_that_is_gone_or_differs_is_lost(layout, damage, require):
    whole, damaged = write(layout, "a.s16"), write(layout, "b.s16")
    require([whole, damaged], layout)
    damage(layout.resolve_path("b.s16"))
    with pytest.raises(DerivedFileLost, match=r"b\.s16") as caught:
        require([whole, damaged], layout)
    assert caught.value.paths == ("b.s16",)
    assert pickle.loads(pickle.dumps(caught.value)).paths == ("b.s16",), "it crosses a process border"


@pytest.mark.parametrize("require", [require_derived_files, require_unchanged_files])
def test_a_file_without_a_recorded_hash_is_never_trusted(layout, require):
    file = write(layout, "old.s16")
    with pytest.raises(DerivedFileLost, match="earlier version"):
        require([replace(file, bytes=0, sha256="")], layout)


def test_a_file_that_nobody_touched_is_hashed_once(layout, monkeypatch):
    file = write(layout, "a.s16")
    require_unchanged_files([file], layout)
    monkeypatch.setattr("mcsyncd.workers.derived_files.verify_digest", lambda *_: pytest.fail("hashed again"))
    require_unchanged_files([file], layout)


@pytest.mark.parametrize("kind", ["align", "plan"])
def test_analysis_audio_that_a_power_cut_emptied_is_not_used(layout, kind):
    clips = tuple(build_clip(camera, write(layout, f"{camera}.s16")) for camera in ("cam_a", "cam_b"))
    for camera in ("cam_a", "cam_b"):
        zero_content(layout.resolve_path(f"{camera}.s16"))
    job = Align("s", "cam_a", clips) if kind == "align" else PlanPublishing("s", clips, ())
    with pytest.raises(DerivedFileLost, match="and 1 more") as caught:
        perform_job(job, layout, 1 << 30)
    assert caught.value.paths == ("cam_a.s16", "cam_b.s16")


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("mezzanine", DerivedFileLost),
        ("peaks", DerivedFileLost),
        ("original", SourceChanged),
        ("attached", SourceChanged),
    ],
)
def test_an_upload_tells_what_can_be_made_again_from_an_original(layout, kind, error):
    file = write(layout, "file.mov")
    init_store(open_store(layout.storage), "2026-11-26T10:00:00Z")
    upload = Upload(
        "s", PlannedObject("v1/x/file.mov", kind, file.path, file.bytes, file.sha256, "cam_a/A.MOV")
    )
    zero_content(layout.resolve_path("file.mov"))
    with pytest.raises(error):
        perform_job(upload, layout, 1 << 30)
    layout.resolve_path("file.mov").write_bytes(CONTENT)
    assert perform_job(upload, layout, 1 << 30).sha256 == file.sha256


def test_what_belongs_to_a_clip_is_hashed_for_the_plan_and_must_be_what_was_taken_in(layout):
    clip = replace(build_clip("cam_a", write(layout, "a.s16")), digest=Digest("c" * 64, "d" * 32, 9))
    path = layout.locate_originals("s") / "cam_a" / "SUB" / "A.MP4"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"a proxy")
    proxy = DropFile("cam_a", "SUB/A.MP4", len(b"a proxy"), 1, "copy", attached_to=clip.name)
    job = PlanPublishing("s", (replace(clip, analysis_audio=None),), (), (proxy,))
    (found,) = (one for one in perform_job(job, layout, 1 << 30).objects if one.kind == "attached")
    assert (found.clip, found.path) == (clip.key, "sessions/s/original/cam_a/SUB/A.MP4")
    assert found.sha256 == hashlib.sha256(b"a proxy").hexdigest()
    path.write_bytes(b"something else")
    with pytest.raises(SourceChanged):
        perform_job(job, layout, 1 << 30)
