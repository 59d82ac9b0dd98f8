"""Check the machines that encode besides this one, as the daemon does."""

from __future__ import annotations

from collections.abc import Iterator

from mcsyncd.errors import ConfigError
from mcsyncd.model.machine import Machine
from mcsyncd.settings.active_config import ActiveConfig
from mcsyncd.workers.engine import choose_engine, survey_engine

MachineFinding = tuple[str, bool, str, str]
"""A name, whether it is well, what was found, and what to do about it."""


def check_machines(config: ActiveConfig) -> Iterator[MachineFinding]:
    """Yield a finding for the scheduler and one for each machine; none if this machine encodes alone."""
    engine = choose_engine(config.settings.workers, config.layout)
    if engine is None:
        return
    try:
        survey = survey_engine(engine)
    except ConfigError as error:
        yield "cluster", False, error.message, error.hint
        return
    if survey.fault:
        yield "cluster", False, f"{survey.fault}; this machine encodes alone", survey.hint
        return
    hint = "" if survey.machines else "start mcsyncd-worker.service on the machines that are to encode"
    yield "cluster", bool(survey.machines), f"{len(survey.machines)} machine(s) at {engine.scheduler}", hint
    yield from (_judge(machine) for machine in survey.machines)


def _judge(machine: Machine) -> MachineFinding:
    if machine.is_accepted:
        return f"machine {machine.name}", True, f"accepted, encodes {machine.slots} at a time", ""
    return f"machine {machine.name}", False, f"gets no work: {machine.objection}", machine.hint
