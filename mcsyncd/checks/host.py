"""The machine that `doctor` runs on: its clock, time zone, umask, user database and room."""

from __future__ import annotations

import ctypes
import grp
import os
import pwd
import shutil
import stat
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from mcsyncd.checks.check_result import CheckResult
from mcsyncd.ingest.lease import WriterStatus, query_writers

_TIME_ERROR = 5
"""What adjtimex(2) returns while nothing keeps the clock right (`TIME_ERROR` of <sys/timex.h>)."""
_TIMEX_BYTES = 512
"""Room for `struct timex`, which has 208 bytes on 64-bit Linux; all zero, it asks and sets nothing."""
_ALL_UIDS = 2**32 - 1
"""Uids that the first user namespace maps: all but -1, which is none (user_namespaces(7))."""
_LOCAL_TIME = Path("/etc/localtime")
DATABASE_LIMIT_S = 3.0
"""Seconds that the user database may take: a decision waits no longer for it (docs/operations.md)."""
_SLOW_DATABASE_S = 0.5
"""Seconds from which the user database counts as slow. Judgement: a person notices the wait."""
_MIN_COLUMNS, _MIN_LINES = 80, 24
"""Cells of the smallest terminal that the app is drawn for (docs/tui.md)."""
_DAYS_SESSIONS = 30
"""Newest sessions whose files are counted. Judgement: a week of shooting; more make the check slow."""


def check_clock_sync(
    call: Callable[[ctypes.Array[ctypes.c_char]], int] | None = None,
) -> Iterator[CheckResult]:
    """Ask the kernel whether something keeps the clock right; `call` is adjtimex(2), replaced in tests."""
    if call is None:
        try:
            call = ctypes.CDLL(None, use_errno=True).adjtimex
        except AttributeError:  # a C library without it
            return
    state = call(ctypes.create_string_buffer(_TIMEX_BYTES))
    if state < 0:  # a sandbox forbids the question
        return
    if state == _TIME_ERROR:
        hint = "timedatectl set-ntp true; in a container or a VM, look at the host"
        yield CheckResult("clock sync", "warn", "nothing keeps the clock right", hint)
    else:
        yield CheckResult("clock sync", "ok", "the clock is kept right")


def check_time_zone(local_time: Path = _LOCAL_TIME) -> Iterator[CheckResult]:
    """Say which time zone people read: recording times of cameras without one are taken to be in it."""
    name = "/".join(time.tzname[:1])
    zone = os.environ.get("TZ") or (
        str(local_time.resolve()).partition("zoneinfo/")[2] if local_time.exists() else ""
    )
    if zone or local_time.exists():
        yield CheckResult("time zone", "ok", f"{zone or local_time} ({name})")
    else:
        hint = "timedatectl set-timezone Europe/Berlin, or whichever it is"
        yield CheckResult("time zone", "warn", f"not set: times are shown in {name}", hint)


def check_accounts(uid: int, uid_map: str) -> Iterator[CheckResult]:
    """Say whether people have names here; `uid_map` is the text of `/proc/self/uid_map`."""
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        message = f"has no name for uid {uid}, which runs this"
        yield CheckResult("user database", "warn", message, "run it as a user of this system or of the image")
    else:
        yield from check_user_database(entry.pw_name, entry.pw_gid)
    yield from check_uid_map(uid_map)


def check_user_database(
    user: str, gid: int, look_up: Callable[[str, int], object] = os.getgrouplist
) -> Iterator[CheckResult]:
    """Time the look-up that each decision waits for; it hangs while LDAP or SSSD does, so it has a limit."""
    began_s = time.monotonic()
    errors: list[OSError] = []

    def ask() -> None:
        try:
            look_up(user, gid)
        except OSError as error:
            errors.append(error)

    asking = threading.Thread(target=ask, name="user-database", daemon=True)
    asking.start()
    asking.join(DATABASE_LIMIT_S)
    took_s = time.monotonic() - began_s
    hint = f"time the look-up: getent initgroups {user}; see to LDAP or SSSD"
    if asking.is_alive():
        message = f"has not answered for {DATABASE_LIMIT_S:.0f} s: decisions are refused"
        yield CheckResult("user database", "fail", message, hint)
    elif errors:
        yield CheckResult("user database", "fail", str(errors[0]), hint)
    elif took_s > _SLOW_DATABASE_S:
        yield CheckResult("user database", "warn", f"answers in {took_s:.1f} s: each decision waits", hint)
    else:
        yield CheckResult("user database", "ok", "answers at once")


