"""What a store can do: small enough that a folder and a bucket both fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mcsyncd.errors import StorageError

ReportProgress = Callable[[int, int], None]
ObjectMetadata = tuple[tuple[str, str], ...]


class StoreOffline(StorageError):
    """The store could not be reached, or asked to be left alone for a while: trying again may help.

    Every other StorageError is for a person: a key that is refused, a bucket that does not
    exist, an object that is not what it should be.
    """


@dataclass(frozen=True, slots=True)
class ObjectStat:
    """What the store says of an object: size, its sha256 if it knows it, and the version's tag."""

    bytes: int
    sha256: str | None
    etag: str


class ObjectStore(Protocol):
    """A store of objects that are written once and verified. All methods raise StorageError."""

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
        """Store a file and check that it arrived: size and content, after the upload.

        Nothing is sent if the object is already there and equal, so a repeated call is cheap;
        an upload that was cut off goes on where it stopped, as far as the store can. `progress`
        is called with bytes done and bytes in all.

        Raises SourceChanged if the file is not what `sha256` and `size` say, StorageError if the
        key holds something else (it is never overwritten) or what arrived differs, Offline if
        the store cannot be reached.
        """

    def put_document(self, key: str, data: bytes, *, if_match: str | None = None) -> None:
        """Store a small document and check that it arrived.

        Without `if_match` there must be none yet; with it, exactly that version (`stat().etag`)
        is replaced. A document that is there already with these bytes is fine either way.

        Raises StorageError if another version is there.
        """

    def get_document(self, key: str) -> bytes:
        """Return a small document. Raises StorageError if there is none."""

    def stat_object(self, key: str) -> ObjectStat | None:
        """Return what the store says of an object, None if it has none."""

    def check(self) -> str:
        """Return "ok", or a sentence on why nothing can be stored. Never raises."""
