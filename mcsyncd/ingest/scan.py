"""One look at the drop root: what lies in each camera's folder, by lstat, without following links.

Events of the kernel are hints; this is the truth. (A fast copy of a nested card gave 180 of 180
"created" events and 0 to 2 of 180 "closed", and a folder that was unmounted gave none at all.)
Every folder is opened relative to the descriptor of the one above it and never through a link,
so that nobody who may write into a drop folder can lead the scan out of it. Every file is asked
at every look, as nothing else tells that it is written to; but what has not changed is not made
anew, so that a look at 21,000 files costs little more than the kernel's own answers.
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
"""Folders below a camera's; the deepest card layout known has five (AVCHD below a holder's name)."""
TIME_LIMIT_S = 20.0
"""Seconds for one camera's folder. A share that answers slower than this is as good as gone."""

_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_REFUSALS = {
    stat.S_IFLNK: "a link: put the file itself there",
    stat.S_IFIFO: "a pipe, not a file",
    stat.S_IFSOCK: "a socket, not a file",
    stat.S_IFCHR: "a device, not a file",
    stat.S_IFBLK: "a device, not a file",
}
_NO_OBSERVATIONS: Mapping[FileKey, Observation] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class DropScan:
    """What one look found. `health` is "ok" or a sentence for each camera.

    Files of a camera that is not "ok" are left out: half a listing would read as if the rest
    had been taken away.
    """

    files: tuple[Observation, ...]
    health: Mapping[str, str]
    unknown_folders: tuple[str, ...]

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
    """Look once at every camera's folder below `drop`. Never raises for what it finds there.

    `known` is what the last look saw; a file whose identity is still the same is returned as that
    very object, so that whoever compares the two looks need not compare field by field.

    A dead network share can block for longer than any limit kept here, so call it in a thread.
    """
    try:
        with _open_folder(os.fspath(drop)) as root:
            return _scan_cameras(root, cameras, known, clock)
    except OSError as fault:
        why = f"drop folder {drop}: {_describe_folder_error(fault)}"
        return DropScan((), dict.fromkeys(cameras, why), ())


def _scan_cameras(
    root: int, cameras: Sequence[str], known: Mapping[FileKey, Observation], clock: Callable[[], float]
) -> DropScan:
    files: list[Observation] = []
    health: dict[str, str] = {}
    for camera in cameras:
        listing = _CameraScan(camera, known, clock, clock() + TIME_LIMIT_S)
        try:
            with _open_folder(camera, root) as folder:
                listing.scan_folder(folder, "")
        except _ScanTimeout:
            health[camera] = f"the folder could not be listed within {TIME_LIMIT_S:.0f} s"
        except OSError as fault:
            health[camera] = _describe_folder_error(fault)
        else:
            health[camera] = "ok"
            files += listing.files
    return DropScan(tuple(files), health, _find_unknown_folders(root, cameras))


@dataclass(frozen=True, slots=True)
class _CameraScan:
    """One camera's folder while it is listed; `files` counts only when the listing came to its end."""

    camera: str
    known: Mapping[FileKey, Observation]
    clock: Callable[[], float]
    deadline: float
    files: list[Observation] = field(default_factory=list)

    def scan_folder(self, folder: int, prefix: str) -> None:
        """List everything below an open folder, except the litter of operating systems."""
        if self.clock() > self.deadline:
            raise _ScanTimeout
        with os.scandir(folder) as entries:
            for entry in entries:
                if names.classify_name(entry.name) is names.FileRole.SYSTEM:
                    continue
                try:
                    found = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                name = prefix + entry.name
                if stat.S_ISDIR(found.st_mode):
                    self._descend(folder, name, found)
                else:
                    self._record_entry(name, found, _REFUSALS.get(stat.S_IFMT(found.st_mode), ""))

    def _descend(self, parent: int, name: str, found: os.stat_result) -> None:
        """Go down one folder. One that cannot be read is listed itself, with the reason."""
        if name.count("/") >= MAX_DEPTH:
            self._record_entry(name, found, f"more than {MAX_DEPTH} folders deep")
            return
        try:
            with _open_folder(name.rpartition("/")[2], parent) as folder:
                self.scan_folder(folder, f"{name}/")
        except FileNotFoundError:
            return
        except OSError as fault:
            self._record_entry(name, found, f"the folder cannot be read: {fault.strerror}")

    def _record_entry(self, name: str, found: os.stat_result, refusal: str) -> None:
        before = self.known.get((self.camera, name))
        identity = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        if before is None or before.identity != identity or before.refusal != refusal:
            before = Observation(self.camera, name, *identity, refusal)
        self.files.append(before)


def _find_unknown_folders(root: int, cameras: Sequence[str]) -> tuple[str, ...]:
    """Folders in the drop root that no camera is set for: most often a name typed wrongly."""
    with os.scandir(root) as entries:
        found = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    return tuple(
        sorted(
            name
            for name in found
            if name not in cameras and names.classify_name(name) is names.FileRole.BESIDE
        )
    )


@contextmanager
def _open_folder(name: str, parent: int | None = None) -> Iterator[int]:
    descriptor = os.open(
        name, _FOLDER_FLAGS if parent is not None else _FOLDER_FLAGS & ~os.O_NOFOLLOW, dir_fd=parent
    )
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _describe_folder_error(fault: OSError) -> str:
    """Say what is wrong with a folder that had to be there."""
    if isinstance(fault, FileNotFoundError):
        return "the folder is missing: create it, or mount the share it lies on"
    if isinstance(fault, NotADirectoryError):
        return "not a folder (links are not followed): put a real folder there"
    if isinstance(fault, PermissionError):
        return "the folder is not readable: give the daemon's user access"
    return f"the folder cannot be read: {fault.strerror}"
