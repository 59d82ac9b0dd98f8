"""One upload, from the job to the record, with sums that were kept, lost or damaged meanwhile."""

from __future__ import annotations

import os
from datetime import datetime

import pytest
from api_server import serve_api
from structlog.testing import capture_logs

from mcsyncd.daemon.clock import utc_now
from mcsyncd.daemon.worker_pool import classify_failure
from mcsyncd.errors import DerivedFileLost, SourceChanged, StorageError
from mcsyncd.integrity.part_sums import compute_part_sums, keep_part_sums, load_part_sums
from mcsyncd.model.clip import Clip
from mcsyncd.model.jobs import Hash, Upload
from mcsyncd.model.part_sums import MIN_PART_BYTES
from mcsyncd.model.publishing import PlannedObject
from mcsyncd.publish.identity import init_store
from mcsyncd.publish.keys import build_original_key
from mcsyncd.publish.open_store import open_store
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.workers import publishing
from mcsyncd.workers.perform import perform_job
from r2strict.bucket import ACCESS
from r2strict.faults import RefuseCall

SESSION = "20261126-091502-k7q"
SIZE = MIN_PART_BYTES + 1000
"""The least size that is sent in parts."""


@pytest.fixture
def layout(bucket, tmp_path, monkeypatch) -> WorkLayout:
    """A work folder whose store is the bucket."""
    (tmp_path / "r2").write_text(f"ACCESS_KEY_ID={ACCESS.id}\nSECRET_ACCESS_KEY={ACCESS.secret}\n")
    (tmp_path / "r2").chmod(0o400)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    init_store(open_store(bucket), "2026-11-26T10:00:00Z")
    return WorkLayout(tmp_path / "drop", tmp_path / "work", bucket)


@pytest.fixture
def upload(layout) -> Upload:
    """The upload of an original that was hashed by the daemon's own job."""
    path = layout.locate_originals(SESSION) / "cam_a" / "A.mov"
    path.parent.mkdir(parents=True)
    path.write_bytes(os.urandom(SIZE))
    status = path.stat()
    relative = layout.make_relative(path)
    clip = Clip("cam_a", "A.mov", SIZE, status.st_mtime_ns, relative)
    digest = perform_job(Hash(SESSION, clip), layout, 1 << 40)
    key = build_original_key(SESSION, "cam_a", digest.sha256, path.name)
    return Upload(SESSION, PlannedObject(key, "original", relative, SIZE, digest.sha256, clip.key))


def test_what_was_summed_at_the_hashing_is_not_read_again(upload, layout, monkeypatch):
    monkeypatch.setattr(publishing, "compute_part_sums", None)
    stored = perform_job(upload, layout, 1 << 40)
    found = open_store(layout.storage).stat_object(upload.object.key)
    assert (stored.tag, stored.sha256) == (found.etag, found.sha256)
    assert stored.tag.endswith("-2")
    _, sums = compute_part_sums(layout.resolve_path(upload.object.path))
    assert stored.crc64nvme == f"{sums.crc64nvme:016x}"


@pytest.mark.parametrize("damage", ["lost", "cut", "other numbers"])
def test_damaged_sums_cost_a_reading_and_not_the_session(upload, layout, damage):
    kept = layout.locate_part_sums(SESSION, upload.object.sha256)
    sums = load_part_sums(kept, sha256=upload.object.sha256, size=SIZE)
    match damage:
        case "lost":
            kept.unlink()
        case "cut":
            kept.write_bytes(kept.read_bytes()[:-100])
        case _:
            text = kept.read_text()
            kept.write_text(text.replace(str(sums.crcs[1]), "12345").replace(sums.md5s[1], "0" * 32))
    stored = perform_job(upload, layout, 1 << 40)
    assert stored.tag == sums.tag
    assert load_part_sums(kept, sha256=upload.object.sha256, size=SIZE) == sums, "kept right again"


def test_a_file_that_is_read_for_its_sums_does_not_seem_to_hang_or_to_be_sent(upload, layout):
    layout.locate_part_sums(SESSION, upload.object.sha256).unlink()
    seen = []
    publishing.upload_object(upload, layout, lambda *done: seen.append(done))
    sent = [done for done, total in seen if total == SIZE]
    assert sent[0] == 0
    assert sent == sorted(sent)
    assert sent.count(0) > 2, "while it is read, and where the upload begins"


def test_an_original_that_was_modified_is_said_and_not_stored(upload, layout):
    path = layout.resolve_path(upload.object.path)
    with path.open("r+b") as clip:
        clip.seek(SIZE - 5)
        clip.write(b"other")
    with pytest.raises(SourceChanged, match=r"A\.mov") as caught:
        perform_job(upload, layout, 1 << 40)
    assert "put the file back" in caught.value.hint
    assert open_store(layout.storage).stat_object(upload.object.key) is None


def test_a_rendition_that_was_modified_is_made_again(upload, layout):
    path = layout.resolve_path(upload.object.path)
    path.write_bytes(bytes(SIZE))
    planned = PlannedObject(
        "v1/mezz/x/y.mov", "mezzanine", upload.object.path, SIZE, upload.object.sha256, "cam_a/A.mov"
    )
    rendition = Upload(SESSION, planned)
    with pytest.raises(DerivedFileLost):
        perform_job(rendition, layout, 1 << 40)


def test_sums_of_another_part_size_are_taken_again(upload, layout):
    path, kept = (
        layout.resolve_path(upload.object.path),
        layout.locate_part_sums(SESSION, upload.object.sha256),
    )
    keep_part_sums(kept, compute_part_sums(path, part_bytes=5 << 20)[1])
    assert perform_job(upload, layout, 1 << 40).tag.endswith("-2")


@pytest.mark.parametrize("answer", [RefuseCall(503, "ServiceUnavailable"), RefuseCall(403, "AccessDenied")])
async def test_the_journal_has_all_that_the_stores_support_asks_for(upload, layout, faults, tmp_path, answer):
    faults.inject(answer, operations=["CreateMultipartUpload"])
    with pytest.raises(StorageError) as refused:
        perform_job(upload, layout, 1 << 40)
    ray = refused.value.__cause__.response["ResponseMetadata"]["HTTPHeaders"]["cf-ray"]
    async with serve_api(tmp_path / "home") as served:
        with capture_logs() as lines:
            served.loop.store_gates.note_failure(upload, classify_failure(upload, refused.value))
    (line,) = (one for one in lines if one["log_level"] == "warning")
    assert (line["session"], line["subject"], line["key"]) == (
        SESSION,
        "cam_a/A.mov, original",
        upload.object.key,
    )
    assert f"HTTP {answer.status}" in line["error"]
    assert f"request {ray}" in line["error"]
    assert datetime.fromisoformat(line["next_try"]) > datetime.fromisoformat(utc_now())
    assert upload.object.key not in line["error"]
