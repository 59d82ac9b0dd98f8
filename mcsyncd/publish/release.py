"""The last step of publishing: store the manifest, then point the session's head at it."""

from __future__ import annotations

import hashlib
import json

from mcsyncd.model.session import Publication
from mcsyncd.publish import keys
from mcsyncd.publish.manifest import SCHEMA_VERSION, serialize_canonical
from mcsyncd.publish.object_store import ObjectStore


def release_manifest(store: ObjectStore, body: bytes) -> Publication:
    """Store a manifest (its canonical bytes) and point the session's head at it.

    Idempotent, and safe to run late: a head that points at a later revision is left alone. The
    head is replaced only if it is still the version that was read, so two daemons on one bucket
    cannot silently undo each other's work.

    Raises StorageError or StoreOffline, as the store does.
    """
    document = json.loads(body)
    session_id, revision = document["session"]["id"], document["revision"]
    sha256 = hashlib.sha256(body).hexdigest()
    key = keys.build_manifest_key(session_id, revision, sha256)
    store.put_document(key, body)
    published = Publication(revision, key, sha256)
    head = keys.build_head_key(session_id)
    current = store.stat_object(head)
    if current is None or json.loads(store.get_document(head))["revision"] <= revision:
        pointer = _build_head_pointer(published, document["generated_at"])
        store.put_document(head, pointer, if_match=current.etag if current is not None else None)
    return published


def _build_head_pointer(published: Publication, at: str) -> bytes:
    return serialize_canonical(
        {
            "schema": SCHEMA_VERSION,
            "revision": published.revision,
            "manifest_key": published.key,
            "manifest_sha256": published.sha256,
            "updated": at,
        }
    )
