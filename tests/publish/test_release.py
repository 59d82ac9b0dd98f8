from __future__ import annotations

import hashlib
import json

import pytest

from mcsyncd.errors import StorageError
from mcsyncd.publish import keys, manifest
from mcsyncd.publish.local import LocalStore
from mcsyncd.publish.release import release_manifest

SESSION = "20261123-091502-k7q"


def body(revision: int, note: str = "") -> bytes:
    return manifest.serialize_canonical(
        {
            "session": {"id": SESSION},
            "revision": revision,
            "generated_at": "2026-11-23T09:31:00Z",
            "note": note,
        }
    )


@pytest.fixture
def store(tmp_path) -> LocalStore:
    return LocalStore(tmp_path)


def head(store) -> dict:
    return json.loads(store.get_document(keys.build_head_key(SESSION)))


def test_the_head_points_at_the_manifest(store):
    published = release_manifest(store, body(3))
    assert store.get_document(published.key) == body(3)
    assert published.sha256 == hashlib.sha256(body(3)).hexdigest()
    assert (head(store)["manifest_key"], head(store)["revision"]) == (published.key, 3)
    assert head(store)["manifest_sha256"] == published.sha256


def test_twice_is_once(store):
    assert release_manifest(store, body(3)) == release_manifest(store, body(3))


def test_a_new_revision_takes_the_head_and_a_late_old_one_does_not(store):
    first, second = release_manifest(store, body(3)), release_manifest(store, body(4))
    assert head(store)["manifest_key"] == second.key
    assert release_manifest(store, body(3)) == first
    assert head(store)["manifest_key"] == second.key
    assert store.get_document(first.key) == body(3)


def test_a_head_that_somebody_else_moved_meanwhile_is_not_taken(store):
    release_manifest(store, body(3))

    class Overtaken(LocalStore):
        def put_document(self, key, data, *, if_match=None):
            if key.startswith("head/"):
                store.put_document(key, b"{}", if_match=store.find_document(key).tag)
            super().put_document(key, data, if_match=if_match)

    with pytest.raises(StorageError, match="another version"):
        release_manifest(Overtaken(store._root), body(4))
