"""URLs by which a page or a person reads a session's objects for some hours, without a key.

A URL is a secret: whoever has it reads the object. So it goes to whoever asked and into no log.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mcsyncd.errors import StorageError, UnknownSession
from mcsyncd.model.publishing import HeadState
from mcsyncd.model.rendition import ObjectKind
from mcsyncd.publish import keys
from mcsyncd.publish.credentials import AccessKey
from mcsyncd.publish.head import HeadDocument, read_head
from mcsyncd.publish.manifest_reader import list_clip_objects
from mcsyncd.publish.r2 import R2Store, connect_client
from mcsyncd.settings.schema import R2Storage

MAX_SHARE_S = 7 * 24 * 3600
"""Longest validity of a presigned URL, in seconds (R2, presigned URLs). The store refuses a longer one."""


@dataclass(frozen=True, slots=True)
class SharedObject:
    """One object that may be read. `start_tick` is that of its clip, None where it has no place."""

    clip: str
    kind: ObjectKind
    key: str
    bytes: int
    content_type: str
    start_tick: int | None


@dataclass(frozen=True, slots=True)
class SharedManifest:
    """What the pointer of a session says, and the manifest that it names."""

    head: HeadDocument
    document: dict[str, Any]
    bytes: int


def read_published_manifest(store: R2Store, session: str) -> SharedManifest:
    """Return what a session's pointer names, compared with the hash that it has.

    Raises UnknownSession if there is no pointer, StorageError for a manifest that is missing or another one,
    and for one that is withdrawn.
    """
    key = _build_head_key(session)
    found = store.find_document(key)
    if found is None:
        raise UnknownSession(f"session {session} is not in the store", "see `mcsyncd sessions`")
    head = read_head(key, found.data)
    if head.state is HeadState.WITHDRAWN:
        reason = f": {head.reason}" if head.reason else ""
        raise StorageError(
            f"session {session} was withdrawn{reason}", "nothing of it is shared; approve it again first"
        )
    body = store.get_document(head.publication.key)
    if hashlib.sha256(body).hexdigest() != head.publication.sha256:
        raise StorageError(
            f"{head.publication.key} is not the manifest that was published", "mcsyncd storage plan"
        )
    return SharedManifest(head, json.loads(body), len(body))


def list_shared_objects(
    session: str, document: dict[str, Any], kinds: frozenset[ObjectKind]
) -> Iterator[SharedObject]:
    """Yield the objects of these kinds that a session's manifest names, in its order. Pure.

    Raises StorageError for one that belongs to another session: a URL would give it away.
    """
    folders = keys.list_session_prefixes(session)
    for camera in document["cameras"]:
        for clip in camera["clips"]:
            rendition = clip["proxy"] or clip["mezzanine"]
            start_tick = rendition["start_tick"] if rendition is not None else None
            for kind, found in list_clip_objects(clip):
                if kind not in kinds:
                    continue
                if not found["key"].startswith(folders):
                    raise StorageError(
                        f"the manifest of {session} names {found['key']}, which is not its own",
                        "mcsyncd storage plan",
                    )
                yield SharedObject(
                    clip["id"],
                    kind,
                    keys.validate_key(found["key"]),
                    found["bytes"],
                    found["content_type"],
                    start_tick,
                )


class UrlSigner:
    """Makes URLs with a read-only key; asks nobody."""

    def __init__(self, storage: R2Storage, access: AccessKey) -> None:
        self._bucket = storage.bucket
        self._client = connect_client(storage, access)

    def sign_get(self, key: str, seconds: int) -> str:
        """Return a URL that reads the object, whole or any range of it, for so many seconds."""
        url: str = self._client.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=seconds
        )
        return url


def _build_head_key(session: str) -> str:
    try:
        return keys.build_head_key(session)
    except StorageError:
        raise UnknownSession(f"no session {session}", "see `mcsyncd sessions`") from None
