"""Snapshots of the ledger in the store: published by the daemon, restored on an empty machine. Blocks.

A snapshot is a daily copy, compressed as gzip: the standard library has it, and every machine can unpack it.
For half the size xz takes 15 times the CPU (measured), in a daemon that has other things to do.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mcsyncd.checks.sessions import locate_ledger
from mcsyncd.errors import (
    IntegrityError,
    LedgerUnavailable,
    McsyncError,
    StorageError,
    StoreOffline,
    StoreRefused,
    UsageError,
)
from mcsyncd.integrity.derived_file import DerivedFile
from mcsyncd.integrity.part_sums import compute_part_sums
from mcsyncd.publish.head import read_head
from mcsyncd.publish.keys import build_snapshot_key, parse_head_key, parse_snapshot_key
from mcsyncd.publish.object_store import ListedObject, ObjectStore
from mcsyncd.publish.snapshots import list_snapshots, list_spare_snapshots
from mcsyncd.settings.schema import Settings
from mcsyncd.store.audit import read_recorded_sessions
from mcsyncd.store.backup import restore_backup
from mcsyncd.store.lock import lock_state_folder
from mcsyncd.store.rows import open_read_only

_GZIP = 16 + zlib.MAX_WBITS
"""zlib's number for the gzip format."""
_LEVEL = 6
"""Level of compression, gzip's own default. Judgement: a higher one takes more time for little."""
_PACKED_NAME = "ledger-snapshot.gz"
"""Always the same: what a process that was killed has left makes way for the next one."""
_CHUNK_BYTES = 1 << 20
"""Bytes compressed or unpacked at once. Judgement: affects memory only."""


@dataclass(frozen=True, slots=True)
class SnapshotReport:
    """What a restoration did: from which object, with what in it.

    `hosts` are all machines with snapshots; `skipped` says of each newer snapshot why it was not used;
    `newer` names the sessions of which the store has more than the snapshot, with a sentence each.
    """

    key: str
    hosts: tuple[str, ...]
    sessions: int
    events: int
    skipped: tuple[str, ...]
    newer: tuple[tuple[str, str], ...]


def publish_snapshot(copy: Path, store: ObjectStore, host: str, keep: int) -> str:
    """Publish a daily copy of the ledger as this host's newest snapshot, and keep the newest `keep`.

    Equal copies give equal objects, so a repeated call sends nothing. Returns the key. Raises what the store
    raises, and OSError.
    """
    packed = copy.with_name(_PACKED_NAME)
    try:
        _pack_file(copy, packed)
        digest, sums = compute_part_sums(packed)
        made_at = f"{datetime.fromtimestamp(copy.stat().st_mtime, UTC):%Y%m%d-%H%M%S}"
        key = build_snapshot_key(host, made_at, digest.sha256)
        store.put_file(key, packed, sums)
    finally:
        packed.unlink(missing_ok=True)
    for old in list_spare_snapshots(store, host, keep):
        if old.key != key:  # those that a wrong clock dated ahead must not push out that of today
            store.remove_object(old.key)
    return key


def restore_newest_snapshot(settings: Settings, store: ObjectStore, host: str | None) -> SnapshotReport:
    """Put the newest snapshot that is whole in the place of a ledger that is not there.

    Its bytes are checked against the hash in its key, then its pages, its chain and its sessions. The daemon
    must not be running. Raises UsageError if there is a ledger, or no snapshot; McsyncError if none is whole;
    and what the store raises.
    """
    state, ledger = settings.paths.state, locate_ledger(settings)
    with lock_state_folder(state):
        if ledger.exists():
            raise UsageError(
                f"{ledger} is there and is not replaced",
                "`mcsyncd ledger restore` puts a local copy back; to use the snapshot, move the ledger away",
            )
        everything = list_snapshots(store)
        hosts = tuple(sorted({one.key.split("/")[2] for one in everything}))
        chosen = [one for one in everything if host in (None, one.key.split("/")[2])]
        if not chosen:
            machines = f"; there are some of {', '.join(hosts)}" if hosts else ""
            raise UsageError(
                f"the store has no snapshot{f' of {host}' if host else ''}{machines}",
                "choose another --host, or build a ledger from the manifests: `mcsyncd ledger rebuild`",
            )
        skipped: list[str] = []
        for one in reversed(chosen):
            try:
                _restore_snapshot(store, one, ledger)
            except (StoreOffline, StoreRefused, LedgerUnavailable):
                raise
            except McsyncError as error:
                skipped.append(f"{one.key}: {error.message}")
            else:
                return _build_report(store, ledger, one.key, hosts, tuple(skipped))
    raise McsyncError(f"no snapshot is whole: {skipped[0]}", "`mcsyncd ledger rebuild` builds a ledger anew")


