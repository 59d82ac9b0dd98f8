"""Partials: copies of large files that are not whole yet, in a folder that is a store.

They lie in folders of their own, so that one whose object is no longer wanted is found and removed. No key
begins with a dot, and no listing has what ends in `.part`.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from contextlib import suppress
from pathlib import Path

from mcsyncd.errors import McsyncError, StorageError, StoreOffline
from mcsyncd.integrity.derived_file import PartwiseCopy, remove_abandoned_part

_FOLDER, _DEPTH = ".unfinished", 2
"""The folder's name, and below how many parts of a key it lies: `v1/orig` may be another disk than
`v1/proxy`, and only within one disk can a file get its name."""
_STALE_S = 7 * 86_400
"""Seconds after which a partial that nobody went on with is removed, when the next large file of its kind is
stored: its object is no longer wanted, or begins again. Judgement: longer than a share is away."""
_LOCK_TRIES, _LOCK_WAIT_S = 20, 0.25
"""How often, and how many seconds apart, the partial of another process is asked for. Judgement: one that was
killed lets go within milliseconds; one that runs is `storage repair`, and the daemon tries again later."""


def locate_partial(root: Path, key: str) -> Path:
    """Return where the copy for a key lies until it is whole. Raises StorageError if a link leads there."""
    top = root.joinpath(*Path(key).parts[:-1][:_DEPTH])
    folder = top / _FOLDER
    if folder.is_symlink() or top.resolve() != root.resolve() / top.relative_to(root):
        raise StorageError(f"{folder}: there is a symbolic link in the store's folder", "remove the link")
    return folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.part"


def open_partial(target: Path, partial: Path) -> PartwiseCopy:
    """Open a copy that gets the name `target` when it is whole; an earlier run may have begun it.

    A writer that was just killed keeps its lock for a moment. Raises OSError, and StoreOffline if another
    process goes on writing it.
    """
    for _ in range(_LOCK_TRIES):
        try:
            return PartwiseCopy(target, partial)
        except PermissionError:
            partial.chmod(stat.S_IRUSR | stat.S_IWUSR)  # it was about to get its name, and read-only for that
        except McsyncError:
            time.sleep(_LOCK_WAIT_S)
    raise StoreOffline(f"{partial}: another process is writing it", "it is tried again by itself")


def remove_stale_partials(written: Path) -> None:
    """Remove those that nobody went on with, by the clock that dated the one just written."""
    newest = written.stat().st_mtime
    for entry in os.scandir(written.parent):
        with suppress(FileNotFoundError):  # another writer's, which has its name by now
            if newest - entry.stat(follow_symlinks=False).st_mtime > _STALE_S:
                remove_abandoned_part(Path(entry.path))
