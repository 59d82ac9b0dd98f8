"""The protocol of an object store: small enough that a folder and a bucket both implement it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from mcsyncd.errors import StorageError
from mcsyncd.model.part_sums import PartSums
from mcsyncd.model.publishing import ObjectMetadata
from mcsyncd.model.rendition import StoredObject
from mcsyncd.publish.source_file import SourceFile

ReportProgress = Callable[[int, int], None]
"""Called with the bytes done and the bytes in all."""
RangeHash = Literal["md5", "sha256"]
"""Which hash of a range is asked for: of a part the MD5, as S3 has it, of a whole object the sha256."""


@dataclass(frozen=True, slots=True)
class ObjectStat:
    """What the store says of an object without reading it: its size, its sha256 if known, and its tag.

    The hash is the one that was stored with it, so it proves nothing; the tag of a bucket is made from the
    content. A folder knows neither.
    """

    bytes: int
    sha256: str | None
    etag: str

    def matches(self, stored: StoredObject) -> bool:
        """Tell whether it can be the object that was stored: whatever is known of both is equal."""
        return (
            self.bytes == stored.bytes
            and self.sha256 in (None, stored.sha256)
            and (not self.etag or not stored.tag or self.etag == stored.tag)
        )


@dataclass(frozen=True, slots=True)
class ListedObject:
    """An object in a listing: its size, and its tag, which is empty in a folder."""

    key: str
    bytes: int
    tag: str


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A small document and the tag of the version that was read."""

    data: bytes
    tag: str


class ObjectStore(Protocol):
    """A store of objects that are written once and verified. All methods raise StorageError.

    Of its kinds, StoreOffline may pass by itself, and StoreRefused is about the store as a whole.

    What reads a file raises OSError if its disk fails.
    """

    def put_file(
        self,
        key: str,
        path: SourceFile,
        sums: PartSums,
        *,
        metadata: ObjectMetadata = (),
        replace: bool = False,
        report_progress: ReportProgress | None = None,
    ) -> ObjectStat:
        """Upload the file with these sums and verify the stored object; return what the store says of it.

        Nothing is sent if an equal object exists, so a repeated call is cheap. An interrupted
        upload resumes where it stopped. With `replace`, whatever is there makes way, for a repair.

        Raises SourceChanged if the file does not match `sums`, StorageError if the key holds another
        object (nothing is ever overwritten) or the stored object differs, StoreOffline if the store
        cannot be reached, and StoreRefused if it lets nobody in.
        """

    def put_document(self, key: str, data: bytes, *, if_match: str | None = None) -> None:
        """Store a small document and verify it.

        Without `if_match` the key must be free; with it, exactly that version (`StoredDocument.tag`)
        is replaced. A document that already has these bytes is accepted either way.

        Raises StorageError if the key holds another version.
        """

    def find_document(self, key: str) -> StoredDocument | None:
        """Return a small document; None if there is none."""

    def stat_object(self, key: str) -> ObjectStat | None:
        """Return what the store says of an object, without reading it; None if it has none."""

    def read_object(self, key: str, start: int, length: int) -> Iterator[bytes]:
        """Yield a range of an object, in chunks. Raises StorageError if there is no such object."""

    def hash_range(self, key: str, start: int, length: int, kind: RangeHash) -> tuple[int, str]:
        """Read a range of an object; return how many bytes there were, and their hash (hex)."""

    def list_objects(self, prefix: str = "") -> Iterator[ListedObject]:
        """Yield every object whose key begins with the folder `prefix` (`head/`), in the order of keys."""

    def get_document(self, key: str) -> bytes:
        """Return a small document. Raises StorageError if there is none."""

    def remove_object(self, key: str) -> None:
        """Remove an object; one that is not there is no error."""


def require_document(key: str, found: StoredDocument | None) -> bytes:
    """Return a document that must be there. Raises StorageError if it is not."""
    if found is None:
        raise StorageError(f"{key} is not in the store", "`mcsyncd storage plan` shows what is missing")
    return found.data


def hash_chunks(chunks: Iterable[bytes], kind: RangeHash) -> tuple[int, str]:
    """Return how many bytes there are, and their hash (hex)."""
    found = hashlib.md5(usedforsecurity=False) if kind == "md5" else hashlib.sha256()
    done = 0
    for chunk in chunks:
        found.update(chunk)
        done += len(chunk)
    return done, found.hexdigest()
