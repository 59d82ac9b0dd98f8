"""Modification times as disks keep them: a copy has the time of its source, cut to what its disk can hold."""

from __future__ import annotations

_GRAINS_NS = (100, 10_000_000, 1_000_000_000, 2_000_000_000)
"""Nanoseconds of which file times are multiples: NTFS, SMB; exFAT; ext3, ext4 with small inodes, HFS+; FAT.

From their specifications. One that is missing here, and what is copied to such a disk seems to have changed.
"""


def is_same_time(now_ns: int, recorded_ns: int) -> bool:
    """Tell whether a file's time is the recorded one, or that one as a coarse disk keeps it: cut to a grain.

    Who writes to a file gives it a later time, so that is never taken for the same; on a coarse disk, unless
    they write within the same grain.
    """
    if now_ns == recorded_ns:
        return True
    return any(now_ns % grain == 0 and 0 < recorded_ns - now_ns < grain for grain in _GRAINS_NS)
