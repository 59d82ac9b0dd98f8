"""Which machines there are, and which of them may work."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterable
from dataclasses import replace

from mcsyncd.model.machine import Machine, MachineSurvey, VersionsOf
from mcsyncd.workers.cluster_link import ClusterLink, ClusterUnreachable
from mcsyncd.workers.engine import ClusterEngine
from mcsyncd.workers.machine_probe import (
    MachineObjection,
    answer_probe,
    describe_versions,
    judge_answer,
    lay_token,
)
from mcsyncd.workers.quarantine import QuarantineEntry, read_quarantine

_PROBE_LIMIT_S = 15.0
"""Seconds within which a machine must have answered a probe. Judgement: the first one loads the codecs there,
a second or two from a cold disk; a share that hangs never answers."""
_HANG_HINT = "check its share of the work folder (`ls` hangs?) and its network"


def survey_cluster(engine: ClusterEngine) -> MachineSurvey:
    """Connect, probe every machine, and return what was found. Never raises for what is wrong out there."""
    return asyncio.run(_survey(engine))


async def _survey(engine: ClusterEngine) -> MachineSurvey:
    try:
        link = await ClusterLink.connect(engine)
    except ClusterUnreachable as error:
        return MachineSurvey(fault=error.message, hint=error.hint)
    try:
        ours = await asyncio.to_thread(describe_versions)
        found = await link.list_machines()
        judged = await asyncio.gather(*(judge_machine(link, engine, ours, one) for one in found))
        return MachineSurvey(await apply_quarantine(judged, engine))
    except (ClusterUnreachable, OSError) as error:
        return MachineSurvey(fault=str(error), hint=getattr(error, "hint", ""))
    finally:
        await link.close()


async def apply_quarantine(machines: Iterable[Machine], engine: ClusterEngine) -> tuple[Machine, ...]:
    """Return the machines, with an objection to those that are in quarantine now. Raises OSError."""
    entries = await asyncio.to_thread(read_quarantine, engine.folder)
    return tuple(_object_to(one, entries[one.host]) if one.host in entries else one for one in machines)


def _object_to(machine: Machine, entry: QuarantineEntry) -> Machine:
    reason = f"in quarantine since {entry.since}: {entry.reason}"
    return replace(machine, objection=reason, hint=f"test its memory and disk, then remove {entry.path}")


async def judge_machine(
    link: ClusterLink, engine: ClusterEngine, ours: VersionsOf, machine: Machine
) -> Machine:
    """Probe a machine; return it with what speaks against it. Raises OSError for this machine's own disk."""
    found = await _probe(link, engine, ours, machine.address)
    return machine if found is None else replace(machine, objection=found.reason, hint=found.hint)


async def _probe(
    link: ClusterLink, engine: ClusterEngine, ours: VersionsOf, address: str
) -> MachineObjection | None:
    probe = await asyncio.to_thread(lay_token, engine.folder)
    try:
        answer = await link.run_beside_calls(address, answer_probe, probe, limit_s=_PROBE_LIMIT_S)
    except TimeoutError:
        return MachineObjection(f"did not answer a probe within {_PROBE_LIMIT_S:.0f} s", _HANG_HINT)
    except Exception as error:  # noqa: BLE001  # whatever it is, such a machine gets no work
        said = f"cannot run mcsyncd: {type(error).__name__}: {error}"
        return MachineObjection(said, "install mcsyncd[cluster] there, in the environment of its worker")
    else:
        return await asyncio.to_thread(judge_answer, answer, probe, ours)
    finally:
        await asyncio.to_thread(shutil.rmtree, probe, ignore_errors=True)
