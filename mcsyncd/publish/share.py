"""URLs by which a page or a person reads a session's objects for some hours, without a key.

A URL is a secret: whoever has it reads the object. So it goes to whoever asked and into no log.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mcsyncd.errors import StorageError
from mcsyncd.model.publishing import HeadState, StoreHead
from mcsyncd.model.rendition import ObjectKind
from mcsyncd.publish import keys
from mcsyncd.publish.credentials import AccessKey
from mcsyncd.publish.manifest_reader import list_clip_objects
from mcsyncd.publish.r2 import connect_client
from mcsyncd.settings.stores import R2Storage

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


def require_shareable(session: str, head: StoreHead) -> None:
    """Raise StorageError for a session that was withdrawn."""
    if head.state is HeadState.WITHDRAWN:
        reason = f": {head.reason}" if head.reason else ""
        raise StorageError(
            f"session {session} was withdrawn{reason}", "nothing of it is shared; approve it again first"
        )


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
