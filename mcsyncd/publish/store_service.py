"""What the publisher does for the daemon: a few operations on the stores, each with a rule of its own.

The daemon reads untrusted media, so it may be taken over. Whoever has it can publish what is wrong; they get
no access key, no object's bytes, and can neither overwrite nor delete anything but an old pointer and a spare
snapshot.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterator
from typing import assert_never

from mcsyncd.errors import SourceChanged, StorageError, StoreOffline, StoreRefused
from mcsyncd.publish import publisher_messages as messages
from mcsyncd.publish.head import read_head
from mcsyncd.publish.identity import IDENTITY_KEY
from mcsyncd.publish.keys import (
    is_valid_key,
    parse_head_key,
    parse_manifest_key,
    parse_snapshot_key,
)
from mcsyncd.publish.local import LocalStore
from mcsyncd.publish.message_stream import Received
from mcsyncd.publish.object_store import ListedObject, ObjectStat, ObjectStore, ReportProgress
from mcsyncd.publish.publisher_messages import clean_text
from mcsyncd.publish.snapshots import list_spare_snapshots
from mcsyncd.publish.source_file import OpenedFile

_FILE_FOLDERS = ("v1/orig/", "v1/mezz/", "v1/proxy/", "v1/wave/", "v1/sprite/")
"""Where files are stored, besides snapshots. Documents have rules of their own."""
_REPORT_EVERY_S = 0.2
"""Seconds between two reports of an upload. Judgement: twice as often as the daemon writes them down; more
only costs time."""

AnswerReceiver = Callable[[messages.SendBulletin | messages.CheckReceiver], messages.Delivery]
"""Does what is asked about a receiver of notifications."""
Reply = tuple[messages.Answer, bytes]
"""An answer, and the document that goes with it."""


class StoreService:
    """Answers the requests of one connection. `open_store` opens a store by its name in the ledger.

    `keep` is how many snapshots of a machine cannot be removed.
    """

    def __init__(
        self, open_store: Callable[[str], ObjectStore], keep: int, answer_receiver: AnswerReceiver
    ) -> None:
        self._open_store = open_store
        self._keep = keep
        self._answer_receiver = answer_receiver
        self._stores: dict[str, ObjectStore] = {}

    def answer(
        self, asked: Received[messages.Request], send: Callable[[messages.Answer], None]
    ) -> Iterator[Reply]:
        """Yield the answers to a request; what fails is an answer, too. `send` sends one in between."""
        try:
            yield from self._perform(asked, send)
        except (StorageError, SourceChanged, OSError) as error:
            yield build_fault(error), b""
        except Exception as error:  # noqa: BLE001  # a fault of ours must not look like one of the connection
            yield messages.Fault(kind="bug", message=clean_text(f"{type(error).__name__}: {error}")), b""

    def _perform(  # noqa: C901  # one branch for each request
        self, asked: Received[messages.Request], send: Callable[[messages.Answer], None]
    ) -> Iterator[Reply]:
        request = asked.message
        if isinstance(request, messages.Greet):
            raise StoreRefused("the daemon greeted twice", "this is a fault of mcsyncd: report it")
        if isinstance(request, messages.SendBulletin | messages.CheckReceiver):
            yield self._answer_receiver(request), b""
            return
        store = self._find_store(request.store)
        match request:
            case messages.PutFile():
                yield messages.Found(stat=self._put_file(store, request, asked.descriptor, send)), b""
            case messages.PutDocument():
                _require(is_document_fit(request.key, asked.document, request.if_match), request.key)
                store.put_document(request.key, asked.document, if_match=request.if_match)
                yield messages.Done(), b""
            case messages.FindDocument():
                _require(_is_document_key(request.key), request.key)
                found = store.find_document(request.key)
                yield messages.Document(tag=found.tag if found else None), found.data if found else b""
            case messages.StatObject():
                _require(is_valid_key(request.key), request.key)
                yield messages.Found(stat=store.stat_object(request.key)), b""
            case messages.HashRange():
                _require(is_valid_key(request.key), request.key)
                done, digest = store.hash_range(request.key, request.start, request.length, request.kind)
                yield messages.RangeRead(bytes=done, digest=digest), b""
            case messages.ListObjects():
                _require(not request.prefix or is_valid_key(request.prefix.rstrip("/")), request.prefix)
                for page in _list_pages(store.list_objects(request.prefix)):
                    yield page, b""
            case messages.RemoveSnapshot():
                _require(self._is_spare(store, request.key), request.key)
                store.remove_object(request.key)
                yield messages.Done(), b""
            case messages.CheckStore():
                health = store.check() if isinstance(store, LocalStore) else "ok"
                yield messages.Health(text=clean_text(health)), b""
            case _:
                assert_never(request)

    def _find_store(self, name: str) -> ObjectStore:
        if name not in self._stores:
            self._stores[name] = self._open_store(name)
        return self._stores[name]

    def _put_file(
        self,
        store: ObjectStore,
        request: messages.PutFile,
        descriptor: int | None,
        send: Callable[[messages.Answer], None],
    ) -> ObjectStat:
        in_folder = request.key.startswith(_FILE_FOLDERS) and is_valid_key(request.key)
        _require(in_folder or parse_snapshot_key(request.key) is not None, request.key)
        if descriptor is not None and not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise SourceChanged(
                f"{request.name} is no file", "put the file back as it was, then retry the session"
            )
        source = OpenedFile(clean_text(request.name), descriptor, request.errno)
        report = _limit_reports(lambda done, total: send(messages.Progress(done=done, total=total)))
        return store.put_file(
            request.key, source, request.sums, metadata=request.metadata, report_progress=report
        )

    def _is_spare(self, store: ObjectStore, key: str) -> bool:
        """Tell whether a key is that of a snapshot beyond those that are kept."""
        name = parse_snapshot_key(key)
        return name is not None and any(
            one.key == key for one in list_spare_snapshots(store, name.host, self._keep)
        )


def is_document_fit(key: str, data: bytes, if_match: str | None) -> bool:
    """Tell whether a document is what its key says: a manifest by its hash, or its session's pointer."""
    if parse_manifest_key(key) is not None:
        sha16 = key.rpartition("-")[2].removesuffix(".json")
        return if_match is None and hashlib.sha256(data).hexdigest().startswith(sha16)
    session = parse_head_key(key)
    if session is None:
        return False
    try:
        head = read_head(key, data)
    except StorageError:
        return False
    return parse_manifest_key(head.publication.key) == session


