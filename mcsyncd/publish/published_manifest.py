"""Read a session's manifest from the store, by its pointer, and compare each with its hash."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from mcsyncd.errors import IntegrityError, UsageError
from mcsyncd.model.publishing import StoreHead
from mcsyncd.publish.head import read_head
from mcsyncd.publish.keys import build_head_key, is_valid_key
from mcsyncd.publish.manifest_reader import parse_manifest, translate_manifest_error
from mcsyncd.publish.object_store import ObjectStore


@dataclass(frozen=True, slots=True)
class PublishedManifest:
    """One published revision: its manifest under `key`, and what the session's pointer says of the newest."""

    head: StoreHead
    key: str
    body: bytes
    document: dict[str, Any]

    @property
    def revision(self) -> int:
        """The revision."""
        return int(self.document["revision"])

    @property
    def sha256(self) -> str:
        """The hash of the manifest, in hex."""
        return hashlib.sha256(self.body).hexdigest()


def read_published_manifest(
    store: ObjectStore, session: str, revision: int | None = None
) -> PublishedManifest:
    """Return a session's newest manifest, or that of a revision; each is checked against its sha256.

    Raises UsageError for a session or a revision that the store does not have, and what the store raises.
    """
    if not is_valid_key(f"{session}.json"):
        raise UsageError(f"{session!r} is no session's id", "`mcsyncd sessions` lists them")
    key = build_head_key(session)
    pointer = store.find_document(key)
    if pointer is None:
        raise UsageError(f"the store has no session {session}", "check the id, and `storage` in the settings")
    head = read_head(key, pointer.data)
    wanted_key, sha256 = head.publication.key, head.publication.sha256
    while True:
        body = store.get_document(wanted_key)
        if hashlib.sha256(body).hexdigest() != sha256:
            raise IntegrityError(
                f"{wanted_key}: is not the manifest that was published",
                "`mcsyncd storage repair` on the machine that published it sends it again",
            )
        with translate_manifest_error():
            document = parse_manifest(body)
            if document["session"]["id"] != session:
                raise IntegrityError(f"{wanted_key}: is the manifest of another session", f"look at {key}")
            if revision is None or document["revision"] == revision:
                return PublishedManifest(head.head, wanted_key, body, document)
            previous = document["previous"]
            if previous is None:
                raise UsageError(f"{session} has no published revision {revision}", "leave out --revision")
            wanted_key, sha256 = str(previous["key"]), str(previous["sha256"])