def _restore_snapshot(store: ObjectStore, snapshot: ListedObject, ledger: Path) -> None:
    packed, unpacked = ledger.with_name(_PACKED_NAME), ledger.with_name("ledger-snapshot.db")
    try:
        with DerivedFile(packed, mode=0o600) as file:
            for chunk in store.read_object(snapshot.key, 0, snapshot.bytes):
                file.write(chunk)
            name = parse_snapshot_key(snapshot.key)
            if name is None or not file.sha256.startswith(name.sha16):
                raise IntegrityError("is not what was stored: its sha256 is another", "use an older one")
        _unpack_file(packed, unpacked)
        _require_sound_indexes(unpacked)
        restore_backup(unpacked, ledger)
    finally:
        packed.unlink(missing_ok=True)
        unpacked.unlink(missing_ok=True)


def _require_sound_indexes(copy: Path) -> None:
    """Check pages and indexes; the check of a ledger leaves out the latter. Raises IntegrityError."""
    try:
        with closing(open_read_only(copy)) as db:
            (found,) = db.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found != "ok":
        raise IntegrityError(f"is damaged: {found}", "use an older one")


def _pack_file(source: Path, target: Path) -> None:
    """Compress a file. Without a time or a name in it, equal files give equal bytes."""
    packer = zlib.compressobj(_LEVEL, wbits=_GZIP)
    with DerivedFile(target, mode=0o600, durable=False) as file:
        for chunk in _read_chunks(source):
            file.write(packer.compress(chunk))
        file.write(packer.flush())


def _unpack_file(source: Path, target: Path) -> None:
    """Unpack a file. Raises IntegrityError if it is cut short, or its own checksum does not fit."""
    unpacker = zlib.decompressobj(wbits=_GZIP)
    with DerivedFile(target, mode=0o600) as file:
        try:
            for chunk in _read_chunks(source):
                waiting = chunk
                while waiting and not unpacker.eof:
                    file.write(unpacker.decompress(waiting, _CHUNK_BYTES))
                    waiting = unpacker.unconsumed_tail
            file.write(unpacker.flush())
        except zlib.error as error:
            raise IntegrityError(f"cannot be unpacked: {error}", "use an older one") from error
        if not unpacker.eof:
            raise IntegrityError("ends too early", "use an older one")


def _read_chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def _build_report(
    store: ObjectStore, ledger: Path, key: str, hosts: tuple[str, ...], skipped: tuple[str, ...]
) -> SnapshotReport:
    with closing(open_read_only(ledger)) as db:
        (events,) = db.execute("SELECT count(*) FROM event").fetchone()
        (sessions,) = db.execute("SELECT count(*) FROM session").fetchone()
    return SnapshotReport(key, hosts, sessions, events, skipped, tuple(_find_newer(store, ledger)))


def _find_newer(store: ObjectStore, ledger: Path) -> Iterator[tuple[str, str]]:
    """Yield the sessions whose pointers name what the ledger does not know; one small read for each."""
    known = {one.id: one for one in read_recorded_sessions(ledger)}
    for listed in store.list_objects("head/"):
        session = parse_head_key(listed.key)
        if session is None:
            continue
        if session not in known:
            yield session, "published after the snapshot, or by another machine; the ledger does not know it"
            continue
        try:
            head = read_head(listed.key, store.get_document(listed.key))
        except (StoreOffline, StoreRefused):
            raise
        except StorageError as error:
            yield session, error.message
            continue
        published, wanted = known[session].published, known[session].wanted_head
        if published != head.publication:
            yield session, f"the store has revision {head.publication.revision}; the ledger does not know it"
        elif wanted is not None and not head.tells(wanted):
            yield session, f"the store says {head.state}; the ledger says {wanted.state}"
