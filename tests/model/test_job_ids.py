"""A job's identity: its kind and its inputs, and nothing that came later."""

from __future__ import annotations

import hashlib
import json
import pickle
from dataclasses import fields, is_dataclass, replace

import pytest

from mcsyncd.model.jobs import Hash, Job, Upload, forget_job_ids
from simulation import World


def hash_inputs(job: Job) -> str:
    """The identity as it has been since the first version, written down a second time."""

    def build_document(value: object) -> object:
        if is_dataclass(value):
            kinds = {one.name: one.metadata.get("input", "always") for one in fields(value)}
            parts = {name: getattr(value, name) for name, kind in kinds.items() if kind != "never"}
            return {
                name: build_document(part) for name, part in parts.items() if kinds[name] != "if set" or part
            }
        return [build_document(part) for part in value] if isinstance(value, tuple) else value

    text = json.dumps([type(job).__name__, build_document(job)], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


class Recorder(World):
    """A world that keeps every job that it started."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.started: dict[Job, None] = {}

    def _start_jobs(self) -> None:
        super()._start_jobs()
        self.started |= dict.fromkeys(self.running.values())


@pytest.fixture(scope="module")
def started() -> tuple[Job, ...]:
    worlds = [Recorder(seed) for seed in range(4)]
    for world in worlds:
        world.run(60)
    return tuple({job: None for world in worlds for job in world.started})


def test_the_identity_is_the_hash_of_kind_and_inputs(started):
    assert {job.id: job for job in started} == {hash_inputs(job): job for job in started}
    assert len({type(job) for job in started}) > 8


def test_a_job_that_crossed_a_process_border_has_the_same_identity(started):
    sent = pickle.loads(pickle.dumps(started))  # our own
    forget_job_ids()
    assert [job.id for job in sent] == [job.id for job in started]
    assert sent == started


def test_a_job_with_other_inputs_has_another_identity(started):
    for job in started:
        if isinstance(job, Hash | Upload):
            known = job.id
            assert replace(job, session="another").id not in {known, ""}
