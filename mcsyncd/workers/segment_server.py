"""The process that hands out the segments of a contained job: it has the connection, and opens no clip.

It is a fork of the job's process, as the contained one is, and dask's threads run in it alone. So the job's
process keeps a single thread, and may be forked again for the next job.
"""

from __future__ import annotations

import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, NoReturn

from mcsyncd.conform.clip_tasks import list_possible_tasks, plan_clip
from mcsyncd.conform.grid import Grid
from mcsyncd.conform.segment_task import SegmentTask, encode_segment
from mcsyncd.errors import IntegrityError
from mcsyncd.model.jobs import Conform
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.workers.engine import ClusterEngine, can_hand_out, open_segment_executor
from mcsyncd.workers.process import die_with_parent, limit_output
from mcsyncd.workers.sandbox.grant import ATTACK_HINT
from mcsyncd.workers.sandbox.messages import build_error_body
from mcsyncd.workers.segment_requests import read_question, write_answer

_END_LIMIT_S = 40.0
"""Seconds that it gets to end. Judgement: above what the executor takes to close its connection (30 s);
longer, and a scheduler that hangs holds the next job up."""
_LOOK_S = 0.05
"""Seconds between two looks whether it has ended."""


@contextmanager
def open_segment_server(
    engine: ClusterEngine, job: Conform, layout: WorkLayout, max_output_bytes: int
) -> Iterator[tuple[int, ...]]:
    """Give the pipes by which a contained job asks for its segments: one to write to, one to read from.

    None of them if dask cannot be loaded: the job encodes by itself. On leaving, what is not done is stopped
    everywhere. The caller must have no other threads that do anything.
    """
    if not can_hand_out(job.subject):
        yield ()
        return
    (questions, ask_to), (answers, answer_to) = os.pipe(), os.pipe()

    def serve() -> None:
        open_executor = partial(open_segment_executor, engine, job.subject, max_output_bytes)
        with limit_output(max_output_bytes), open_executor() as executor:
            if executor is not None:
                answer_questions(questions, answer_to, partial(_list_tasks, job, layout), executor)

    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        os.close(ask_to)  # or it would never see that nobody asks any more
        os.close(answers)
        _serve_and_exit(serve, parent)
    os.close(questions)
    os.close(answer_to)
    try:
        yield ask_to, answers
    finally:
        os.close(ask_to)
        os.close(answers)
        _await_end(pid)


def _serve_and_exit(serve: Callable[[], None], parent: int) -> NoReturn:
    """Serve, and end without any clean-up of what is the parent's: this is a fork of it."""
    code = 1
    try:
        die_with_parent(parent)
        serve()
        code = 0
    except BaseException:  # noqa: BLE001  # it must never go on with what its parent was doing
        traceback.print_exc()
    finally:
        os._exit(code)


def _list_tasks(job: Conform, layout: WorkLayout) -> tuple[SegmentTask, ...]:
    """Return every segment that the job may ask for. Raises OSError if its clip is not there."""
    if job.clip.media is None:
        return ()
    grid = Grid.from_drift(job.rate, job.phase_us, job.drift_ppm, job.curve)
    plan = plan_clip(job.clip.media, grid, (("mezzanine", job.mezzanine), ("proxy", job.proxy)))
    path = layout.locate_segments(job.session, job.clip.key, job.id)
    return list_possible_tasks(layout.resolve_path(job.clip.place), plan, path.absolute())


def answer_questions(
    questions: int, answers: int, list_tasks: Callable[[], Iterable[SegmentTask]], executor: Executor
) -> None:
    """Have each segment that is asked for encoded by `executor`, until the pipe `questions` ends.

    What is not one of `list_tasks()`, or was asked for before, is refused: whoever asks may have been taken
    over.
    """
    open_tasks: dict[tuple[str, int], SegmentTask] | None = None
    one_at_a_time = threading.Lock()

    def answer(number: int, error: BaseException | None) -> None:
        with one_at_a_time, suppress(OSError):  # nobody may be there to read it
            write_answer(answers, number, b"" if error is None else build_error_body(error))

    while (question := read_question(questions)) is not None:
        if open_tasks is None:
            open_tasks = {(task.folder.key, task.segment.number): task for task in list_tasks()}
        task = open_tasks.pop((question.key, question.segment), None)
        if task is None:
            said = f"segment {question.segment} is none that the job may ask for"
            answer(question.number, IntegrityError(said, ATTACK_HINT))
            continue
        made = executor.submit(encode_segment, task)
        made.add_done_callback(partial(_pass_on, answer, question.number))


def _pass_on(answer: Callable[[int, BaseException | None], None], number: int, made: Future[Any]) -> None:
    answer(number, CancelledError() if made.cancelled() else made.exception())


def _await_end(pid: int) -> None:
    """Wait until the process has ended, and end it if that takes too long."""
    limit = time.monotonic() + _END_LIMIT_S
    while os.waitpid(pid, os.WNOHANG)[0] == 0:
        if time.monotonic() > limit:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return
        time.sleep(_LOOK_S)
