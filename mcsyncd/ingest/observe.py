"""Observing the drop folders end to end: scan, check for writers and content, update the settle state."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from mcsyncd.containers.inspection import find_shortfall
from mcsyncd.ingest import names
from mcsyncd.ingest.folders import Folder
from mcsyncd.ingest.lease import WriterStatus, query_writers
from mcsyncd.ingest.names import CLIP_SUFFIXES
from mcsyncd.ingest.network import is_network_mount
from mcsyncd.ingest.observation import Observation
from mcsyncd.ingest.scan import DropScan, scan_drop_folders
from mcsyncd.ingest.settle import Obstacle, SettleRules, SettleState, settle_files
from mcsyncd.integrity.hashing import identity_from_stat

OFFLINE = (
    "offline: another disk is mounted here, or the disk is gone; mount the right one, "
    "or reload the settings if this is the right one"
)
"""The health of a camera's folder that is on another device than its files were."""

INSPECTION_TIME_S = 5.0
"""Seconds of one scan in which the content of files is looked at; what is left waits for the next scan.
Judgement: a file takes 0.5 to 33 ms of the processor, but a card of thousands on a slow disk takes minutes.
Higher, the scan looks as if it hung; lower, such a card takes more scans."""


def observe_drop_folders(
    drop: Path,
    cameras: Sequence[str],
    previous: SettleState,
    *,
    settle_s: float,
    settle_network_s: float,
    suffixes: frozenset[str] = CLIP_SUFFIXES,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[DropScan, SettleState]:
    """Scan the drop root once. Return the scan and the new state of every file.

    `previous` is the state that the last call returned; the first one is `SettleState()`.
    `settle_s` and `settle_network_s` are the seconds without a change that a file needs on local
    disks and on network shares. `suffixes` are those of clips, in lower case.

    Blocks for as long as the filesystems do, so call this in a thread. Never raises for anything
    in the folders.
    """
    network = frozenset(camera for camera in cameras if is_network_mount(drop / camera))
    rules = SettleRules(settle_s, settle_network_s, network, suffixes)

    now = clock()
    known = {key: track.observation for key, track in previous.files.items()}
    scanned = mark_offline_cameras(scan_drop_folders(drop, cameras, known=known, clock=clock), previous)
    state = settle_files(
        previous,
        scanned.files,
        now,
        rules,
        find_obstacle=partial(_find_obstacle, drop, time.monotonic() + INSPECTION_TIME_S, suffixes),
        unreadable_cameras=scanned.unreadable_cameras,
    )
    readable = {key: device for key, device in scanned.devices.items() if scanned.health[key] == "ok"}
    return scanned, replace(state, devices={**previous.devices, **readable})


def mark_offline_cameras(scanned: DropScan, previous: SettleState) -> DropScan:
    """Return the scan with each camera offline whose folder is suddenly on another device.

    A disk that is mounted over a folder, or that is gone from it, hides files; it has not removed
    them. A folder in which no file was known may change its device: nothing can be lost there.
    """
    offline = {
        camera: OFFLINE
        for camera, device in scanned.devices.items()
        if previous.devices.get(camera, device) != device
        and any(owner == camera for owner, _ in previous.files)
    }
    if not offline:
        return scanned
    files = tuple(file for file in scanned.files if file.camera not in offline)
    return replace(scanned, files=files, health={**scanned.health, **offline})


def _find_obstacle(
    drop: Path, deadline: float, suffixes: frozenset[str], observation: Observation
) -> Obstacle | None:
    """Return why a file that looks complete must not settle yet, or None.

    The file is opened for this check. On a network share, that also fetches fresh attributes from
    the server: those that lstat returned may be seconds old. `deadline` is on the monotonic clock.
    """
    if time.monotonic() > deadline:
        return "settling", "waits to be checked"
    path = Path(observation.camera, observation.name)
    try:
        with Folder.open_root(drop) as root, root.open_below(path.parent) as folder:
            descriptor = folder.open_file(path.name)
    except PermissionError:
        return "refused", _describe_lack_of_access(drop / path)
    except OSError as error:
        return "settling", f"cannot be opened: {error.strerror}"
    try:
        return _inspect_file(descriptor, observation, suffixes)
    except OSError as error:
        return "settling", f"cannot be read: {error.strerror}"
    finally:
        os.close(descriptor)


def _describe_lack_of_access(path: Path) -> str:
    """Return whose file it is that may not be read, and what its owner must do.

    The owner is a number: their name would have to come from the user database, which may not answer.
    """
    try:
        status = path.lstat()
    except OSError:
        return "not readable: give the daemon's user access"
    mode = stat.S_IMODE(status.st_mode)
    return f"not readable: it is of uid {status.st_uid} with mode {mode:04o}; its owner: chmod g+r"


def _inspect_file(descriptor: int, observation: Observation, suffixes: frozenset[str]) -> Obstacle | None:
    """Return that a file is in use, or that a clip is incomplete by its own container.

    A doubt is no obstacle: it is left to the review.
    """
    if identity_from_stat(os.fstat(descriptor)) != observation.identity:
        return "settling", "changed just now"
    if query_writers(descriptor) is WriterStatus.SOME:
        return "settling", "still open for writing"
    if names.classify_name(observation.name, suffixes) is not names.FileRole.CLIP:
        return None
    with os.fdopen(descriptor, "rb", buffering=0, closefd=False) as file:
        shortfall = find_shortfall(file)
    if shortfall is None or not shortfall.certain:
        return None
    return "incomplete", f"{shortfall.detail}: still being copied, or the copy broke off; copy it again"
