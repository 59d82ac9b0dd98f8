"""Bring a published session back from the store, without a ledger or a daemon. Blocks.

A file gets its name only after what is on the disk was hashed. Nothing that is there is overwritten, and what
a run leaves unfinished the next one goes on with.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mcsyncd.checks.restore_plan import PlannedFile
from mcsyncd.errors import (
    IntegrityError,
    McsyncError,
    StorageError,
    StoreOffline,
    StoreRefused,
    is_passing,
)
from mcsyncd.integrity.derived_file import ResumableFile, write_derived_file
from mcsyncd.integrity.hashing import verify_digest
from mcsyncd.publish.object_store import ObjectStore
from mcsyncd.publish.published_manifest import PublishedManifest

_RANGE_BYTES = 64 << 20
"""Bytes asked for in one request. Judgement: at 50 MB/s a request a second; larger, and a line that breaks
often gets less done before it does."""
_WAITS_S = (1.0, 5.0, 15.0)
"""Seconds before a store that fails in the middle of a file is asked again. Judgement: a line that comes back
later than that is worth a look, and the command goes on where it stopped."""

ReportFile = Callable[[str, int, int], None]
"""Called with a file's path, its bytes so far, and its bytes in all."""


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one file; `sentence` says what is wrong and what to do, where anything is."""

    path: str
    state: Literal["restored", "present", "kept", "failed", "skipped"]
    sentence: str = ""

    @property
    def is_right(self) -> bool:
        """Whether the right file is in its place."""
        return self.state in {"restored", "present"}


def require_room(folder: Path, files: Iterable[PlannedFile]) -> None:
    """Raise McsyncError unless the disk has room for the files that are not there. A hole counts as data."""
    needed = sum(file.bytes - _count_present_bytes(folder, file) for file in files)
    place = next(one for one in (folder, *folder.parents) if one.is_dir())
    free = shutil.disk_usage(place).free
    if needed > free:
        raise McsyncError(
            f"{folder}: {needed} bytes are needed and {free} are free",
            "make room, name another folder, or restore less with --only",
        )


def _count_present_bytes(folder: Path, file: PlannedFile) -> int:
    target = folder / file.path
    if os.path.lexists(target):
        return file.bytes
    part = _locate_part(target, file)
    return min(file.bytes, part.lstat().st_size) if part.is_file() else 0


def restore_files(
    store: ObjectStore, files: Iterable[PlannedFile], folder: Path, report: ReportFile
) -> Iterator[FileOutcome]:
    """Restore files below a folder, and yield what became of each.

    One that fails does not stop the others. A store that does not answer or a disk that is full does: all
    others are then skipped.
    """
    stopped = ""
    for file in files:
        if stopped:
            yield FileOutcome(file.path, "skipped", stopped)
            continue
        try:
            yield _restore_file(store, file, folder, report)
        except (StoreOffline, StoreRefused) as error:
            stopped = f"{error.message} (then give the same command again; it goes on where it stopped)"
            yield FileOutcome(file.path, "failed", stopped)
        except McsyncError as error:
            yield FileOutcome(file.path, "failed", str(error))
        except OSError as error:
            sentence = f"{error.filename or folder}: {error.strerror}"
            if is_passing(error):
                stopped = f"{sentence} (mend that, then give the same command again)"
            yield FileOutcome(file.path, "failed", stopped or sentence)


def _restore_file(store: ObjectStore, file: PlannedFile, folder: Path, report: ReportFile) -> FileOutcome:
    target = folder / file.path
    if not target.parent.resolve().is_relative_to(folder.resolve()):
        raise McsyncError(f"{target}: a link leads out of {folder}", "remove the link")
    if os.path.lexists(target):
        if verify_digest(target, file.sha256, file.bytes):
            return FileOutcome(file.path, "present")
        sentence = f"{target} is another file and was left alone (move it away, then give the command again)"
        return FileOutcome(file.path, "kept", sentence)
    _require_object(store, file)
    part = _locate_part(target, file)
    was_begun = os.path.lexists(part)
    try:
        _fetch_file(store, file, target, part, report)
    except IntegrityError:
        if not was_begun:
            raise
        _fetch_file(store, file, target, part, report)  # what an earlier run left was wrong
    return FileOutcome(file.path, "restored")


def _locate_part(target: Path, file: PlannedFile) -> Path:
    """Return where an unfinished file lies: by its content, because a name may be as long as names can be."""
    return target.with_name(f"{file.sha256[:16]}.part")


def _require_object(store: ObjectStore, file: PlannedFile) -> None:
    """Raise StorageError unless the store has an object of the right size."""
    found = store.stat_object(file.key)
    hint = "look for another copy of it: `mcsyncd storage repair` where it was made sends it again"
    if found is None:
        raise StorageError(f"{file.path}: {file.key} is not in the store", hint)
    if found.bytes != file.bytes:
        raise StorageError(
            f"{file.path}: {file.key} has {found.bytes} bytes instead of {file.bytes}",
            hint,
        )


def _fetch_file(store: ObjectStore, file: PlannedFile, target: Path, part: Path, report: ReportFile) -> None:
    with ResumableFile(target, part) as written:
        _fetch_rest(store, file, written, report)
        written.complete_length()
        found = written.read_back()
        if found != written.sha256:
            raise IntegrityError(
                f"{target}: the disk returned other bytes than were written", "check the disk"
            )
        if found != file.sha256:
            raise IntegrityError(
                f"{file.path}: {file.key} is not what was published (its sha256 is {found})",
                "look for another copy: `mcsyncd storage repair --deep` where it was made sends it again",
            )
        if file.mtime_ns is not None:
            written.set_modified_at(file.mtime_ns)


def _fetch_rest(store: ObjectStore, file: PlannedFile, written: ResumableFile, report: ReportFile) -> None:
    """Append what is still to come; ask again where the store fails in the middle."""
    failures = 0
    while written.bytes < file.bytes:
        before = written.bytes
        try:
            for chunk in store.read_object(file.key, before, min(_RANGE_BYTES, file.bytes - before)):
                written.write_sparsely(chunk[: file.bytes - written.bytes])
                report(file.path, written.bytes, file.bytes)
        except StoreOffline:
            failures = 0 if written.bytes > before else failures
            if failures == len(_WAITS_S):
                raise
            time.sleep(_WAITS_S[failures])
            failures += 1
        else:
            if written.bytes == before:
                raise StorageError(f"{file.path}: {file.key} ends after {before} bytes", "try again")


def keep_manifest(manifest: PublishedManifest, folder: Path) -> FileOutcome:
    """Write the manifest itself below the folder, where the work folder has it, too. Raises OSError."""
    path = f"manifest/{manifest.revision:06d}.json"
    target = folder / path
    if not os.path.lexists(target):
        write_derived_file(target, manifest.body)
        return FileOutcome(path, "restored")
    if verify_digest(target, hashlib.sha256(manifest.body).hexdigest(), len(manifest.body)):
        return FileOutcome(path, "present")
    return FileOutcome(path, "kept", f"{target} is another file and was left alone (move it away)")
