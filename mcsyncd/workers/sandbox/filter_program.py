"""The seccomp filter of a contained process, as a program of classic BPF. Pure: names and numbers.

A filter sees the number and the arguments of a call, but nothing in memory. So paths are Landlock's to judge,
and a call that takes its arguments as a structure (clone3, openat2) is not allowed at all.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from mcsyncd.workers.sandbox.system_calls import ARCHITECTURES, list_judged_calls, list_plain_calls

Instruction = tuple[int, int, int, int]
"""One instruction of classic BPF: code, jump if true, jump if false, operand (linux/filter.h)."""

_LOAD, _AND, _RETURN = 0x20, 0x54, 0x06
_JUMP_IF_EQUAL, _JUMP_IF_BITS, _JUMP_IF_NOT_LESS = 0x15, 0x45, 0x35
"""Codes of instructions (linux/bpf_common.h): `A = word`, `A &= k`, `return k`, and jumps on A."""

_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
"""Offsets in `struct seccomp_data` (seccomp(2)), in bytes; an argument has eight, the low word first."""

_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050000
"""What a filter returns: SECCOMP_RET_ALLOW, _KILL_PROCESS, and _ERRNO plus the number of the error."""

_X32_CALLS = 0x40000000
"""Calls from this number on are those of x32, another convention of x86_64: a second table to get around."""

_CLONE_THREAD = 0x00010000
"""clone(2): the new task is a thread of this process. Without it, it is a process."""
_ACCESS_MODE, _O_TRUNC = 0o3, 0o1000
"""open(2), on both architectures."""
_ALLOWED_PRCTL = (15, 16, 0x53564D41)
"""PR_SET_NAME, PR_GET_NAME and PR_SET_VMA, by which threads and memory get names. PR_SET_PDEATHSIG above
all is
none of them: a process could outlive the one that ends it."""
_ALLOWED_IOCTL = (0x5401, 0x541B, 0x5421, 0x5450, 0x5451)
"""TCGETS, by which every `open` of Python asks for a terminal, FIONREAD, FIONBIO, FIONCLEX and FIOCLEX."""
_REFUSED_FCNTL = (8, 10, 15, 1024, 1026)
"""F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETLEASE and F_NOTIFY: they have the kernel send signals to others."""


def build_filter(machine: str, pid: int, *, devices: bool = False) -> bytes:
    """Return the program (`struct sock_filter[]`) for the process `pid` on `machine` (`os.uname().machine`).

    With `devices`, drivers of graphics cards may make the calls that they need. Raises KeyError for a machine
    that is not known.
    """
    program: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_IF_EQUAL, 1, 0, ARCHITECTURES[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if machine == "x86_64":
        program += [(_JUMP_IF_NOT_LESS, 0, 1, _X32_CALLS), (_RETURN, 0, 0, _KILL)]
    for number in list_plain_calls(machine, devices=devices):
        program += _build_branch(number, (_return(_ALLOW),))
    for name, number in list_judged_calls(machine).items():
        body = (_return(_ALLOW),) if devices and name == "ioctl" else _JUDGEMENTS[name](pid)
        program += _build_branch(number, body)
    program.append(_return(_REFUSE | errno.ENOSYS))
    return b"".join(struct.pack("HBBI", *instruction) for instruction in program)


def _return(value: int) -> Instruction:
    return (_RETURN, 0, 0, value)


def _build_branch(number: int, body: Iterable[Instruction]) -> list[Instruction]:
    """Return instructions that do `body`, which returns, for the call `number`, and nothing for others."""
    body = list(body)
    return [(_JUMP_IF_EQUAL, 0, len(body), number), *body]


def _load_argument(index: int) -> Instruction:
    return (_LOAD, 0, 0, _ARGUMENTS + 8 * index)


def _allow_values(index: int, values: tuple[int, ...], error: int = errno.EPERM) -> tuple[Instruction, ...]:
    """Allow the call if its argument is one of `values`."""
    checks = ((_JUMP_IF_EQUAL, len(values) - at, 0, value) for at, value in enumerate(values))
    return (_load_argument(index), *checks, _return(_REFUSE | error), _return(_ALLOW))


def _refuse_values(index: int, values: tuple[int, ...]) -> tuple[Instruction, ...]:
    """Allow the call unless its argument is one of `values`."""
    checks = ((_JUMP_IF_EQUAL, len(values) - at, 0, value) for at, value in enumerate(values))
    return (_load_argument(index), *checks, _return(_ALLOW), _return(_REFUSE | errno.EPERM))


def _allow_threads(_pid: int) -> tuple[Instruction, ...]:
    return (
        _load_argument(0),
        (_JUMP_IF_BITS, 0, 1, _CLONE_THREAD),
        _return(_ALLOW),
        _return(_REFUSE | errno.EPERM),
    )


def _refuse_cutting(index: int) -> tuple[Instruction, ...]:
    """Refuse to cut a file that is opened for reading: before its version 3, Landlock lets that pass."""
    return (
        _load_argument(index),
        (_AND, 0, 0, _ACCESS_MODE | _O_TRUNC),
        (_JUMP_IF_EQUAL, 0, 1, _O_TRUNC),
        _return(_REFUSE | errno.EPERM),
        _return(_ALLOW),
    )


def _allow_asking_for_limits(_pid: int) -> tuple[Instruction, ...]:
    """Refuse prlimit64(2) with new limits, which may be another process's: both words of a pointer are 0."""
    low = _ARGUMENTS + 8 * 2
    return (
        (_LOAD, 0, 0, low),
        (_JUMP_IF_EQUAL, 0, 3, 0),
        (_LOAD, 0, 0, low + 4),
        (_JUMP_IF_EQUAL, 0, 1, 0),
        _return(_ALLOW),
        _return(_REFUSE | errno.EPERM),
    )


_JUDGEMENTS: Mapping[str, Callable[[int], tuple[Instruction, ...]]] = MappingProxyType(
    {
        "clone": _allow_threads,
        "fcntl": lambda _pid: _refuse_values(1, _REFUSED_FCNTL),
        "ioctl": lambda _pid: _allow_values(1, _ALLOWED_IOCTL, errno.ENOTTY),
        "kill": lambda pid: _allow_values(0, (pid,)),
        "tgkill": lambda pid: _allow_values(0, (pid,)),
        "open": lambda _pid: _refuse_cutting(1),
        "openat": lambda _pid: _refuse_cutting(2),
        "prctl": lambda _pid: _allow_values(0, _ALLOWED_PRCTL),
        "prlimit64": _allow_asking_for_limits,
    }
)
"""The instructions for each call whose arguments decide, by name; they get the process's own number."""
