"""The store under random faults: whatever happens, a retry after their end puts everything right."""

from __future__ import annotations

import itertools
import json
import random
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import pytest
from botocore.config import Config
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mcsyncd.errors import StorageError
from mcsyncd.integrity.part_sums import compute_part_sums
from mcsyncd.model.part_sums import PartSums
from mcsyncd.publish import keys, manifest, r2
from mcsyncd.publish.r2 import R2Store
from mcsyncd.publish.release import release_manifest
from r2strict.bucket import ACCESS
from r2strict.faults import CutBody, DelayAnswer, FalsifyTag, Fault, Faults, LoseAnswer, RefuseCall
from r2strict.service import StrictStore

MIB = 1 << 20
LEAST = 5 * MIB
NUMBERS = itertools.count()
READ_TIMEOUT_S = 0.5


class Trouble(NamedTuple):
    fault: Fault
    operation: str
    calls: int


FAULTS = st.one_of(
    st.builds(CutBody, st.integers(0, 6 * MIB)),
    st.sampled_from(
        [RefuseCall(500, "InternalError"), RefuseCall(), RefuseCall(429, "TooManyRequests", retry_after=1)]
    ),
    st.just(LoseAnswer()),
    st.just(DelayAnswer(2 * READ_TIMEOUT_S)),
    st.just(FalsifyTag()),
)


def troubles(*operations: str):
    return st.lists(
        st.builds(Trouble, FAULTS, st.sampled_from(operations), st.integers(1, 3)), min_size=1, max_size=3
    )


UPLOADING = (
    *("HeadObject", "PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"),
    *("ListParts", "ListMultipartUploads", "AbortMultipartUpload"),
)
DOCUMENTS = ("HeadObject", "PutObject", "GetObject")
bounded = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def store(seaweed, monkeypatch) -> tuple[R2Store, Faults]:
    """A store that gives up soon, where R2's second is a twentieth of one."""
    monkeypatch.setattr("r2strict.write_window.WRITE_INTERVAL_S", 0.05)
    monkeypatch.setattr(r2, "_CLIENT_CONFIG", r2._CLIENT_CONFIG.merge(Config(read_timeout=READ_TIMEOUT_S)))
    hasty = SimpleNamespace(sleep=lambda seconds: time.sleep(min(seconds, 0.06)), time=time.time)
    monkeypatch.setattr("botocore.endpoint.time", hasty)
    monkeypatch.setattr("mcsyncd.publish.multipart._FIRST_WAIT_S", 0.05)
    with StrictStore(seaweed.endpoint, ACCESS) as strict:
        settled = seaweed.model_copy(update={"endpoint": strict.endpoint})
        yield R2Store(settled, ACCESS), strict.faults


def inject(faults: Faults, found: list[Trouble]) -> None:
    faults.clear()
    for trouble in found:
        faults.inject(trouble.fault, operations=[trouble.operation], calls=trouble.calls)


def make_file(path: Path, size: int) -> tuple[PartSums, str]:
    path.write_bytes(random.Random(next(NUMBERS)).randbytes(size))
    _, sums = compute_part_sums(path, part_bytes=LEAST)
    return sums, keys.build_original_key("faulty", "cam_a", sums.sha256, path.name)


def try_to(call, *arguments, **named) -> None:
    """Call; a failure must be one that the daemon understands."""
    with suppress(StorageError):
        call(*arguments, **named)


def list_uploads(store: R2Store, key: str) -> list:
    return store._client.list_multipart_uploads(Bucket=store._bucket, Prefix=key).get("Uploads", [])


@bounded
@example([Trouble(LoseAnswer(), "CreateMultipartUpload", 1)], LEAST + 1, 1)
@example([Trouble(LoseAnswer(), "CreateMultipartUpload", 3)], LEAST + 1, 2)
@example([Trouble(LoseAnswer(), "CompleteMultipartUpload", 1)], LEAST + 1, 1)
@example([Trouble(LoseAnswer(), "CompleteMultipartUpload", 2)], LEAST + 1, 1)
@example([Trouble(RefuseCall(200, "InternalError"), "CompleteMultipartUpload", 3)], LEAST + 1, 1)
@given(troubles(*UPLOADING), st.sampled_from([10, LEAST + 1, 2 * LEAST + 7]), st.integers(1, 2))
def test_a_file_is_stored_whole_and_leaves_nothing_behind(store, tmp_path, found, size, attempts):
    store, faults = store
    path = tmp_path / "clip.mov"
    sums, key = make_file(path, size)
    inject(faults, found)
    for _ in range(attempts):
        try_to(store.put_file, key, path, sums)
    faults.stop()
    store.put_file(key, path, sums)
    assert store.get_document(key) == path.read_bytes()
    assert list_uploads(store, key) == []


@bounded
@given(troubles(*UPLOADING), st.sampled_from([10, LEAST + 1]))
def test_what_another_wrote_is_never_overwritten(store, tmp_path, found, size):
    store, faults = store
    path = tmp_path / "clip.mov"
    sums, key = make_file(path, size)
    faults.clear()
    store._client.put_object(Bucket=store._bucket, Key=key, Body=b"theirs", Metadata={"mcs-sha256": "0" * 64})
    inject(faults, found)
    for _ in range(2):
        with pytest.raises(StorageError):
            store.put_file(key, path, sums)
    faults.stop()
    assert store.get_document(key) == b"theirs"
    assert list_uploads(store, key) == []


@bounded
@given(st.lists(troubles(*DOCUMENTS), min_size=1, max_size=3))
def test_the_head_never_goes_back_and_ends_at_the_newest(store, revisions):
    store, faults = store
    session = f"faulty-{next(NUMBERS)}"
    head = keys.build_head_key(session)
    newest = 0
    for revision, found in enumerate(revisions, 1):
        body = manifest.serialize_canonical(
            {"session": {"id": session}, "revision": revision, "generated_at": "x"}
        )
        inject(faults, found)
        try_to(release_manifest, store, body)
        faults.stop()
        published = release_manifest(store, body)
        assert store.get_document(published.key) == body
        pointer = json.loads(store.get_document(head))
        assert pointer["revision"] >= newest
        newest = pointer["revision"]
    assert (pointer["revision"], pointer["manifest_key"]) == (len(revisions), published.key)
