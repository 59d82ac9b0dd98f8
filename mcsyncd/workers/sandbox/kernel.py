"""The kernel's own means of containment, through ctypes: Landlock, seccomp, capabilities.

No maintained library covers them. Every function acts on the calling thread, so it
must
be the only one of its process. Nothing here can be undone.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
from collections.abc import Iterable
from pathlib import Path

_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
"""landlock(7): numbers of its three calls, the same on every architecture."""
_SECCOMP_CALLS = {"x86_64": 317, "aarch64": 277}
_CAPSET_CALLS = {"x86_64": 126, "aarch64": 91}
"""Numbers of seccomp(2) and capset(2), by `os.uname().machine`."""

_VERSION_FLAG, _PATH_RULE = 1, 1
"""LANDLOCK_CREATE_RULESET_VERSION and LANDLOCK_RULE_PATH_BENEATH."""
_READ_FILE, _READ_FOLDER, _WRITE_FILE = 1 << 2, 1 << 3, 1 << 1
_REMOVE_FOLDER, _REMOVE_FILE, _MAKE_FOLDER, _MAKE_FILE = 1 << 4, 1 << 5, 1 << 7, 1 << 8
_MOVE, _CUT, _DEVICE_CONTROL = 1 << 13, 1 << 14, 1 << 15
"""Rights on files (linux/landlock.h): _MOVE, between folders, is LANDLOCK_ACCESS_FS_REFER, of version 2; _CUT
is _TRUNCATE, of version 3, and _DEVICE_CONTROL _IOCTL_DEV, of version 5."""
_FILE_RIGHTS_BY_VERSION = ((5, 16), (3, 15), (2, 14), (1, 13))
"""How many rights on files each version knows: all of them are taken away, then some are given."""
_NETWORK_RIGHTS, _NETWORK_VERSION = 0b11, 4
"""To bind and to connect by TCP."""
_SCOPES, _SCOPES_VERSION = 0b11, 6
"""Abstract Unix sockets and signals, both of other processes."""

READING = _READ_FILE | _READ_FOLDER
"""Rights to read a file, or a folder with all that is in it."""
WRITING = READING | _WRITE_FILE | _REMOVE_FOLDER | _REMOVE_FILE | _MAKE_FOLDER | _MAKE_FILE | _MOVE | _CUT
"""Rights to make, write, move and remove files and folders: no links, devices or sockets."""
USING = READING | _WRITE_FILE | _DEVICE_CONTROL
"""Rights to use a device."""
_RIGHTS_ON_A_FILE = _READ_FILE | _WRITE_FILE | _CUT | _DEVICE_CONTROL
"""Those that a rule for a single file may have."""

_PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 38, 47, 4
_SECCOMP_SET_FILTER, _SECCOMP_ASK_ACTION, _SECCOMP_SPEC_ALLOW = 1, 2, 4
_KILL_PROCESS = 0x80000000
"""prctl(2) and seccomp(2). Without SPEC_ALLOW, kernels before 5.16 switch mitigations on that slow codecs."""
_CAPABILITY_VERSION = 0x20080522
_KEPT_CAPABILITIES = 1 << 1 | 1 << 2
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: a daemon that root runs reads clips of any owner by them, and
Landlock still says which."""

_MISSING = {errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM, errno.EINVAL}
"""How a kernel says that it lacks something, has it switched off, or that a filter of the service hides
it."""

_libc = ctypes.CDLL(None, use_errno=True)


def _call(number: int, *arguments: object) -> int:
    """Make a system call. Raises OSError."""
    result: int = _libc.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def _prctl(option: int, *arguments: int) -> None:
    padded = (*arguments, 0, 0, 0, 0)[:4]
    if _libc.prctl(option, *(ctypes.c_ulong(argument) for argument in padded)) < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def read_landlock_version() -> int:
    """Return the version of Landlock that this kernel has ("ABI" in landlock(7)), 0 without it."""
    try:
        return _call(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION_FLAG))
    except OSError as error:
        if error.errno in _MISSING:
            return 0
        raise


def has_filters() -> bool:
    """Tell whether this kernel filters system calls and can end a process for one."""
    number = _SECCOMP_CALLS.get(os.uname().machine)
    if number is None:
        return False
    action = ctypes.byref(ctypes.c_uint32(_KILL_PROCESS))
    try:
        _call(number, ctypes.c_uint(_SECCOMP_ASK_ACTION), ctypes.c_uint(0), action)
    except OSError as error:
        if error.errno in _MISSING:
            return False
        raise
    return True


def forbid_new_privileges() -> None:
    """Have no program that this process could start give it rights. Landlock and seccomp require that."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def drop_capabilities() -> None:
    """Give up every capability but those that open files. Raises OSError."""
    number = _CAPSET_CALLS.get(os.uname().machine)
    if number is None:
        return
    status = Path("/proc/self/status").read_text()
    held = int(next(line for line in status.splitlines() if line.startswith("CapPrm:")).split()[1], 16)
    kept = held & _KEPT_CAPABILITIES
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    header = struct.pack("Ii", _CAPABILITY_VERSION, 0)
    _call(number, header, struct.pack("6I", kept, kept, 0, 0, 0, 0))


def restrict_paths(rules: Iterable[tuple[Path, int]]) -> None:
    """Allow the rights of the rules, on the files and folders that exist, and nothing else by any path.

    Where this kernel knows them, connections by TCP, abstract Unix sockets and signals to other processes go,
    too. Without Landlock nothing happens. Raises OSError.
    """
    version = read_landlock_version()
    if version == 0:
        return
    handled = (1 << next(count for since, count in _FILE_RIGHTS_BY_VERSION if version >= since)) - 1
    attributes = struct.pack(
        "QQQ",
        handled,
        _NETWORK_RIGHTS if version >= _NETWORK_VERSION else 0,
        _SCOPES if version >= _SCOPES_VERSION else 0,
    )
    # A kernel refuses a longer structure than it knows unless the rest is zeros, which it is.
    ruleset = _call(_LANDLOCK_CREATE, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0))
    try:
        for path, rights in rules:
            _add_rule(ruleset, path, rights & handled)
        _call(_LANDLOCK_RESTRICT, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)


def _add_rule(ruleset: int, path: Path, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return  # nothing there to be allowed; who needs it says so itself
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _RIGHTS_ON_A_FILE
        rule = struct.pack("=Qi", rights, descriptor)
        _call(_LANDLOCK_ADD, ctypes.c_int(ruleset), ctypes.c_int(_PATH_RULE), rule, ctypes.c_uint32(0))
    finally:
        os.close(descriptor)


def install_filter(program: bytes) -> None:
    """Have the kernel judge every further system call by `program` (`filter_program`). Raises OSError."""
    code = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    number = _SECCOMP_CALLS[os.uname().machine]
    _call(number, ctypes.c_uint(_SECCOMP_SET_FILTER), ctypes.c_uint(_SECCOMP_SPEC_ALLOW), header)
