"""The protocol of an object store: small enough that a folder and a bucket both implement it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mcsyncd.model.part_sums import PartSums
from mcsyncd.model.publishing import ObjectMetadata

ReportProgress = Callable[[int, int], None]
"""Called with the bytes done and the bytes in all."""


@dataclass(frozen=True, slots=True)
class ObjectStat:
    """What the store reports about an object: its size, its sha256 if known, and the version's tag."""

    bytes: int
    sha256: str | None
    etag: str


class ObjectStore(Protocol):
    """A store of objects that are written once and verified. All methods raise StorageError.

    Of its kinds, StoreOffline may pass by itself, and StoreRefused is about the store as a whole.

    What reads a file raises OSError if its disk fails.
    """

    def put_file(
        self,
        key: str,
        path: Path,
        sums: PartSums,
        *,
        metadata: ObjectMetadata = (),
        report_progress: ReportProgress | None = None,
    ) -> ObjectStat:
        """Upload the file with these sums and verify the stored object; return what the store says of it.

        Nothing is sent if an equal object exists, so a repeated call is cheap. An interrupted
        upload resumes where it stopped.

        Raises SourceChanged if the file does not match `sums`, StorageError if the key holds another
        object (nothing is ever overwritten) or the stored object differs, StoreOffline if the store
        cannot be reached, and StoreRefused if it lets nobody in.
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
