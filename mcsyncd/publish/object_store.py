"""The protocol of an object store: small enough that a folder and a bucket both implement it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mcsyncd.errors import StorageError
from mcsyncd.model.publishing import ObjectMetadata

ReportProgress = Callable[[int, int], None]
"""Called with the bytes done and the bytes in all."""


class StoreOffline(StorageError):
    """The store could not be reached or is overloaded: a retry may succeed.

    Every other StorageError needs an operator: a refused access key, a bucket that does not exist,
    an object that differs from its record.
    """


@dataclass(frozen=True, slots=True)
class ObjectStat:
    """What the store reports about an object: its size, its sha256 if known, and the version's tag."""

    bytes: int
    sha256: str | None
    etag: str


class ObjectStore(Protocol):
    """A store of objects that are written once and verified. All methods raise StorageError.

    What reads a file raises OSError if its disk fails.
    """

    def put_file(
        self,
        key: str,
        path: Path,
        *,
        sha256: str,
        size: int,
        metadata: ObjectMetadata = (),
        report_progress: ReportProgress | None = None,
    ) -> None:
        """Upload a file and verify the stored object: its size (bytes) and its content.

        Nothing is sent if an equal object exists, so a repeated call is cheap. An interrupted
        upload resumes where it stopped, if the store supports that.

        Raises SourceChanged if the file does not match `sha256` and `size`, StorageError if the
        key holds another object (nothing is ever overwritten) or the stored object differs, and
        StoreOffline if the store cannot be reached.
        """

    def put_document(self, key: str, data: bytes, *, if_match: str | None = None) -> None:
        """Store a small document and verify it.

        Without `if_match` the key must be free; with it, exactly that version (`ObjectStat.etag`)
        is replaced. A document that already has these bytes is accepted either way.

        Raises StorageError if the key holds another version.
        """

    def get_document(self, key: str) -> bytes:
        """Return a small document. Raises StorageError if there is none."""

    def stat_object(self, key: str) -> ObjectStat | None:
        """Return what the store reports about an object; None if it has none."""

    def list_keys(self, prefix: str, limit: int) -> tuple[str, ...]:
        """Return the first `limit` keys that begin with the folder `prefix` (`head/`), in order."""

    def check(self) -> str:
        """Return "ok", or a sentence that says why nothing can be stored. Never raises."""
