"""The system calls that contained code may make, with their numbers. Pure.

What is not listed does not exist for it (ENOSYS), as on an older kernel: libraries have another way for calls
that are newer than they need. So a call that a later kernel adds is refused until somebody lists it here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

_PLAIN = """
brk 12 214 | madvise 28 233 | membarrier 324 283 | mincore 27 232 | mmap 9 222 | mprotect 10 226
mremap 25 216 | munmap 11 215 | get_mempolicy 239 236 | close 3 57 | close_range 436 436
copy_file_range 326 285 | dup 32 23 | dup2 33 - | dup3 292 24 | fadvise64 221 223 | fallocate 285 47
fdatasync 75 83 | flock 73 32 | fstat 5 80 | fstatfs 138 44 | fsync 74 82 | ftruncate 77 46
getdents64 217 61 | lseek 8 62 | pipe2 293 59 | poll 7 - | ppoll 271 73 | pread64 17 67 | preadv 295 69
pselect6 270 72 | pwrite64 18 68 | pwritev 296 70 | read 0 63 | readv 19 65 | select 23 - | sendfile 40 71
sync_file_range 277 84 | write 1 64 | writev 20 66 | access 21 - | faccessat 269 48 | faccessat2 439 439
getcwd 79 17 | lstat 6 - | mkdir 83 - | mkdirat 258 34 | newfstatat 262 79 | readlink 89 -
readlinkat 267 78 | rename 82 - | renameat 264 38 | renameat2 316 276 | rmdir 84 - | stat 4 -
statfs 137 43 | statx 332 291 | umask 95 166 | unlink 87 - | unlinkat 263 35 | exit 60 93
exit_group 231 94 | futex 202 98 | futex_waitv 449 449 | get_robust_list 274 100 | gettid 186 178
rseq 334 293 | sched_get_priority_max 146 125 | sched_get_priority_min 147 126 | sched_getaffinity 204 123
sched_getparam 143 121 | sched_getscheduler 145 120 | sched_yield 24 124 | set_robust_list 273 99
set_tid_address 218 96 | restart_syscall 219 128 | rt_sigaction 13 134 | rt_sigpending 127 136
rt_sigprocmask 14 135 | rt_sigreturn 15 139 | rt_sigtimedwait 128 137 | sigaltstack 131 132
clock_getres 229 114 | clock_gettime 228 113 | clock_nanosleep 230 115 | gettimeofday 96 169
nanosleep 35 101 | time 201 - | times 100 153 | getcpu 309 168 | getegid 108 177 | geteuid 107 175
getgid 104 176 | getpid 39 172 | getppid 110 173 | getpriority 140 141 | getrandom 318 278
getrlimit 97 163 | getrusage 98 165 | getuid 102 174 | sysinfo 99 179 | uname 63 160
"""
"""Name, number on x86_64, number on aarch64 (`-`: it has none), as in the kernel's `unistd` headers. From top
to bottom: memory, open files, names (which Landlock judges), threads, signals, clocks, and what the process
asks about itself. Judgement, by what the stages were seen to need; one too few, and good clips fail."""

_JUDGED = """
clone 56 220 | fcntl 72 25 | ioctl 16 29 | kill 62 129 | open 2 - | openat 257 56 | prctl 157 167
prlimit64 302 261 | tgkill 234 131
"""
"""Calls that are allowed with some arguments only: `filter_program` says which."""

_DEVICE = """
epoll_create1 291 20 | epoll_ctl 233 21 | epoll_pwait 281 22 | epoll_wait 232 - | eventfd2 290 19
memfd_create 319 279 | timerfd_create 283 85 | timerfd_settime 286 86
"""
"""What the drivers of graphics cards call besides. Judgement, not tried on a card."""

ARCHITECTURES: Mapping[str, int] = MappingProxyType({"x86_64": 0xC000003E, "aarch64": 0xC00000B7})
"""The kernel's numbers of the architectures that a filter can be built for (linux/audit.h), by `os.uname`."""


def _parse_table(text: str, machine: str) -> dict[str, int]:
    column = list(ARCHITECTURES).index(machine)
    rows = (row.split() for row in re.split(r"[|\n]+", text) if row.strip())
    return {name: int(numbers[column]) for name, *numbers in rows if numbers[column] != "-"}


def list_plain_calls(machine: str, *, devices: bool) -> tuple[int, ...]:
    """Return the numbers of the calls that are allowed with any arguments."""
    return tuple(_parse_table(_PLAIN + (_DEVICE if devices else ""), machine).values())


def list_judged_calls(machine: str) -> dict[str, int]:
    """Return, by name, the numbers of the calls whose arguments decide."""
    return _parse_table(_JUDGED, machine)
