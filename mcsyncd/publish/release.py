"""The last steps of publishing: confirm the objects, store the manifest, point the session's head at it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from mcsyncd.errors import StorageError, StoredObjectsMissing
from mcsyncd.model.publishing import HeadState, Publication, StoreHead, name_object
from mcsyncd.model.rendition import StoredObject
from mcsyncd.publish import keys
from mcsyncd.publish.head import HeadDocument, read_head
from mcsyncd.publish.object_store import ObjectStore

_SHOWN = 3
"""Objects that a message names. Judgement: enough to look at; the rest is counted."""


def confirm_objects(store: ObjectStore, stored: Iterable[StoredObject]) -> None:
    """Ask the store for each object, right before a manifest names them. Sends one HEAD for each.

    Raises StoredObjectsMissing for those that are gone: they can be sent again. Raises StorageError for one
    that is another than was stored: nothing is overwritten without a person.
    """
    missing = []
    for one in stored:
        found = store.stat_object(one.key)
        if found is None:
            missing.append(one)
        elif not found.matches(one):
            raise StorageError(
                f"{name_object(one.clip, one.kind)}: the store holds something else than was stored",
                "`mcsyncd storage plan` shows what differs, `mcsyncd storage repair` sends it again",
            )
    if missing:
        named = [name_object(one.clip, one.kind) for one in missing[:_SHOWN]]
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        raise StoredObjectsMissing(
            f"no longer in the store: {'; '.join(named)}{more}",
            "they are uploaded again by themselves",
            tuple(one.key for one in missing),
        )


def release_manifest(store: ObjectStore, body: bytes) -> Publication:
    """Store a manifest (its canonical bytes) and point the session's head at it.

    Idempotent, and safe to run late: a head that points at a later revision is left alone.

    Raises StorageError or StoreOffline, as the store does.
    """
    document = json.loads(body)
    session_id, revision = document["session"]["id"], document["revision"]
    sha256 = hashlib.sha256(body).hexdigest()
    key = keys.build_manifest_key(session_id, revision, sha256)
    store.put_document(key, body)
    published = Publication(revision, key, sha256)
    point_head(
        store, session_id, published, StoreHead(HeadState.CURRENT, revision, at=document["generated_at"])
    )
    return published


def point_head(store: ObjectStore, session_id: str, published: Publication | None, head: StoreHead) -> None:
    """Make a session's head say `head` of the newest manifest up to `head.revision`.

    That is `published`, or a later one that the head names already: it was released, and its record lost.
    A head that names one later than `head.revision` is left alone, and where there is no manifest, no reader
    is told anything. The head is replaced only if it is still the version that was read, so two daemons on
    one bucket cannot silently undo each other's work. Raises StorageError for a head that is none, and what
    the store raises.
    """
    key = keys.build_head_key(session_id)
    current = store.find_document(key)
    before = read_head(key, current.data) if current is not None else None
    if before is not None and before.publication.revision > head.revision:
        return
    if before is not None and (published is None or before.publication.revision > published.revision):
        published = before.publication
    if published is None:
        return
    if before is not None and (before.state, before.publication.revision) == (head.state, published.revision):
        return
    updated = head.at or (before.updated if before is not None else "")
    wanted = HeadDocument(published, head.state, head.reason, updated)
    store.put_document(key, wanted.body, if_match=current.tag if current is not None else None)
