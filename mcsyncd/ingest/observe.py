"""One look at the drop folders from end to end: scan them, ask the kernel, fold it into the state."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from mcsyncd.ingest.folders import Folder
from mcsyncd.ingest.lease import WriterStatus, query_writers
from mcsyncd.ingest.network import is_network_mount
from mcsyncd.ingest.observation import Observation
from mcsyncd.ingest.scan import DropScan, scan_drop_folders
from mcsyncd.ingest.settle import Obstacle, SettleRules, SettleState, settle_files
from mcsyncd.integrity.hashing import identity_from_stat


def observe_drop_folders(
    drop: Path,
    cameras: Sequence[str],
    previous: SettleState,
    *,
    settle_s: float,
    settle_network_s: float,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[DropScan, SettleState]:
    """Scan the drop root and return what was seen, and the new state of every file.

    Blocks as long as the filesystems do: call it in a thread. Never raises for what lies in
    the folders. Pass the state of the last look; the first one is `SettleState()`.
    """
    network = frozenset(camera for camera in cameras if is_network_mount(drop / camera))
    rules = SettleRules(settle_s, settle_network_s, network)

    now = clock()
    known = {key: track.observation for key, track in previous.files.items()}
    found = scan_drop_folders(drop, cameras, known=known, clock=clock)
    return found, settle_files(
        previous,
        found.files,
        now,
        rules,
        find_obstacle=partial(_find_obstacle, drop),
        unreadable_cameras=found.unreadable_cameras,
    )


def _find_obstacle(drop: Path, observation: Observation) -> Obstacle | None:
    """Say what stands against a file that looks complete.

    It is opened for that, which on a network share also asks the server afresh: what lstat said
    may be seconds old there.
    """
    path = Path(observation.camera, observation.name)
    try:
        with Folder.open_root(drop) as root, root.open_below(path.parent) as folder:
            descriptor = folder.open_file(path.name)
    except PermissionError:
        return "refused", "not readable: give the daemon's user access"
    except OSError as fault:
        return "settling", f"cannot be opened: {fault.strerror}"
    try:
        if identity_from_stat(os.fstat(descriptor)) != observation.identity:
            return "settling", "changed just now"
        busy = query_writers(descriptor) is WriterStatus.SOME
        return ("settling", "still open for writing") if busy else None
    finally:
        os.close(descriptor)
