"""A session in a store, as small as one can be: originals of the bytes that a test chooses."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from mcsyncd.integrity.part_sums import compute_part_sums
from mcsyncd.model.publishing import HeadState, Publication
from mcsyncd.publish import keys
from mcsyncd.publish.head import HeadDocument
from mcsyncd.publish.object_store import ObjectStore

SESSION = "20261123-091502-k7q"
MTIME_NS = 1_700_000_000_123_456_789


def store_session(
    store: ObjectStore,
    scratch: Path,
    contents: dict[str, bytes],
    *,
    state: HeadState = HeadState.CURRENT,
    revision: int = 1,
    previous: Publication | None = None,
) -> Publication:
    """Publish originals of `cam_a`, by name; return their manifest, to which the pointer leads."""
    clips = []
    for name, content in contents.items():
        (scratch / "sent").write_bytes(content)
        digest, sums = compute_part_sums(scratch / "sent")
        key = keys.build_original_key(SESSION, "cam_a", digest.sha256, name)
        store.put_file(key, scratch / "sent", sums)
        original = {"key": key, "bytes": digest.bytes, "sha256": digest.sha256, "mtime_ns": MTIME_NS}
        empty = dict.fromkeys(("mezzanine", "proxy", "peaks", "sprites"))
        clips.append({"name": name, "original": original} | empty)
    document = {
        "schema": "1.6.0",
        "session": {"id": SESSION},
        "revision": revision,
        "previous": None
        if previous is None
        else {"revision": previous.revision, "key": previous.key, "sha256": previous.sha256},
        "cameras": [{"id": "cam_a", "clips": clips}],
    }
    return point_to(store, json.dumps(document).encode(), revision, state)


def point_to(
    store: ObjectStore, body: bytes, revision: int, state: HeadState = HeadState.CURRENT
) -> Publication:
    """Store a manifest and let the pointer lead to it."""
    sha256 = hashlib.sha256(body).hexdigest()
    publication = Publication(revision, keys.build_manifest_key(SESSION, revision, sha256), sha256)
    store.put_document(publication.key, body)
    head_key = keys.build_head_key(SESSION)
    before = store.find_document(head_key)
    head = HeadDocument(publication, state, "the lens was dirty", "2026-11-23T10:00:00Z")
    store.put_document(head_key, head.body, if_match=before.tag if before else None)
    return publication
