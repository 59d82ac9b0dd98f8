"""What a job knows of the machines: each is probed beside the work, so one that hangs holds up nobody."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace

from mcsyncd.model.machine import Machine, VersionsOf
from mcsyncd.model.text import escape_text
from mcsyncd.workers.cluster_link import ClusterLink
from mcsyncd.workers.engine import ClusterEngine
from mcsyncd.workers.machine_survey import apply_quarantine, judge_machine

_JUDGE_AGAIN_S = 30.0
"""Seconds after which a machine that was rejected is probed again. Judgement: an operator who has mended it
waits as long; each probe is a file in the work folder."""

log = logging.getLogger("mcsyncd.cluster")


class MachineVerdicts:
    """The verdicts on the machines of one connection. `news` is set when there is a new one."""

    def __init__(
        self, link: ClusterLink, engine: ClusterEngine, ours: VersionsOf, news: asyncio.Event
    ) -> None:
        self._news = news
        self._link = link
        self._engine = engine
        self._ours = ours
        self._verdicts: dict[tuple[str, str], tuple[Machine, float]] = {}
        """Of each start of a worker: what was found, and when."""
        self._probes: dict[tuple[str, str], asyncio.Task[None]] = {}

    async def list_accepted(self) -> tuple[Machine, ...]:
        """Return the machines that may work now; begin to probe those that are new.

        Raises ClusterUnreachable, and OSError if the work folder of this machine does not work.
        """
        found = await self._link.list_machines()
        judged = []
        for machine in found:
            key = (machine.address, machine.instance)
            verdict, judged_at = self._verdicts.get(key, (None, 0.0))
            is_old = verdict is None or (
                not verdict.is_accepted and time.monotonic() - judged_at > _JUDGE_AGAIN_S
            )
            if is_old and key not in self._probes:
                self._probes[key] = asyncio.create_task(self._judge(machine))
            if verdict is not None and verdict.is_accepted:
                judged.append(machine)
        return tuple(one for one in await apply_quarantine(judged, self._engine) if one.is_accepted)

    def close(self) -> None:
        """End the probes that are under way."""
        for probe in self._probes.values():
            probe.cancel()

    async def _judge(self, machine: Machine) -> None:
        key = (machine.address, machine.instance)
        try:
            verdict = await judge_machine(self._link, self._engine, self._ours, machine)
        except Exception as error:  # noqa: BLE001  # our own disk: it is probed again
            verdict = replace(machine, objection=f"could not be probed: {error}")
        finally:
            del self._probes[key]
        before, _ = self._verdicts.get(key, (None, 0.0))
        if not verdict.is_accepted and (before is None or before.objection != verdict.objection):
            name, reason = escape_text(machine.name), escape_text(verdict.objection)
            log.warning("machine %s gets no work: it %s", name, reason)
        self._verdicts[key] = (verdict, time.monotonic())
        self._news.set()
