"""Files that were moved from one camera's folder to another's. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from mcsyncd.ingest.observation import FileKey
from mcsyncd.ingest.settle import FileTrack


def find_moved_files(
    before: Mapping[FileKey, FileTrack], now: Mapping[FileKey, FileTrack]
) -> dict[FileKey, FileKey]:
    """Return where each file was that lies in another camera's folder since the last scan.

    Recognised by device and inode, which a move within one disk keeps; a copy has its own.
    """
    gone = {_identify_inode(before[key]): key for key in before.keys() - now.keys()}
    moved = {
        key: gone[inode] for key in now.keys() - before.keys() if (inode := _identify_inode(now[key])) in gone
    }
    return {key: origin for key, origin in moved.items() if key[0] != origin[0]}


def _identify_inode(track: FileTrack) -> tuple[int, int]:
    return track.observation.dev, track.observation.inode
