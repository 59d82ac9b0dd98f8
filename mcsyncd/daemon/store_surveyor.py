"""The store surveyor: compares each store with the ledger from time to time, and records what it found.

In a process of its own, because all sessions are read for it: the daemon keeps none of that memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from pydantic import TypeAdapter, ValidationError

from mcsyncd.api import AlertBody
from mcsyncd.checks.store_survey import survey_by_name
from mcsyncd.daemon.clock import utc_now
from mcsyncd.daemon.loop import SessionLoop
from mcsyncd.daemon.worker_process import WorkerProcess, WorkerProfile
from mcsyncd.errors import McsyncError
from mcsyncd.integrity.derived_file import write_derived_file
from mcsyncd.model.store_events import StoreSurveyed
from mcsyncd.settings.schema import Settings
from mcsyncd.store.rows import LEDGER_SESSION

_KEPT_FAULTS = 20
"""Faults that an event names; the rest is counted. Judgement: `mcsyncd storage plan` lists all."""
_NICENESS = 15

log = structlog.get_logger("mcsyncd.store")


@dataclass(frozen=True, slots=True)
class _Surveys:
    """The newest survey of each store, by the name that the ledger has for it: what outlives a restart."""

    by_store: dict[str, StoreSurveyed]


_KEPT = TypeAdapter(_Surveys)


class StoreSurveyor:
    """Surveys one store at a time. Used by the event loop alone; `now` is the time by the wall clock."""

    def __init__(self, loop: SessionLoop, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._loop = loop
        self._now = now
        self._path = loop.config.settings.paths.state / "store-surveys.json"
        self._surveys = _read_kept(self._path)
        self._is_busy = False

    async def look_on(self) -> None:
        """Survey the next store for which it is time, if it may be asked. Called regularly."""
        settings = self._loop.config.settings
        due = [store for store in ("", *settings.further_stores) if self._is_due(store, settings)]
        if not due or self._is_busy or self._loop.draining:
            return
        self._is_busy = True
        try:
            await self._survey(due[0], settings)
        finally:
            self._is_busy = False

    def _is_due(self, store: str, settings: Settings) -> bool:
        """Tell whether a survey is due; a wrong wall clock makes one early or late."""
        days, last = settings.verification.survey_after_days, self._surveys.by_store.get(store)
        if not days or not self._loop.store_gates.works(store):
            return False
        if last is not None and last.fault_count:
            days = 1  # somebody may have repaired it
        limit = (self._now() - timedelta(days=days)).isoformat(timespec="microseconds")
        return last is None or last.at.replace("Z", "+00:00") < limit

    async def _survey(self, store: str, settings: Settings) -> None:
        process = WorkerProcess(WorkerProfile(_NICENESS))
        try:
            checked, faults = await process.run(survey_by_name, settings, store)
        except (McsyncError, OSError, BrokenExecutor) as error:
            log.warning("a store could not be surveyed", store=store, error=str(error))
            return
        finally:
            process.end()
        survey = StoreSurveyed(utc_now(), store, checked, len(faults), tuple(faults[:_KEPT_FAULTS]))
        await self._loop.record_note(LEDGER_SESSION, survey)
        self._surveys = _Surveys(self._surveys.by_store | {store: survey})
        try:
            write_derived_file(self._path, _KEPT.dump_json(self._surveys), durable=False)
        except OSError as error:
            log.warning("the surveys of the stores could not be kept", error=str(error))

    def list_alerts(self) -> list[AlertBody]:
        """Return what the newest surveys found wrong."""
        settings = self._loop.config.settings
        known = {"": settings.storage.key} | {name: name for name in settings.further_stores}
        return list(_describe_faults(self._surveys.by_store.values(), known))


def _describe_faults(surveys: Iterable[StoreSurveyed], names: dict[str, str]) -> Iterable[AlertBody]:
    for survey in surveys:
        if survey.fault_count and survey.store in names:
            more = f", and {survey.fault_count - 1} more" if survey.fault_count > 1 else ""
            option = f" --store {survey.store}" if survey.store else ""
            yield AlertBody(
                code="store_faulty",
                level="error",
                message=f"{names[survey.store]} is not as recorded: {survey.faults[0]}{more}",
                hint=f"mcsyncd storage plan{option}, then mcsyncd storage repair{option}",
                since=survey.at,
            )


def _read_kept(path: Path) -> _Surveys:
    """Return what was kept; nothing if that cannot be read: the stores are surveyed again."""
    try:
        return _KEPT.validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return _Surveys({})
