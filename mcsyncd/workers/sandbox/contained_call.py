"""A call in a process of its own that can touch only what it is granted.

The process is a fork of the one that asks: everything is imported, so it costs milliseconds. That one must
have no other threads that do anything: a fork copies their locks in whatever state they are. (The numeric
library ends its own for a fork, and starts them again when they are needed.)
"""

from __future__ import annotations

import gc
import os
import select
import shutil
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import suppress
from errno import EFBIG
from fcntl import F_DUPFD, fcntl
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from mcsyncd.workers.progress import ReportProgress
from mcsyncd.workers.sandbox.confine import confine_process
from mcsyncd.workers.sandbox.grant import MAX_WRITTEN_FILES, Grant
from mcsyncd.workers.sandbox.messages import (
    MessageKind,
    MessageReader,
    UnreadableAnswer,
    pack_error,
    pack_progress,
    pack_result,
    prepare_type,
    read_error,
    read_progress,
    read_result,
)

T = TypeVar("T")

_LOOK_S = 1.0
"""Seconds between two looks at how much a call has written. Judgement: a fast disk takes 2 GB in
that time."""
_REPORT_EVERY_S = 0.1
"""Seconds between two messages about progress. Judgement: often enough for a screen that is drawn twice a
second; each costs a system call here and there."""
_CHUNK_BYTES = 1 << 16
"""Bytes that a pipe holds (pipe(7))."""
FIRST_KEPT = 4
"""The number, in the process of a call, of the first file that it keeps. Those before are /dev/null, two for
its words, and one for its answers."""
_LAST_WORDS = 300
"""Characters of what a process that died wrote last."""


class ContainedProcessDied(BrokenExecutor):
    """The process of a call ended without a result: a codec crashed, or a limit of the kernel ended it."""

    def __init__(self, message: str, ended_by: int = 0) -> None:
        super().__init__(message)
        self.ended_by = ended_by
        """The number of the signal; 0 if it ended by itself."""

    def __reduce__(self) -> tuple[type[ContainedProcessDied], tuple[str, int]]:
        return type(self), (str(self), self.ended_by)


def run_contained(
    call: Callable[[ReportProgress], T],
    result_type: Any,
    grant: Grant,
    report_progress: ReportProgress = lambda _count, _total: None,
    kept: Sequence[int] = (),
) -> T:
    """Return what `call` returns in a process of its own; `result_type` is what that must be.

    `call` gets a function to report its progress, which is passed on. Of the files that are open here, it has
    `kept` alone, numbered from `FIRST_KEPT` on. What it raises is raised here:
    BadMedia, ConfigError, IntegrityError, SourceChanged and OSError as what they are, any other McsyncError
    as one, all else as RuntimeError. Raises ContainedProcessDied if the process dies or answers something
    else, and OSError (EFBIG) if it writes more than it may in all.
    """
    prepare_type(result_type)
    answers, answer_to = os.pipe2(os.O_CLOEXEC)
    words, say_to = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _answer_and_exit(partial(_perform, call, result_type, grant, parent), answer_to, say_to, kept)
    os.close(answer_to)
    os.close(say_to)
    exit_status = None
    try:
        outcome = _await_outcome(answers, pid, result_type, grant, report_progress)
    finally:
        os.kill(pid, signal.SIGKILL)  # it has answered or it is dead: what is left of it does nothing more
        exit_status = os.waitpid(pid, 0)[1]
        last_words = _read_last_words(words)
        os.close(answers)
        os.close(words)
    if outcome is None:
        raise _describe_death(exit_status, last_words)
    if isinstance(outcome, Exception):
        raise outcome
    result: T = outcome[0]
    return result


def _perform(
    call: Callable[[ReportProgress], T], result_type: Any, grant: Grant, parent: int, answer_to: int
) -> bytes:
    """Confine this process, do the call and return the message to answer with."""
    gc.freeze()  # or the first collection would copy all that is shared with the parent
    try:
        confine_process(grant, parent)
        return pack_result(call(_build_reporter(answer_to)), result_type)
    except BaseException as error:  # noqa: BLE001  # whatever it is, the parent has to know
        return pack_error(error)


