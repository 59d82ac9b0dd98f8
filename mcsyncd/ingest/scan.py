"""Scan of the drop root: what is in each camera's folder, by lstat, without following links.

Kernel events are hints; the scan is authoritative. (Measured: a fast copy of a nested card gave
180 of 180 "created" events but only 0 to 2 of 180 "closed" events; an unmounted folder gave none.)
Every folder is opened relative to its parent's descriptor and never through a link, so that nobody
with write access to a drop folder can lead the scan out of it. Every scan calls lstat on every
file, because nothing else reveals a writer; but observations that have not changed are reused, so
that scanning 21,000 files costs little more than the system calls.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from mcsyncd.ingest import names
from mcsyncd.ingest.observation import FileKey, Observation

MAX_DEPTH = 12
"""Levels of folders below a camera's folder. The deepest known card layout has five (AVCHD below a
holder's name). Lower, files of such cards are refused; higher, a hostile tree costs more recursion."""

TIME_LIMIT_S = 20.0
"""Seconds for listing one camera's folder. Judgement: a slower share is as good as disconnected. Lower,
large cards on slow shares are reported as unreadable; higher, one bad share delays all cameras."""

_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""For `os.open`: only a directory, never through a link, closed in child processes."""

_REFUSALS = {
    stat.S_IFLNK: "a link: put the file itself there",
    stat.S_IFIFO: "a pipe, not a file",
    stat.S_IFSOCK: "a socket, not a file",
    stat.S_IFCHR: "a device, not a file",
    stat.S_IFBLK: "a device, not a file",
}
"""Why an entry that is not a regular file is refused, by file type."""

_NO_OBSERVATIONS: Mapping[FileKey, Observation] = MappingProxyType({})
"""What is known before the first scan."""


@dataclass(frozen=True, slots=True)
class DropScan:
    """What one scan found. `health` maps each camera to "ok" or to a sentence on what is wrong.

    `files` has no files of a camera that is not "ok": half a listing would look as if the other
    files had been removed. `devices` holds the device of each camera's folder that was read.
    `unknown_folders` are folders that belong to no camera, `loose_files` lie beside the folders.
    """

    files: tuple[Observation, ...]
    health: Mapping[str, str]
    unknown_folders: tuple[str, ...] = ()
    loose_files: tuple[str, ...] = ()
    devices: Mapping[str, int] = field(default_factory=dict)

    @property
    def unreadable_cameras(self) -> frozenset[str]:
        """Cameras whose folder could not be read."""
        return frozenset(camera for camera, health in self.health.items() if health != "ok")


class _ScanTimeout(Exception):
    """The folder could not be listed in time."""


def scan_drop_folders(
    drop: Path,
    cameras: Sequence[str],
    *,
    known: Mapping[FileKey, Observation] = _NO_OBSERVATIONS,
    clock: Callable[[], float] = time.monotonic,
) -> DropScan:
    """List every camera's folder below `drop` once. Never raises OSError: problems are in `health`.

    `known` are the observations of the last scan; for a file whose identity has not changed, the
    same object is returned, so that two scans can be compared by object identity. `clock` gives
    monotonic seconds.

    A dead network share can block for longer than `TIME_LIMIT_S`, so call this in a thread.
    """
    try:
        with _open_folder(os.fspath(drop)) as root:
            return _scan_cameras(root, cameras, known, clock)
    except OSError as error:
        reason = f"drop folder {drop}: {_describe_folder_error(error)}"
        return DropScan((), dict.fromkeys(cameras, reason))


def _scan_cameras(
    root: int, cameras: Sequence[str], known: Mapping[FileKey, Observation], clock: Callable[[], float]
) -> DropScan:
    files: list[Observation] = []
    health: dict[str, str] = {}
    devices: dict[str, int] = {}
    for camera in cameras:
        camera_scan = _CameraScan(camera, known, clock, clock() + TIME_LIMIT_S)
        try:
            with _open_folder(camera, root) as folder:
                devices[camera] = os.fstat(folder).st_dev
                camera_scan.scan_folder(folder, "")
        except _ScanTimeout:
            health[camera] = f"the folder could not be listed within {TIME_LIMIT_S:.0f} s"
        except OSError as error:
            health[camera] = _describe_folder_error(error)
        else:
            health[camera] = "ok"
            files += camera_scan.files
    return DropScan(tuple(files), health, *_find_strays(root, cameras), devices)


@dataclass(frozen=True, slots=True)
class _CameraScan:
    """The listing of one camera's folder. `files` is valid only when the listing is complete."""

    camera: str
    known: Mapping[FileKey, Observation]
    clock: Callable[[], float]
    deadline: float
    files: list[Observation] = field(default_factory=list)

    def scan_folder(self, folder: int, prefix: str) -> None:
        """List everything below an open folder, except files of operating systems (`FileRole.SYSTEM`)."""
        if self.clock() > self.deadline:
            raise _ScanTimeout
        with os.scandir(folder) as entries:
            for entry in entries:
                if names.classify_name(entry.name) is names.FileRole.SYSTEM:
                    continue
                try:
                    stat_result = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                name = prefix + entry.name
                if stat.S_ISDIR(stat_result.st_mode):
                    self._descend(folder, name, stat_result)
                else:
                    self._record_entry(name, stat_result, _REFUSALS.get(stat.S_IFMT(stat_result.st_mode), ""))

    def _descend(self, parent: int, name: str, stat_result: os.stat_result) -> None:
        """Scan one subfolder. If it cannot be read, the folder itself is listed, with the reason."""
        if name.count("/") >= MAX_DEPTH:
            self._record_entry(name, stat_result, f"more than {MAX_DEPTH} folders deep")
            return
        try:
            with _open_folder(name.rpartition("/")[2], parent) as folder:
                self.scan_folder(folder, f"{name}/")
        except FileNotFoundError:
            return
        except OSError as error:
            self._record_entry(name, stat_result, f"the folder cannot be read: {error.strerror}")

    def _record_entry(self, name: str, stat_result: os.stat_result, refusal: str) -> None:
        before = self.known.get((self.camera, name))
        identity = (
            stat_result.st_dev,
            stat_result.st_ino,
            stat_result.st_size,
            stat_result.st_mtime_ns,
            stat_result.st_ctime_ns,
        )
        if before is None or before.identity != identity or before.refusal != refusal:
            before = Observation(self.camera, name, *identity, refusal)
        self.files.append(before)


def _find_strays(root: int, cameras: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the folders in the drop root that belong to no camera (typos), and the files beside them."""
    folders: list[str] = []
    files: list[str] = []
    with os.scandir(root) as entries:
        for entry in entries:
            role = names.classify_name(entry.name)
            if entry.name in cameras or role in (names.FileRole.SYSTEM, names.FileRole.TEMPORARY):
                continue
            (folders if entry.is_dir(follow_symlinks=False) else files).append(entry.name)
    return tuple(sorted(folders)), tuple(sorted(files))


@contextmanager
def _open_folder(name: str, parent: int | None = None) -> Iterator[int]:
    descriptor = os.open(
        name, _FOLDER_FLAGS if parent is not None else _FOLDER_FLAGS & ~os.O_NOFOLLOW, dir_fd=parent
    )
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _describe_folder_error(error: OSError) -> str:
    """Return what is wrong with a required folder, and what to do about it."""
    if isinstance(error, FileNotFoundError):
        return "the folder is missing: create it, or mount its share"
    if isinstance(error, NotADirectoryError):
        return "not a folder (links are not followed): create a real folder there"
    if isinstance(error, PermissionError):
        return "the folder is not readable: give the daemon's user access"
    return f"the folder cannot be read: {error.strerror}"