def check_uid_map(uid_map: str) -> Iterator[CheckResult]:
    """Say whether the uids of people are told apart here; `uid_map` is the text of `/proc/self/uid_map`.

    In a user namespace, all uids that it does not map read as 65534 (user_namespaces(7)), on the socket, too.
    """
    ranges = [line.split() for line in uid_map.splitlines()]
    if ranges == [["0", "0", str(_ALL_UIDS)]]:
        return
    count = sum(int(length) for _, _, length in ranges)
    message = f"this user namespace knows {count}: whoever has another reads as uid 65534, and cannot decide"
    yield CheckResult("uids", "warn", message, "run the container as root's, without a user namespace")


def check_shared_folder(name: str, folder: Path) -> Iterator[CheckResult]:
    """Say whether the group of a drop folder may write there, and gets what others drop.

    Without the setgid bit or a default list, a dropped folder belongs to its owner's own group.
    """
    entry = folder.stat()
    group = _name_group(entry.st_gid)
    if not entry.st_mode & stat.S_IWGRP:
        message = f"{folder}: group {group} may not write: only its owner can drop"
        yield CheckResult(name, "warn", message, f"chmod g+rwxs {folder}")
    elif not entry.st_mode & stat.S_ISGID and not has_default_list(folder):
        message = f"{folder}: what is dropped does not get the group {group}"
        yield CheckResult(name, "warn", message, f"chmod g+s {folder}")


def check_umask(daemon_uid: int, umask: int, *, is_listed: bool) -> Iterator[CheckResult]:
    """Say whether the daemon can read what the caller drops, whose `umask` this is.

    With `is_listed`, the folders' default access lists decide and not the umask.
    """
    if umask & stat.S_IRGRP and os.geteuid() != daemon_uid and not is_listed:
        message = f"{umask:04o}: the daemon may not read what you drop"
        yield CheckResult("umask", "warn", message, "umask 0027, or chmod -R g+rX what you dropped")
    else:
        yield CheckResult("umask", "ok", f"{umask:04o}")


def read_umask() -> int:
    """Return the process's umask without changing it (proc(5), since Linux 4.7)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("Umask:"):
            return int(line.split()[1], 8)
    return 0


def check_lease(path: Path) -> Iterator[CheckResult]:
    """Say whether the kernel tells who writes to the file `path`, on the disk that clips lie on."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        known = query_writers(descriptor)
    finally:
        os.close(descriptor)
    if known is WriterStatus.UNKNOWN:
        message = "this disk does not tell whether a file is still written: quiet time alone decides"
        yield CheckResult("writers", "warn", message, "set ingest.settle to 30s or more, as on a share")
    else:
        yield CheckResult("writers", "ok", "the kernel tells which files are still written")


def measure_busiest_day(sessions: Path) -> int:
    """Return the bytes of the day that took most room, of the newest sessions; 0 if there are none.

    A session's id begins with its date. What is there is counted: originals with all that was made of them.
    """
    days: Counter[str] = Counter()
    if not sessions.is_dir():
        return 0
    for folder in sorted(sessions.iterdir(), reverse=True)[:_DAYS_SESSIONS]:
        days[folder.name[:8]] += sum(_list_sizes(folder))
    return max(days.values(), default=0)


def check_size_of_terminal() -> Iterator[CheckResult]:
    """Say whether the terminal is as large as the app needs."""
    columns, lines = shutil.get_terminal_size()
    if columns < _MIN_COLUMNS or lines < _MIN_LINES:
        hint = f"make it {_MIN_COLUMNS}x{_MIN_LINES}, or use `mcsyncd review`, which works line by line"
        yield CheckResult("terminal size", "warn", f"{columns}x{lines}", hint)


def has_default_list(folder: Path) -> bool:
    """Tell whether an access list gives what is made in a folder its permissions, whatever the umask."""
    try:
        return "system.posix_acl_default" in os.listxattr(folder)
    except OSError:
        return False


def _name_group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _list_sizes(folder: Path) -> Iterable[int]:
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                yield os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118  # walk gives text
            except OSError:
                continue  # it was removed in between