def _is_document_key(key: str) -> bool:
    known = key == IDENTITY_KEY or parse_manifest_key(key) is not None or parse_head_key(key) is not None
    return known and is_valid_key(key)


def _require(is_allowed: bool, key: str) -> None:
    """Raise StorageError for what the publisher does for nobody."""
    if not is_allowed:
        raise StorageError(
            f"the publisher refused {clean_text(key, 200)!r}: publishing does not ask for that",
            "this is a fault of mcsyncd, or the daemon was taken over: see `journalctl -u mcsyncd-publish`",
        )


def _list_pages(listed: Iterator[ListedObject]) -> Iterator[messages.Page]:
    """Yield a listing in pages, of which only the last is not full."""
    page: list[ListedObject] = []
    for one in listed:
        if len(page) == messages.PAGE_OBJECTS:
            yield messages.Page(objects=tuple(page), is_last=False)
            page = []
        page.append(ListedObject(clean_text(one.key), one.bytes, one.tag))
    yield messages.Page(objects=tuple(page), is_last=True)


def _limit_reports(report: ReportProgress) -> ReportProgress:
    """Return a report that is passed on a few times in a second, and at the end."""
    reported_at = 0.0

    def report_progress(done: int, total: int) -> None:
        nonlocal reported_at
        now = time.monotonic()
        if done >= total or now - reported_at >= _REPORT_EVERY_S:
            reported_at = now
            report(done, total)

    return report_progress


def build_fault(error: StorageError | SourceChanged | OSError) -> messages.Fault:
    """Return an error as the asker raises it again."""
    if isinstance(error, OSError):
        said, filename = clean_text(error.strerror or str(error)), clean_text(str(error.filename or ""))
        return messages.Fault(kind="os", message=said, errno=error.errno or 0, filename=filename)
    message, hint = clean_text(error.message), clean_text(error.hint)
    match error:
        case SourceChanged():
            return messages.Fault(kind="source_changed", message=message, hint=hint)
        case StoreOffline():
            return messages.Fault(kind="offline", message=message, hint=hint)
        case StoreRefused():
            return messages.Fault(kind="refused", message=message, hint=hint)
        case _:
            return messages.Fault(kind="storage", message=message, hint=hint)
