"""Which folders lie on a network share: there the kernel wakes nobody and knows no writers."""

from __future__ import annotations

import os
import re
from pathlib import Path

MOUNT_TABLE = Path("/proc/self/mountinfo")
_LOCAL_FUSE = "fuseblk"
_NETWORK = re.compile(r"nfs\d*|cifs|smb\d*|smbfs|9p|afs|ceph|glusterfs|lustre|beegfs|gpfs|virtiofs|fuse.*")


def is_network_mount(path: Path, mount_table: Path = MOUNT_TABLE) -> bool:
    """Tell whether a folder is on a filesystem that others may write to behind the kernel's back.

    Every FUSE filesystem counts, except `fuseblk` (a disk on this machine with NTFS or exFAT):
    sshfs and its kin grant leases though a writer elsewhere exists. Read from mountinfo, not by
    statfs: the magic number of FUSE does not tell the two apart, and statfs on a share whose
    server is gone blocks.
    """
    kind = _find_filesystem_type(
        Path(os.path.realpath(path)), mount_table.read_text("utf-8", "surrogateescape")
    )
    return kind != _LOCAL_FUSE and _NETWORK.fullmatch(kind) is not None


def _find_filesystem_type(path: Path, table: str) -> str:
    """Return the type of the mount that holds `path`: the longest mount point above it, the last wins."""
    best, kind = -1, ""
    for line in table.splitlines():
        left, _, right = line.partition(" - ")
        point = Path(_unescape_mount_point(left.split(" ")[4]))
        if path.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), right.split(" ")[0]
    return kind


def _unescape_mount_point(text: str) -> str:
    r"""Undo the kernel's escapes of blank, tab, newline and backslash (`\040`)."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)
