"""The pointer to a session's newest manifest, which also says whether that still holds. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass

from mcsyncd.errors import StorageError
from mcsyncd.model.publishing import HeadState, Publication, StoreHead
from mcsyncd.publish.manifest import SCHEMA_VERSION, serialize_canonical


@dataclass(frozen=True, slots=True)
class HeadDocument:
    """A pointer as it is stored: `updated` is when it was made to say this (UTC, ISO 8601)."""

    publication: Publication
    state: HeadState
    reason: str
    updated: str

    @property
    def body(self) -> bytes:
        """The pointer in canonical form."""
        return serialize_canonical(
            {
                "schema": SCHEMA_VERSION,
                "revision": self.publication.revision,
                "manifest_key": self.publication.key,
                "manifest_sha256": self.publication.sha256,
                "state": str(self.state),
                "reason": self.reason,
                "updated": self.updated,
            }
        )

    @property
    def head(self) -> StoreHead:
        """What it says of the manifest."""
        return StoreHead(self.state, self.publication.revision, self.reason, self.updated)

    def tells(self, head: StoreHead) -> bool:
        """Tell whether it says the same as `head`; the reason alone makes no difference."""
        return (self.state, self.publication.revision) == (head.state, head.revision)


def read_head(key: str, body: bytes) -> HeadDocument:
    """Return the pointer that these bytes are. One of an earlier version has no state: it is current.

    Raises StorageError for bytes that are none.
    """
    try:
        found = json.loads(body)
        publication = Publication(
            int(found["revision"]), str(found["manifest_key"]), str(found["manifest_sha256"])
        )
        state = HeadState(found.get("state", HeadState.CURRENT))
        return HeadDocument(publication, state, str(found.get("reason", "")), str(found["updated"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StorageError(
            f"{key} is no pointer to a manifest ({type(error).__name__}: {error})",
            "`mcsyncd storage repair` sets it aside and writes the right one",
        ) from error
