"""A store that the publisher asks for the daemon: the same operations, over the publisher's Unix socket."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter

from mcsyncd import __version__
from mcsyncd.errors import SourceChanged, StorageError, StoreOffline, StoreRefused, is_passing
from mcsyncd.model.part_sums import PartSums
from mcsyncd.model.publishing import ObjectMetadata
from mcsyncd.publish import publisher_messages as messages
from mcsyncd.publish.message_stream import NoMessage, Received, receive_message, send_message
from mcsyncd.publish.object_store import (
    ListedObject,
    ObjectStat,
    RangeHash,
    ReportProgress,
    StoredDocument,
    require_document,
)
from mcsyncd.publish.publisher_messages import clean_text
from mcsyncd.publish.source_file import SourceFile, open_source
from mcsyncd.settings.stores import Storage
from mcsyncd.settings.work_layout import WorkLayout

_GREETING_S = 10.0
"""Seconds that the publisher may take to answer a greeting. Judgement: it takes milliseconds; longer, and one
that hangs is noticed late. What follows has no limit here: the daemon's limits stop a job that hangs."""
PUBLISHER_UNIT = "mcsyncd-publish"
"""The systemd unit of the publisher, by which people know it. systemd/ has a file of that name."""
_WAIT_HINT = f"systemctl status {PUBLISHER_UNIT}; uploads go on by themselves once it answers"
_STORES: TypeAdapter[tuple[Storage, ...]] = TypeAdapter(tuple[Storage, ...])

_CLOSED = messages.Fault(
    kind="offline", message=f"uploads wait: {PUBLISHER_UNIT} closes the connection", hint=_WAIT_HINT
)
A = TypeVar("A", bound=messages.Message)


def compute_stores_digest(stores: Sequence[Storage]) -> str:
    """Return the sha256 (hex) of what the settings say of the stores: daemon and publisher must agree."""
    return hashlib.sha256(_STORES.dump_json(tuple(stores))).hexdigest()


