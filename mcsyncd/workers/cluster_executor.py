"""An executor whose calls run on the machines of a cluster: none is lost, and none counts twice.

Each attempt writes to a folder of its own. Its files are read again here, and move to the task's folder only
if they are what the machine says: a late copy of an encoder can do no harm. That folder lies beside the
task's: a job that was taken over may write in the task's, and could put a link in the attempt's place.
"""

from __future__ import annotations

import asyncio
import logging
import pickle
import secrets
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, Future
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from mcsyncd.integrity.derived_file import make_folders
from mcsyncd.model.machine import Machine, VersionsOf
from mcsyncd.model.text import escape_text
from mcsyncd.workers.cluster_link import AttemptLost, ClusterLink
from mcsyncd.workers.engine import ClusterEngine
from mcsyncd.workers.handout import LOCAL, Handout, HandoutTerms, SegmentAttempt
from mcsyncd.workers.local_call import perform_here
from mcsyncd.workers.machine_probe import describe_versions
from mcsyncd.workers.machine_verdicts import MachineVerdicts
from mcsyncd.workers.quarantine import quarantine_host
from mcsyncd.workers.result_check import FalseResult, adopt_result, check_result

T = TypeVar("T")

_ATTEMPT_MARK = ".attempt-"
"""Between the name of a task's folder and the number of an attempt, in the name of the attempt's own."""
_LOOK_S = 2.0
"""Seconds between two looks at the scheduler's machines: a lost one is noticed after as long."""
_TICK_S = 0.5
"""Seconds between two looks for attempts that are late."""
_END_LIMIT_S = 30.0
"""Seconds that the executor's thread gets to end: longer than closing a connection takes."""

log = logging.getLogger("mcsyncd.cluster")
"""A worker process has no structured log: its warnings go to the daemon's stderr, which the journal keeps."""


@dataclass(slots=True)
class HandedTask:
    """A call and its argument, whose `folder` is where the files go; `result` is what the caller holds."""

    call: Callable[[Any], Any]
    argument: Any
    result: Future[Any]


