"""The error tree. Every error states what is wrong and what to do next."""

from __future__ import annotations

import errno
from enum import IntEnum

FULL_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT})
"""No room: of the disk (bytes or inodes), or of what the daemon's user may use of it."""

PASSING_ERRNOS = FULL_ERRNOS | frozenset(
    {
        errno.EIO,
        errno.EROFS,
        errno.ESTALE,
        errno.ENOTCONN,
        errno.ETIMEDOUT,
        errno.ENFILE,
        errno.EMFILE,
    }
)
"""Errors of the operating system that may pass: full, read-only or failing disks, lost network shares, no
free file handles. What fails for one of them is tried again until it passes, and says nothing about the
content of a file. One too few, and a session halts until a person retries it; one too many, and it waits
for ever."""


def is_passing(error: OSError) -> bool:
    """Tell whether what failed should be tried again."""
    return error.errno in PASSING_ERRNOS


def suggest_repair(error: OSError) -> str:
    """Return the operator's next action for an error that may pass."""
    if error.errno in FULL_ERRNOS:
        return "make room on that disk; work goes on by itself"
    if error.errno == errno.EROFS:
        return "find out why that disk is read-only (`dmesg`) and make it writable; work goes on by itself"
    return "check that disk (`dmesg`, its cable or its share); work goes on by itself"


CHANGED_SOURCE_HINT = (
    "put the file back as it was, then retry the session; a resync would take it as it is now, right or wrong"
)
"""The next action where an original is not what was recorded. The hash of the right one is in the ledger."""
MISSING_SOURCE_HINT = "put the original back or drop it again, then retry the session"
"""The next action where an original is not in its place."""


class ExitCode(IntEnum):
    """Exit codes of the command line; promised to scripts."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    CONFLICT = 4
    NOT_PERMITTED = 5
    BAD_MEDIA = 6


class McsyncError(Exception):
    """Something went wrong that an operator can act on.

    `message` names the thing that is wrong (a file, a key, a session), `hint` is the
    operator's next action. Both are plain text: a name in them is escaped where it is
    shown, not here.
    """

    exit_code = ExitCode.FAILED

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message

    def __reduce__(self) -> tuple[type[McsyncError], tuple[str, str]]:
        # Errors cross the border of a worker process; the default would lose the hint.
        return type(self), (self.message, self.hint)


class UsageError(McsyncError):
    """The caller asked for something that makes no sense (a camera that does not exist)."""

    exit_code = ExitCode.USAGE


class ConfigError(McsyncError):
    """The settings or a profile are wrong; `problems` has one line for each fault."""

    exit_code = ExitCode.USAGE

    def __init__(self, message: str, hint: str = "", problems: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint)
        self.problems = problems

    def __reduce__(self) -> tuple[type[ConfigError], tuple[str, str, tuple[str, ...]]]:  # type: ignore[override]  # carries one field more than its base
        return type(self), (self.message, self.hint, self.problems)


class Unreachable(McsyncError):
    """No daemon answers on the socket."""

    exit_code = ExitCode.UNREACHABLE


class Conflict(McsyncError):
    """The session has a newer revision than the one the caller read."""

    exit_code = ExitCode.CONFLICT


class NotPermitted(McsyncError):
    """The kernel's word on who is asking does not allow this."""

    exit_code = ExitCode.NOT_PERMITTED


class UnknownSession(UsageError):
    """There is no session of that id."""


class Unavailable(McsyncError):
    """Something that the daemon depends on (user database, disk) does not answer in time."""


class LedgerUnavailable(McsyncError):
    """The ledger cannot be written now: its disk is full, read-only or failing."""


class LedgerDamaged(McsyncError):
    """The ledger is not what was written: pages, the chain of events, or a session's row."""


class LedgerMismatch(McsyncError):
    """The ledger does not fit what was made with it: it is missing, or older than what was published."""


class BadMedia(McsyncError):
    """A file is not usable media: unreadable, truncated, or without usable streams."""

    exit_code = ExitCode.BAD_MEDIA


class OutputTooLarge(McsyncError):
    """A job was about to write a file that is larger than its limit."""


class SourceChanged(McsyncError):
    """An original is no longer the file that was offloaded."""


class SourceUnreadable(McsyncError):
    """A file that a job needs cannot be read now: one in a drop folder, or a manifest in the main store."""


class DerivedFileLost(McsyncError):
    """Derived files are missing, or nothing proves that they are what was made; they can be made again.

    `paths` are relative to the work folder.
    """

    def __init__(self, message: str, hint: str = "", paths: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint)
        self.paths = paths

    def __reduce__(self) -> tuple[type[DerivedFileLost], tuple[str, str, tuple[str, ...]]]:  # type: ignore[override]  # carries one field more than its base
        return type(self), (self.message, self.hint, self.paths)


class IntegrityError(McsyncError):
    """A copy or a record does not match its hash."""


class StorageError(McsyncError):
    """The store did not keep an object as it was sent, or holds another one under its key."""


class StoredObjectsMissing(StorageError):
    """The store no longer has objects that it took, by their keys; they can be sent again."""

    def __init__(self, message: str, hint: str = "", keys: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint)
        self.keys = keys

    def __reduce__(self) -> tuple[type[StoredObjectsMissing], tuple[str, str, tuple[str, ...]]]:  # type: ignore[override]  # carries one field more than its base
        return type(self), (self.message, self.hint, self.keys)


class StoreOffline(StorageError):
    """The store could not be reached, is overloaded or failing: a retry may succeed."""


class StoreRefused(StorageError):
    """Nothing can be stored until an operator acts: a wrong access key, bucket, folder or clock."""
