"""Confine this process to a grant, for good: the last thing that happens before untrusted bytes are read."""

from __future__ import annotations

import os
import resource
import sys
import sysconfig
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import mcsyncd
from mcsyncd.workers import process
from mcsyncd.workers.sandbox import kernel
from mcsyncd.workers.sandbox.filter_program import build_filter
from mcsyncd.workers.sandbox.grant import OPEN_FILES, Grant

_OOM_SCORE = 800
"""Of 1000 (proc(5), oom_score_adj). Judgement: before the daemon and before everything else on the machine, a
decoder that takes the memory goes; its job is tried again."""

_HARMLESS_DEVICES = (Path("/dev/null"), Path("/dev/urandom"), Path("/dev/zero"))
"""What libraries open to throw output away, or for chance."""

_DRIVER_FOLDERS = tuple(
    Path(name)
    for name in (
        "/usr/lib",
        "/usr/lib64",
        "/lib",
        "/lib64",
        "/usr/share",
        "/etc/ld.so.cache",
        "/sys/class/drm",
        "/sys/dev",
        "/sys/devices",
        "/proc/driver/nvidia",
    )
)
"""What drivers of graphics cards read. Judgement, not tried on a card: nothing in them is anybody's own."""


def confine_process(grant: Grant, parent_pid: int) -> None:
    """Confine this process, which has one thread, to what `grant` says.

    It becomes a process group of its own and dies with `parent_pid`. What the kernel does not have is left
    out (`support.list_gaps` names it). Raises OSError if the kernel refuses: then nothing may be read.
    """
    process.die_with_parent(parent_pid)
    os.setpgid(0, 0)
    Path("/proc/self/oom_score_adj").write_text(str(_OOM_SCORE))
    _limit_resources(grant)
    kernel.forbid_new_privileges()
    kernel.drop_capabilities()
    kernel.restrict_paths(_list_rules(grant))
    if kernel.has_filters():
        kernel.install_filter(build_filter(os.uname().machine, os.getpid(), devices=bool(grant.devices)))


def _limit_resources(grant: Grant) -> None:
    for limit, value in (
        (resource.RLIMIT_AS, grant.memory_bytes),
        (resource.RLIMIT_CPU, grant.cpu_s),
        (resource.RLIMIT_FSIZE, grant.file_bytes),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
    ):
        _, hard = resource.getrlimit(limit)
        lower = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (lower, lower))


def _list_rules(grant: Grant) -> Iterator[tuple[Path, int]]:
    for folder in list_code_folders():
        yield folder, kernel.READING
    for device in (*_HARMLESS_DEVICES, *grant.devices):
        yield device, kernel.USING
    if grant.devices:
        for folder in _DRIVER_FOLDERS:
            yield folder, kernel.READING
    for file in grant.reads:
        yield file, kernel.READING
    for folder in grant.writes:
        yield folder, kernel.WRITING


@cache
def list_code_folders() -> tuple[Path, ...]:
    """Return the folders of the program itself and of its libraries: some load parts of them late.

    Of the search path, only folders in which packages are installed: the working folder may be on it, too.
    """
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    found = {Path(path) for name in names if (path := sysconfig.get_path(name))}
    found |= {Path(entry) for entry in sys.path if entry and any(Path(entry).glob("*.dist-info"))}
    return (*sorted(found), Path(mcsyncd.__file__).parent)