class ClusterExecutor(Executor):
    """Encodes on the machines of `engine`; see `Handout` for where, and for when this process does it itself.

    A call takes one argument: a dataclass whose `folder` has a `path`. It writes into that folder only, and
    returns a dataclass with `files: tuple[WrittenFile, ...]`. Both must be picklable, the call by its name.
    On a machine, none of the files may have more than `max_output_bytes`; here the process's own limit holds.
    """

    def __init__(
        self,
        engine: ClusterEngine,
        label: str,
        max_output_bytes: int,
        terms: HandoutTerms | None = None,
    ) -> None:
        self._engine = engine
        self._max_output_bytes = max_output_bytes
        self._label = label
        self._handout = Handout(time.monotonic(), terms)
        self._tasks: dict[int, HandedTask] = {}
        self._attempts: dict[SegmentAttempt, asyncio.Task[None]] = {}
        self._link: ClusterLink | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._verdicts: MachineVerdicts
        self._machines: dict[str, Machine] = {}
        """Those that are accepted, by address."""
        self._sweeps: dict[Path, asyncio.Task[None]] = {}
        self._count = 0
        self._ending = self._is_cancelled = False
        self._loop = asyncio.new_event_loop()
        self._awake, self._news = asyncio.Event(), asyncio.Event()
        self._thread = threading.Thread(target=self._run_loop, name="cluster", daemon=True)
        self._thread.start()

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Hand out `fn(task)`. Raises RuntimeError after the shutdown, TypeError for other arguments."""
        if self._ending:
            raise RuntimeError("cannot schedule new futures after shutdown")
        if len(args) != 1 or kwargs:
            raise TypeError("the call takes one argument: the task")
        result: Future[T] = Future()
        self._loop.call_soon_threadsafe(self._take_task, HandedTask(fn, args[0], result))
        return result

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End, with what is handed out or without: `cancel_futures` stops it, on all machines."""
        if self._ending:
            return
        self._ending = True
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._begin_end, cancel_futures)
        if wait:
            self._thread.join(_END_LIMIT_S if cancel_futures else None)

    def _run_loop(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._hand_out())
        except BaseException as error:
            self._ending = True
            self._forget_tasks(error)  # nobody may wait for ever for a bug of ours
            raise

    def _take_task(self, task: HandedTask) -> None:
        task.result.set_running_or_notify_cancel()  # from here on `shutdown` alone can stop it
        self._count += 1
        self._tasks[self._count] = task
        self._handout.add_task(self._count)
        self._awake.set()

    def _begin_end(self, cancel: bool) -> None:
        self._is_cancelled = cancel
        self._awake.set()

    def _forget_tasks(self, error: BaseException) -> None:
        for number, task in list(self._tasks.items()):
            self._stop(self._handout.drop_task(number))
            del self._tasks[number]
            task.result.set_exception(error)

    async def _hand_out(self) -> None:
        watch = asyncio.create_task(self._watch_machines())
        while not self._ending or (self._tasks and not self._is_cancelled):
            for attempt in self._handout.start_attempts(time.monotonic()):
                self._attempts[attempt] = asyncio.create_task(self._make_attempt(attempt))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._awake.wait(), _TICK_S)
            self._awake.clear()
        self._forget_tasks(CancelledError("the job has ended"))
        watch.cancel()
        await asyncio.gather(watch, *self._attempts.values(), *self._closing, return_exceptions=True)
        if self._link is not None:
            self._verdicts.close()
            await self._link.close()
        for folder in self._sweeps:
            await asyncio.to_thread(_remove_attempts, folder)

    async def _watch_machines(self) -> None:
        ours = await asyncio.to_thread(describe_versions)
        while True:
            try:
                await self._look_at_machines(ours)
            except Exception as error:  # noqa: BLE001  # whatever is wrong out there: this machine remains
                self._lose_link(str(error) or type(error).__name__)
            self._awake.set()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), _LOOK_S)
            self._news.clear()

    async def _look_at_machines(self, ours: VersionsOf) -> None:
        if self._link is None:
            self._link = await ClusterLink.connect(self._engine)
            self._verdicts = MachineVerdicts(self._link, self._engine, ours, self._news)
        link = self._link
        found = await self._verdicts.list_accepted()
        if self._link is not link:
            return  # lost in the meantime
        self._machines = {machine.address: machine for machine in found}
        slots = {machine.address: machine.slots for machine in found}
        for attempt in self._handout.set_machines(slots, time.monotonic()):
            log.warning("machine %s is gone, its segment is encoded elsewhere", escape_text(attempt.place))
            self._stop([attempt])

    def _lose_link(self, reason: str) -> None:
        link, self._link = self._link, None
        self._machines = {}
        self._stop(self._handout.lose_machines(time.monotonic()))
        if link is not None:
            log.warning("the cluster is gone, segments wait for it: %s", escape_text(reason))
            self._verdicts.close()
            self._news.set()
            self._closing.add(self._loop.create_task(link.close()))

    def _stop(self, attempts: list[SegmentAttempt], *, but: SegmentAttempt | None = None) -> None:
        for attempt in attempts:
            if attempt != but and attempt in self._attempts:
                self._attempts[attempt].cancel()  # a thread runs on, but what it returns no longer counts

    async def _make_attempt(self, attempt: SegmentAttempt) -> None:
        task = self._tasks[attempt.task]
        folder: Path = task.argument.folder.path
        own = folder.with_name(f"{folder.name}{_ATTEMPT_MARK}{secrets.token_hex(6)}")
        try:
            await self._sweep(folder)
            await asyncio.to_thread(make_folders, own)
            encode = self._encode_here if attempt.place == LOCAL else partial(self._encode_there, attempt)
            made = await encode(task.call, _redirect(task.argument, own))
            await asyncio.to_thread(check_result, made, own)
            await self._keep_result(attempt, task, partial(adopt_result, made, folder))
        except Exception as error:  # noqa: BLE001  # whatever a call raises is its caller's
            await self._note_failure(attempt, task, error)
        finally:
            self._attempts.pop(attempt, None)
            self._awake.set()
            self._loop.run_in_executor(None, partial(shutil.rmtree, own, ignore_errors=True))

    async def _sweep(self, folder: Path) -> None:
        """Remove, once, what attempts of an earlier process left behind."""
        if folder not in self._sweeps:
            self._sweeps[folder] = asyncio.create_task(asyncio.to_thread(_remove_attempts, folder))
        await asyncio.shield(self._sweeps[folder])  # the others wait for it, too: it would remove theirs

    async def _encode_here(self, call: Callable[[Any], Any], argument: Any) -> Any:
        log.warning("%s: a segment is encoded on this machine", escape_text(self._label))
        return pickle.loads(await perform_here(pickle.dumps((call, argument, self._max_output_bytes))))  # noqa: S301  # from our own process

    async def _encode_there(self, attempt: SegmentAttempt, call: Callable[[Any], Any], argument: Any) -> Any:
        if self._link is None:
            raise AttemptLost("the scheduler is gone")
        number = argument.folder.path.name.rpartition(_ATTEMPT_MARK)[2]
        packed = pickle.dumps((call, argument, self._max_output_bytes))
        remote = self._link.start_attempt(packed, attempt.place, self._label, number)
        try:
            answer = await remote.fetch_answer()
        finally:
            remote.stop()
        return pickle.loads(answer)  # noqa: S301  # from a machine of ours, over mutual TLS

    async def _keep_result(self, attempt: SegmentAttempt, task: HandedTask, adopt: Callable[[], Any]) -> None:
        """Let a true result count, unless another one already does."""
        if not self._handout.is_running(attempt):
            return
        self._stop(self._handout.finish(attempt, time.monotonic()), but=attempt)
        del self._tasks[attempt.task]
        try:
            task.result.set_result(await asyncio.to_thread(adopt))
        except Exception as error:  # noqa: BLE001  # this machine's disk: the caller's to judge
            task.result.set_exception(error)

    async def _note_failure(self, attempt: SegmentAttempt, task: HandedTask, error: Exception) -> None:
        if not self._handout.is_running(attempt):
            return
        if attempt.place == LOCAL:
            self._stop(self._handout.drop_task(attempt.task), but=attempt)
            del self._tasks[attempt.task]
            task.result.set_exception(error)
            return
        if isinstance(error, AttemptLost):
            self._lose_link(str(error))
            return
        self._handout.fail(attempt, time.monotonic(), is_false=isinstance(error, FalseResult))
        machine = self._machines.get(attempt.place)
        name = escape_text(machine.name if machine is not None else attempt.place)
        log.warning(
            "machine %s: a segment failed, it is encoded elsewhere: %s", name, escape_text(str(error))
        )
        if isinstance(error, FalseResult):
            await self._quarantine(attempt.place, error.message)

    async def _quarantine(self, address: str, reason: str) -> None:
        machine = self._machines.get(address)
        if machine is not None:
            log.error("machine %s is in quarantine: %s", escape_text(machine.name), escape_text(reason))
            with suppress(OSError):  # this job does without it in any case
                await asyncio.to_thread(quarantine_host, self._engine.folder, machine.host, reason)


def _redirect(argument: Any, path: Path) -> Any:
    """Return a task that writes to another folder."""
    return replace(argument, folder=replace(argument.folder, path=path))


def _remove_attempts(folder: Path) -> None:
    """Remove what attempts of an earlier process left behind."""
    for path in folder.parent.glob(f"{folder.name}{_ATTEMPT_MARK}*"):
        shutil.rmtree(path, ignore_errors=True)
