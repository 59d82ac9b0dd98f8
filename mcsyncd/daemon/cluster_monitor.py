"""The cluster monitor: which machines offer themselves, and which get no work, for people.

Jobs that hand out probe the machines themselves. This looks in a process of its own, which alone loads dask's
library, and only while the settings name a scheduler. Nothing here keeps the daemon from starting or working.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import BrokenExecutor

import structlog

from mcsyncd.api import AlertBody, ClusterBody, MachineBody
from mcsyncd.daemon.worker_process import WorkerProcess, WorkerProfile
from mcsyncd.model.machine import MachineSurvey
from mcsyncd.settings.active_config import ActiveConfig
from mcsyncd.workers.engine import ClusterEngine, choose_engine, survey_engine

LOOK_S = 30.0
"""Seconds between two surveys: a machine that comes or goes is shown late by as much. Judgement: a survey
takes tenths of a second of this machine, and a file of each of the others."""
_SURVEY_LIMIT_S = 60.0
"""Seconds after which a survey counts as stuck, and its process is ended: on a work folder that hangs."""
_NICENESS = 15
_FALLBACK_HINT = "until then, this machine encodes"

log = structlog.get_logger("mcsyncd.cluster")


class ClusterMonitor:
    """Knows what the last survey found."""

    def __init__(self, config: Callable[[], ActiveConfig]) -> None:
        self._config = config
        self._process = WorkerProcess(WorkerProfile(_NICENESS))
        self._survey = asyncio.Lock()
        self._surveyed: tuple[ClusterEngine, MachineSurvey] | None = None

    async def look_on(self) -> None:
        """Survey the cluster, if the settings name one. Called regularly; one at a time, and never raises."""
        engine = self._engine
        if engine is None:
            self.end()
        elif not self._survey.locked():
            async with self._survey:
                await self._look_at(engine)

    async def _look_at(self, engine: ClusterEngine) -> None:
        try:
            found = await asyncio.wait_for(self._process.run(survey_engine, engine), _SURVEY_LIMIT_S)
        except TimeoutError:
            self._process.end()
            found = MachineSurvey(fault=f"not surveyed within {_SURVEY_LIMIT_S:.0f} s", hint=_FALLBACK_HINT)
        except BrokenExecutor:
            self._process.end()
            found = MachineSurvey(fault="the survey of the machines died", hint="see `journalctl -u mcsyncd`")
        except Exception as error:  # noqa: BLE001  # a library that is missing, a disk: it is said, and that is all
            found = MachineSurvey(fault=str(error), hint=getattr(error, "hint", _FALLBACK_HINT))
        self._log_changes(engine, found)
        self._surveyed = (engine, found)

    def end(self) -> None:
        """End the process of the surveys."""
        self._process.end()

    @property
    def _engine(self) -> ClusterEngine | None:
        config = self._config()
        return choose_engine(config.settings.workers, config.layout)

    @property
    def _found(self) -> MachineSurvey | None:
        """What the last survey of the scheduler in force found; None before there was one."""
        if self._surveyed is None or self._surveyed[0] != self._engine:
            return None
        return self._surveyed[1]

    def _log_changes(self, engine: ClusterEngine, found: MachineSurvey) -> None:
        known = self._surveyed[1] if self._surveyed is not None else MachineSurvey()
        if found.fault and found.fault != known.fault:
            log.warning("the machines could not be asked", scheduler=engine.scheduler, error=found.fault)
        before = {one.address: one.objection for one in known.machines}
        for one in found.machines:
            if before.get(one.address) == one.objection:
                continue
            if one.is_accepted:
                log.info("a machine is accepted", machine=one.name, address=one.address, slots=one.slots)
            else:
                log.warning("a machine gets no work", machine=one.name, reason=one.objection, hint=one.hint)

    def build_body(self) -> ClusterBody | None:
        """Return the machines for the status; None without a cluster."""
        engine = self._engine
        if engine is None:
            return None
        found = self._found or MachineSurvey(fault="not asked yet")
        return ClusterBody(
            scheduler=engine.scheduler,
            health=found.fault or "ok",
            machines=[
                MachineBody(
                    name=one.name,
                    address=one.address,
                    slots=one.slots,
                    accepted=one.is_accepted,
                    reason=one.objection,
                    hint=one.hint,
                    running=list(one.running),
                )
                for one in found.machines
            ],
        )

    def list_alerts(self) -> list[AlertBody]:
        """Return what keeps machines from encoding."""
        found = self._found
        if found is None:
            return []
        if found.fault:
            return [
                AlertBody(code="cluster_unreachable", level="warning", message=found.fault, hint=found.hint)
            ]
        return [
            AlertBody(
                code="machine_rejected",
                level="warning",
                message=f"machine {one.name} gets no work: {one.objection}",
                hint=one.hint,
            )
            for one in found.machines
            if not one.is_accepted
        ]
