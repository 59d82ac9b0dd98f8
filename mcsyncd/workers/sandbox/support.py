"""What this kernel has to contain a decoder with, in words for `doctor`."""

from __future__ import annotations

import sys

from mcsyncd.workers.sandbox import kernel


def can_contain() -> bool:
    """Tell whether there is a system here that `run_contained` knows; what it lacks, `list_gaps` says."""
    return sys.platform == "linux"


def describe_support() -> str:
    """Return what decoders are contained by."""
    version = kernel.read_landlock_version()
    means = [f"Landlock ABI {version}"] if version else []
    means += ["seccomp"] if kernel.has_filters() else []
    return ", ".join((*means, "limits of the process"))


def list_gaps() -> tuple[str, ...]:
    """Return what is missing and what that means; nothing on a kernel that has all."""
    if not can_contain():
        return ("no Linux: a clip that takes over its decoder may do all that you may",)
    gaps = []
    if kernel.read_landlock_version() == 0:
        gaps.append("no Landlock: a clip that takes over its decoder may touch all files of the daemon")
    if not kernel.has_filters():
        gaps.append("no seccomp: a clip that takes over its decoder may use the network and start programs")
    return tuple(gaps)
