from __future__ import annotations

import hashlib
import json

import pytest

from mcsyncd.errors import StorageError
from mcsyncd.model.publishing import HeadState, StoreHead
from mcsyncd.publish import keys, manifest
from mcsyncd.publish.local import LocalStore
from mcsyncd.publish.release import point_head, release_manifest

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


def test_doubts_reach_a_manifest_that_nobody_recorded(store):
    first, second = release_manifest(store, body(3)), release_manifest(store, body(4))
    point_head(store, SESSION, first, StoreHead(HeadState.UNDER_REVIEW, 4, "look", "2026-11-24T09:31:00Z"))
    told = head(store)
    assert (told["state"], told["revision"], told["manifest_key"]) == ("under_review", 4, second.key)
    point_head(store, SESSION, None, StoreHead(HeadState.WITHDRAWN, 4, "no", "2026-11-25T09:31:00Z"))
    assert (head(store)["state"], head(store)["manifest_key"]) == ("withdrawn", second.key)


def test_doubts_reach_the_last_manifest_where_the_next_was_not_released(store):
    first = release_manifest(store, body(3))
    point_head(store, SESSION, first, StoreHead(HeadState.UNDER_REVIEW, 4, "look", "2026-11-24T09:31:00Z"))
    assert (head(store)["state"], head(store)["manifest_key"]) == ("under_review", first.key)


def test_where_nothing_was_released_there_is_nothing_to_tell(store):
    point_head(store, SESSION, None, StoreHead(HeadState.UNDER_REVIEW, 1, "look", "2026-11-24T09:31:00Z"))
    assert store.find_document(keys.build_head_key(SESSION)) is None


def test_late_doubts_leave_a_later_manifest_alone(store):
    first, second = release_manifest(store, body(3)), release_manifest(store, body(5))
    point_head(store, SESSION, first, StoreHead(HeadState.UNDER_REVIEW, 4, "look", "2026-11-24T09:31:00Z"))
    assert (head(store)["state"], head(store)["manifest_key"]) == ("current", second.key)


def test_a_head_that_somebody_else_moved_meanwhile_is_not_taken(store):
    release_manifest(store, body(3))

    class Overtaken(LocalStore):
        def put_document(self, key, data, *, if_match=None):
            if key.startswith("head/"):
                store.put_document(key, b"{}", if_match=store.find_document(key).tag)
            super().put_document(key, data, if_match=if_match)

    with pytest.raises(StorageError, match="another version"):
        release_manifest(Overtaken(store._root), body(4))
