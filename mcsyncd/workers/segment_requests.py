"""How a contained job has its segments encoded: it asks for each by its number, and is told when it is there.

Whoever took over the job's decoder writes these questions. So they name no file, no plan and no machine, only
a segment of the clip that the job is about. Two pipes carry them; the other end is `segment_server`.
"""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import dataclass
from typing import Any, TypeVar

from mcsyncd.conform.segment_task import SegmentResult, SegmentTask
from mcsyncd.workers.sandbox.messages import ChildMessage, MessageKind, read_error

T = TypeVar("T")

_QUESTION = struct.Struct("<I64sI")
"""Number of the question, key of the segment's folder (a sha256 in hex), number of the segment."""
_ANSWER = struct.Struct("<II")
"""Number of the question, and the bytes of the error that follows; none if the segment is there."""


@dataclass(frozen=True, slots=True)
class SegmentQuestion:
    """A segment that is wanted: `key` says of which plan, in segments or in one pass."""

    number: int
    key: str
    segment: int


def write_question(descriptor: int, question: SegmentQuestion) -> None:
    """Ask. Blocks while the pipe is full. Raises OSError if nobody is at its other end."""
    packed = _QUESTION.pack(question.number, question.key.encode(), question.segment)
    os.write(descriptor, packed)  # whole, because it is shorter than PIPE_BUF (pipe(7))


def read_question(descriptor: int) -> SegmentQuestion | None:
    """Return the next question; None if no other will come. Blocks."""
    packed = _read_exactly(descriptor, _QUESTION.size)
    if packed is None:
        return None
    number, key, segment = _QUESTION.unpack(packed)
    return SegmentQuestion(number, key.decode("ascii", "replace"), segment)


def write_answer(descriptor: int, number: int, error: bytes) -> None:
    """Answer a question, with an error's body or none. One thread at a time. Raises OSError."""
    left = memoryview(_ANSWER.pack(number, len(error)) + error)
    while left:
        left = left[os.write(descriptor, left) :]


class AskingExecutor(Executor):
    """Has segments encoded by whoever reads the pipe `questions` and writes to `answers`.

    A result names no files: they are in the segment's own record. There is nothing to shut down: it ends with
    its process.
    """

    def __init__(self, questions: int, answers: int) -> None:
        self._questions, self._answers = questions, answers
        self._asked: dict[int, tuple[Future[Any], SegmentTask]] = {}
        self._count = 0
        self._is_broken = False
        self._lock = threading.Lock()
        threading.Thread(target=self._take_answers, name="answers", daemon=True).start()

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Ask for the segment of the task, the only argument, whatever `fn`. Raises TypeError for others."""
        if kwargs or len(args) != 1 or not isinstance(args[0], SegmentTask):
            raise TypeError(f"{fn}: only a segment can be asked for")
        task, future = args[0], Future[Any]()
        with self._lock:
            if self._is_broken:
                future.set_exception(_build_end_error())
                return future
            self._count += 1
            number = self._count
            self._asked[number] = future, task
        write_question(self._questions, SegmentQuestion(number, task.folder.key, task.segment.number))
        return future

    def _take_answers(self) -> None:
        while (head := _read_exactly(self._answers, _ANSWER.size)) is not None:
            number, length = _ANSWER.unpack(head)
            body = _read_exactly(self._answers, length)
            if body is None:
                break
            with self._lock:
                future, task = self._asked.pop(number)
            if body:
                future.set_exception(read_error(ChildMessage(MessageKind.ERROR, body)))
            else:
                future.set_result(SegmentResult(task.segment.number, ()))
        with self._lock:
            self._is_broken = True
            left = list(self._asked.values())
        for future, _ in left:
            future.set_exception(_build_end_error())


def _build_end_error() -> BrokenExecutor:
    return BrokenExecutor("the process that hands out segments has ended")


def _read_exactly(descriptor: int, count: int) -> bytes | None:
    """Return so many bytes; None if the other end closes before."""
    data = b""
    while len(data) < count:
        chunk = os.read(descriptor, count - len(data))
        if not chunk:
            return None
        data += chunk
    return data