def _answer_and_exit(
    perform: Callable[[int], bytes], answer_to: int, say_to: int, kept: Sequence[int]
) -> NoReturn:
    """Keep nothing open but pipes for answers and words, and `kept`; answer, and end without any clean-up."""
    code = 1
    try:
        answer_to = _keep_only(answer_to, say_to, kept)
        _write(answer_to, perform(answer_to))
        code = 0
    finally:
        os._exit(code)


def _keep_only(answer_to: int, say_to: int, kept: Sequence[int]) -> int:
    """Close all files but these, and return the new number of `answer_to`; `kept` follow it.

    The others are the parent's: by the pipes of its executor, for one, the daemon could be sent anything.
    """
    nothing = os.open(os.devnull, os.O_RDONLY)
    sources = (nothing, say_to, say_to, answer_to, *kept)
    # Out of the way first: a number that is a target may be the source of a later one.
    high = [fcntl(source, F_DUPFD, len(sources)) for source in sources]
    for target, source in enumerate(high):
        os.dup2(source, target)
    os.closerange(len(sources), os.sysconf("SC_OPEN_MAX"))
    return FIRST_KEPT - 1


def _write(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def _build_reporter(answer_to: int) -> ReportProgress:
    reported_at = 0.0

    def report_progress(count: int, total: int) -> None:
        nonlocal reported_at
        now = time.monotonic()
        if now - reported_at >= _REPORT_EVERY_S or count >= total:
            reported_at = now
            _write(answer_to, pack_progress(count, total))

    return report_progress


def _await_outcome(
    answers: int, pid: int, result_type: Any, grant: Grant, report_progress: ReportProgress
) -> tuple[Any] | Exception | None:
    """Return the result in a tuple, the error, or None if the process ended without either."""
    reader, waiting = MessageReader(), select.poll()
    waiting.register(answers, select.POLLIN)
    looked_at = time.monotonic()
    while True:
        if waiting.poll(_LOOK_S * 1000):
            chunk = os.read(answers, _CHUNK_BYTES)
            if not chunk:
                return None
            if (outcome := _read_outcome(reader, chunk, result_type, report_progress)) is not None:
                return outcome
        if grant.writes and time.monotonic() - looked_at >= _LOOK_S:
            looked_at = time.monotonic()
            if not _is_within(grant):
                os.kill(pid, signal.SIGKILL)
                os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # until then it writes into what is removed
                for folder in grant.writes:
                    shutil.rmtree(folder, ignore_errors=True)
                return OSError(EFBIG, os.strerror(EFBIG), str(grant.writes[0]))


def _read_outcome(
    reader: MessageReader, chunk: bytes, result_type: Any, report_progress: ReportProgress
) -> tuple[Any] | Exception | None:
    """Take what has arrived; return the outcome, or None as long as there is only progress."""
    try:
        for message in reader.feed(chunk):
            match message.kind:
                case MessageKind.PROGRESS:
                    report_progress(*read_progress(message))
                case MessageKind.RESULT:
                    return (read_result(message, result_type),)
                case MessageKind.ERROR:
                    return read_error(message)
    except UnreadableAnswer as error:
        return ContainedProcessDied(error.message)
    return None


def _is_within(grant: Grant) -> bool:
    """Tell whether what lies in the folders of a call is no more than it may write in all."""
    count = size = 0
    folders = list(grant.writes)
    while folders:
        with suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                count += 1
                with suppress(OSError):
                    size += entry.stat(follow_symlinks=False).st_blocks * 512
                if entry.is_dir(follow_symlinks=False):
                    folders.append(Path(entry.path))
        if count > MAX_WRITTEN_FILES or size > grant.written_bytes:
            return False
    return True


def _read_last_words(words: int) -> str:
    try:
        said = os.read(words, _CHUNK_BYTES)
    except BlockingIOError:
        return ""
    return said.decode(errors="replace").strip()[-_LAST_WORDS:]


def _describe_death(exit_status: int, last_words: str) -> ContainedProcessDied:
    code = os.waitstatus_to_exitcode(exit_status)
    how = f"it ended with code {code}"
    if code < 0:
        with suppress(ValueError):
            how = signal.Signals(-code).name
        how = "it used up its processor time" if -code == signal.SIGXCPU else how
    said = f", and wrote: {last_words}" if last_words else ""
    return ContainedProcessDied(f"{how}{said}", max(0, -code))
