"""Compares the files in the drop folders with the hash lists of their cards, one file at a time.

The reads run in a thread of their own at low priority, so that neither the loop nor the scans wait for
them. What is known is lost at a restart, and found again by reading.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import structlog

from mcsyncd.daemon.bounded_calls import run_in_thread
from mcsyncd.ingest.hash_lists import (
    Demand,
    HashedFile,
    apply_hash_lists,
    collect_demands,
    list_due_hashes,
)
from mcsyncd.ingest.list_reader import ListReader
from mcsyncd.ingest.listed_files import hash_drop_file
from mcsyncd.ingest.observation import FileKey, Observation
from mcsyncd.ingest.settle import SettleState
from mcsyncd.model.hash_check import HashAlgorithm

_NICENESS = 10
"""Added to the priority of the thread. Judgement: as the workers that hash; lower, the reads of a card
make the screen jerk; higher, they starve beside an encoder."""

_RETRY_S = 30.0
"""Seconds until a file that could not be read is tried again. Judgement: a loose cable is put back within a
minute; shorter, and a failing disk is read all the time."""

log = structlog.get_logger("mcsyncd.list_checker")


class ListChecker:
    """Knows the hash lists in the drop folders and what their files were found to be.

    `wake` is called, on the loop, when a file has been hashed. Used by the drop scanner alone.
    """

    def __init__(self, drop: Callable[[], Path], wake: Callable[[], None]) -> None:
        self._drop = drop
        self._wake = wake
        self._reader = ListReader()
        self._demands: dict[FileKey, list[Demand]] = {}
        self._timed = self._judged = SettleState()
        self._hashed: dict[FileKey, HashedFile] = {}
        self._judged_with: dict[FileKey, HashedFile] | None = None
        self._failed_at: dict[FileKey, float] = {}
        self._task: asyncio.Task[None] | None = None

    def judge_files(self, state: SettleState) -> SettleState:
        """Return the state with what the lists say of the files. Blocks while changed lists are read.

        `state` is as time alone has it. Called in the thread of the scan; only one scan runs at a time.
        """
        hashed, before = self._hashed, self._timed
        self._timed = state
        if state.files is before.files and hashed is self._judged_with:
            # Half a second for 20,000 files, which may lie there for hours.
            self._judged = replace(state, files=self._judged.files, is_proven=self._judged.is_proven)
            return self._judged
        lists = self._reader.read_lists(self._drop(), state)
        self._demands = collect_demands(state.files, lists) if lists else {}
        self._judged, self._judged_with = apply_hash_lists(state, lists, self._demands, hashed), hashed
        return self._judged

    def start_next(self, state: SettleState, suffixes: frozenset[str]) -> None:
        """Hash the next file that a list names, unless one is being hashed. Called on the loop.

        `state` is as time alone has it; `suffixes` are those of clips.
        """
        if self._task is not None and not self._task.done():
            return
        self._forget_files(state)
        due = list_due_hashes(state, self._demands, self._hashed)
        if due:
            self._task = asyncio.create_task(self._hash_file(*due[0], suffixes))

    async def _hash_file(
        self, file: Observation, algorithms: frozenset[HashAlgorithm], suffixes: frozenset[str]
    ) -> None:
        found = await run_in_thread(partial(_hash_politely, self._drop(), file, algorithms, suffixes))
        if found is None:
            return  # it has changed: the next scan sees it
        self._hashed = {**self._hashed, file.key: found}
        if found.failure:
            self._failed_at[file.key] = time.monotonic()
            log.warning("a listed file cannot be read", file="/".join(file.key), error=found.failure)
        self._wake()

    def _forget_files(self, state: SettleState) -> None:
        """Forget files that are gone, and after a while those that could not be read, to try them again."""
        now = time.monotonic()
        self._failed_at = {key: at for key, at in self._failed_at.items() if now - at < _RETRY_S}
        kept = {
            key: one
            for key, one in self._hashed.items()
            if key in state.files and (not one.failure or key in self._failed_at)
        }
        if len(kept) < len(self._hashed):
            self._hashed = kept


def _hash_politely(
    drop: Path, file: Observation, algorithms: frozenset[HashAlgorithm], suffixes: frozenset[str]
) -> HashedFile | None:
    # On Linux the priority is that of a thread, and the threads that it starts inherit it.
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
    return hash_drop_file(drop, file, algorithms, suffixes=suffixes)
