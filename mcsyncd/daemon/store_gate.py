"""The gate before the store: while the store fails, or a person paused it, no job that needs it starts.

One store, one gate: what is wrong with the store is wrong for every session. So it is asked by one job at a
time, said once, and recorded beside the ledger and not in its chain, where each attempt would be a row
for good.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import structlog
from pydantic import TypeAdapter, ValidationError

from mcsyncd.daemon.clock import utc_in, utc_now
from mcsyncd.integrity.derived_file import write_derived_file

_WAITS_S = (10.0, 20.0, 45.0, 90.0, 180.0, 300.0)
"""Seconds before the store is tried again; the last is repeated. Judgement: the outages of R2 that are known
lasted an hour, in which it is asked a dozen times; work goes on five minutes after their end at most."""
_FOLDER_WAITS = 3
"""How many of these waits a folder uses: a disk that has room again is needed within a minute."""
_JITTER = 0.2
"""Share by which a wait varies, so that several daemons on one bucket do not come back together."""

log = structlog.get_logger("mcsyncd.store")


@dataclass(frozen=True, slots=True)
class StoreFailure:
    """A job failed because of the store. `passing` tells whether that may mend by itself."""

    job: str
    message: str
    hint: str
    passing: bool


@dataclass(frozen=True, slots=True)
class StoreTrouble:
    """Since when (UTC) the store has failed, how often in a row, and what it said last."""

    since: str
    failures: int
    message: str
    hint: str
    passing: bool


@dataclass(frozen=True, slots=True)
class _Kept:
    """What outlives a restart: the trouble, for the people who read of it, and a pause."""

    trouble: StoreTrouble | None = None
    paused_by: str = ""
    paused_at: str = ""


_KEPT = TypeAdapter(_Kept)

GateState = Literal["open", "unreachable", "refused", "paused"]


class StoreGate:
    """Tells whether the store may be asked now. Its state is kept in the small file `path`."""

    def __init__(self, path: Path, *, is_folder: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._waits = _WAITS_S[:_FOLDER_WAITS] if is_folder else _WAITS_S
        self._clock = clock
        self._kept = _read_kept(path)
        self._retry_at = clock()

    @property
    def is_open(self) -> bool:
        """Whether jobs that need the store may start."""
        return not self._kept.paused_by and (self._kept.trouble is None or self._clock() >= self._retry_at)

    @property
    def allows_one(self) -> bool:
        """Whether only one such job may run: after trouble, to see whether it is over."""
        return self._kept.trouble is not None

    @property
    def state(self) -> GateState:
        """What a person reads of it."""
        if self._kept.paused_by:
            return "paused"
        trouble = self._kept.trouble
        if trouble is None:
            return "open"
        return "unreachable" if trouble.passing else "refused"

    @property
    def trouble(self) -> StoreTrouble | None:
        """What is wrong with the store, or None."""
        return self._kept.trouble

    @property
    def paused(self) -> tuple[str, str] | None:
        """Who paused the uploads, and when (UTC)."""
        return (self._kept.paused_by, self._kept.paused_at) if self._kept.paused_by else None

    @property
    def next_try_at(self) -> str | None:
        """When the store is tried next (UTC); None while it works or is paused."""
        if self.state not in ("unreachable", "refused"):
            return None
        return utc_in(max(0.0, self._retry_at - self._clock()))

    def note_failure(self, failure: StoreFailure) -> None:
        """Close the gate for a while: longer each time in a row."""
        before = self._kept.trouble
        if before is not None and self._clock() < self._retry_at:
            return  # it ran beside the one that failed first
        failures = before.failures + 1 if before is not None else 1
        since = before.since if before is not None else utc_now()
        trouble = StoreTrouble(since, failures, failure.message, failure.hint, failure.passing)
        wait_s = self._waits[min(failures, len(self._waits)) - 1]
        jitter = random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311  # a wait, no secret
        self._retry_at = self._clock() + min(wait_s * jitter, self._waits[-1])
        self._keep(replace(self._kept, trouble=trouble))

    def note_success(self) -> None:
        """Open the gate: the store has taken something."""
        if self._kept.trouble is not None:
            log.info("the store works again", since=self._kept.trouble.since)
            self._keep(replace(self._kept, trouble=None))

    def try_now(self) -> None:
        """Forget the wait: a person has done something about the store."""
        self._retry_at = self._clock()

    def pause(self, by: str) -> None:
        """Let nothing more start until somebody resumes; also over a restart."""
        log.info("uploads are paused", by=by)
        self._keep(replace(self._kept, paused_by=by, paused_at=utc_now()))

    def resume(self, by: str) -> None:
        """Let jobs start again, at once."""
        log.info("uploads go on", by=by)
        self.try_now()
        self._keep(replace(self._kept, paused_by="", paused_at=""))

    def _keep(self, kept: _Kept) -> None:
        self._kept = kept
        try:
            write_derived_file(self._path, _KEPT.dump_json(kept), durable=bool(kept.paused_by))
        except OSError as error:
            log.warning("the state of the store could not be kept", error=str(error))


def _read_kept(path: Path) -> _Kept:
    """Return what was kept; nothing if that cannot be read: it is only for people, and for a pause."""
    try:
        return _KEPT.validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return _Kept()