def greet_publisher(path: Path, stores: Sequence[Storage]) -> socket.socket:
    """Return a connection on which the publisher answers.

    Raises StoreOffline if none does, and StoreRefused if it is of another version or has other stores.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        connection.settimeout(_GREETING_S)
        connection.connect(str(path))
        send_message(connection, messages.Greet(version=__version__, stores=compute_stores_digest(stores)))
        received = receive_message(connection, messages.ANSWERS)
        _expect(received or Received(_CLOSED), messages.Welcome)
        connection.settimeout(None)
    except (OSError, NoMessage) as error:
        connection.close()
        raise _build_silence(path, str(error)) from error
    except BaseException:
        connection.close()
        raise
    return connection


def find_publisher_fault(layout: WorkLayout) -> StorageError | None:
    """Return why the publisher of the settings is of no use; None if it answers, or none is named. Blocks."""
    if layout.publisher is None:
        return None
    try:
        greet_publisher(layout.publisher, layout.stores).close()
    except StorageError as error:
        return error
    return None


class DistantStore:
    """See `ObjectStore`. `path` is the publisher's socket, `name` what the ledger calls the store.

    A connection is opened at the first question. All that the publisher does on it ends when it is closed, so
    a worker that is killed stops its upload.
    """

    def __init__(self, path: Path, name: str, stores: Sequence[Storage]) -> None:
        self._path = path
        self._name = name
        self._settings = tuple(stores)
        self._connection: socket.socket | None = None

    def __del__(self) -> None:
        self._close()

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
        """Hand the open file over; the publisher stores it."""
        if replace:
            raise StoreRefused("the publisher replaces no object", "run `mcsyncd storage repair` by hand")
        descriptor, errno = None, 0
        try:
            descriptor = open_source(path)
        except OSError as error:
            if is_passing(error):
                raise  # the disk, not the file
            errno = error.errno or 0
        request = messages.PutFile(
            store=self._name,
            key=key,
            name=clean_text(str(path)),
            sums=sums,
            metadata=tuple(metadata),
            errno=errno,
        )
        try:
            received = self._ask(request, descriptor=descriptor)
            while isinstance(progress := received.message, messages.Progress):
                if report_progress is not None:
                    report_progress(progress.done, progress.total)
                received = self._receive()
        finally:
            if descriptor is not None:
                os.close(descriptor)
        stored = _expect(received, messages.Found).stat
        if stored is None or not _is_sent(stored, sums):
            raise StorageError(
                f"{key}: the publisher stored something else than was asked for", "retry the session"
            )
        return stored

    def put_document(self, key: str, data: bytes, *, if_match: str | None = None) -> None:
        """Send a small document with its request."""
        request = messages.PutDocument(store=self._name, key=key, if_match=if_match)
        _expect(self._ask(request, data), messages.Done)

    def find_document(self, key: str) -> StoredDocument | None:
        """Return a pointer, a manifest or the store's identity; others are refused."""
        received = self._ask(messages.FindDocument(store=self._name, key=key))
        tag = _expect(received, messages.Document).tag
        return None if tag is None else StoredDocument(received.document, tag)

    def get_document(self, key: str) -> bytes:
        """Return a small document that must be there."""
        return require_document(key, self.find_document(key))

    def stat_object(self, key: str) -> ObjectStat | None:
        """Return what the store says of an object."""
        return _expect(self._ask(messages.StatObject(store=self._name, key=key)), messages.Found).stat

    def read_object(self, key: str, start: int, length: int) -> Iterator[bytes]:
        """Refuse: the daemon only asks whether bytes are right, and needs none of them."""
        raise StoreRefused(
            f"{key}: the publisher hands nothing out of a store ({start}, {length})",
            "run the command with the store's own access key: see docs/storage.md",
        )

    def hash_range(self, key: str, start: int, length: int, kind: RangeHash) -> tuple[int, str]:
        """Have the publisher read a range."""
        request = messages.HashRange(store=self._name, key=key, start=start, length=length, kind=kind)
        read = _expect(self._ask(request), messages.RangeRead)
        return read.bytes, read.digest

    def list_objects(self, prefix: str = "") -> Iterator[ListedObject]:
        """List objects on a connection of their own, so that others can be asked for meanwhile."""
        lister = DistantStore(self._path, self._name, self._settings)
        request = messages.ListObjects(store=self._name, prefix=prefix)
        page = _expect(lister._ask(request), messages.Page)  # another of this class
        yield from page.objects
        while not page.is_last:
            page = _expect(lister._receive(), messages.Page)  # the same
            yield from page.objects

    def remove_object(self, key: str) -> None:
        """Remove a spare snapshot; anything else is refused."""
        _expect(self._ask(messages.RemoveSnapshot(store=self._name, key=key)), messages.Done)

    def check(self) -> str:
        """Return "ok", or what is wrong with the store's folder; it says nothing of a bucket."""
        return _expect(self._ask(messages.CheckStore(store=self._name)), messages.Health).text

    def _ask(
        self, request: messages.Request, document: bytes = b"", descriptor: int | None = None
    ) -> Received[messages.Answer]:
        if self._connection is None:
            self._connection = greet_publisher(self._path, self._settings)
        try:
            send_message(self._connection, request, document, descriptor)
        except OSError as error:
            self._close()
            raise _build_silence(self._path, str(error)) from error
        return self._receive()

    def _receive(self) -> Received[messages.Answer]:
        """Return the next answer. Raises StoreOffline if the publisher has gone away."""
        assert self._connection is not None
        try:
            received = receive_message(self._connection, messages.ANSWERS)
        except OSError as error:
            self._close()
            raise _build_silence(self._path, str(error)) from error
        except NoMessage as error:
            self._close()
            raise _build_silence(self._path, f"its answer cannot be understood: {error}") from error
        if received is None:
            self._close()
            raise _build_silence(self._path, "it went away")
        if received.descriptor is not None:
            os.close(received.descriptor)
        return received

    def _close(self) -> None:
        connection, self._connection = getattr(self, "_connection", None), None
        if connection is not None:
            with suppress(OSError):
                connection.close()


def _is_sent(stored: ObjectStat, sums: PartSums) -> bool:
    """Tell whether it can be what was sent: whatever is known of both is equal."""
    return (
        stored.bytes == sums.bytes and stored.sha256 in (None, sums.sha256) and stored.etag in ("", sums.tag)
    )


def _expect(received: Received[messages.Answer], kind: type[A]) -> A:
    """Return an answer of that kind. Raises what a fault says, and StoreRefused for any other answer."""
    answer = received.message
    if isinstance(answer, kind):
        return answer
    if not isinstance(answer, messages.Fault):
        raise StoreRefused(f"{PUBLISHER_UNIT} answered something else than was asked", _WAIT_HINT)
    match answer.kind:
        case "os":
            raise OSError(answer.errno, answer.message, answer.filename or None)
        case "source_changed":
            raise SourceChanged(answer.message, answer.hint)
        case "offline":
            raise StoreOffline(answer.message, answer.hint)
        case "refused":
            raise StoreRefused(answer.message, answer.hint)
        case "storage":
            raise StorageError(answer.message, answer.hint)
        case _:
            raise RuntimeError(f"{PUBLISHER_UNIT}: {answer.message}")


def _build_silence(path: Path, why: str) -> StoreOffline:
    return StoreOffline(f"uploads wait: {PUBLISHER_UNIT} does not answer at {path} ({why})", _WAIT_HINT)
