"""Which folders are on a network share, where the kernel sends no events and knows no remote writers."""

from __future__ import annotations

import os
import re
from pathlib import Path

MOUNT_TABLE = Path("/proc/self/mountinfo")
"""Linux's table of mounts, in the format of proc(5)."""

_LOCAL_FUSE = "fuseblk"
"""Filesystem type of FUSE on a local disk (NTFS, exFAT)."""

_NETWORK = re.compile(r"nfs\d*|cifs|smb\d*|smbfs|9p|afs|ceph|glusterfs|lustre|beegfs|gpfs|virtiofs|fuse.*")
"""Filesystem types that other machines may write to. A missing one means that its files settle after the
shorter, local quiet time, on the word of a kernel that does not know all writers."""


def is_network_mount(path: Path, mount_table: Path = MOUNT_TABLE) -> bool:
    """Return whether a folder is on a filesystem that other machines may write to unseen by the kernel.

    Every FUSE filesystem counts except `fuseblk` (a local disk with NTFS or exFAT): sshfs and the
    like grant leases even if there is a writer elsewhere. This reads mountinfo and does not call
    statfs, because FUSE's magic number does not tell the two kinds apart, and statfs blocks on a
    share whose server does not respond.
    """
    filesystem_type = _find_filesystem_type(
        Path(os.path.realpath(path)), mount_table.read_text("utf-8", "surrogateescape")
    )
    return filesystem_type != _LOCAL_FUSE and _NETWORK.fullmatch(filesystem_type) is not None


def _find_filesystem_type(path: Path, table: str) -> str:
    """Return the type of the mount that holds `path`: the longest mount point, listed last."""
    most_parts, filesystem_type = -1, ""
    for line in table.splitlines():
        left, _, right = line.partition(" - ")
        mount_point = Path(_unescape_mount_point(left.split(" ")[4]))
        if path.is_relative_to(mount_point) and len(mount_point.parts) >= most_parts:
            most_parts, filesystem_type = len(mount_point.parts), right.split(" ")[0]
    return filesystem_type


def _unescape_mount_point(text: str) -> str:
    r"""Undo the kernel's octal escapes of space, tab, newline and backslash (`\040`)."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
