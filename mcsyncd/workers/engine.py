"""Where segments are encoded if not in the job's own process: what a job needs to know to hand them out."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mcsyncd.errors import ConfigError
from mcsyncd.model.machine import MachineSurvey
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.settings.workers import DaskWorkers, Workers

# ruff: noqa: PLC0415  # the cluster's library is loaded where a job hands out, never in the daemon


@dataclass(frozen=True, slots=True)
class ClusterEngine:
    """A dask scheduler, the files that prove who we are, and the work folder that all machines share.

    Small enough to be sent along with a job. In `folder` machines are probed and their quarantine is kept.
    """

    scheduler: str
    tls_ca: Path
    tls_cert: Path
    tls_key: Path
    folder: Path


def choose_engine(workers: Workers, layout: WorkLayout) -> ClusterEngine | None:
    """Return the engine that the settings name; None if jobs encode in their own process."""
    if not isinstance(workers, DaskWorkers):
        return None
    return ClusterEngine(
        workers.scheduler, workers.tls_ca, workers.tls_cert, workers.tls_key, layout.locate_cluster()
    )


def survey_engine(engine: ClusterEngine) -> MachineSurvey:
    """Return the machines of an engine, each of them probed. Raises ConfigError if dask is not installed."""
    with _explain_missing_library():
        from mcsyncd.workers.machine_survey import survey_cluster
    return survey_cluster(engine)


@contextmanager
def open_segment_executor(engine: ClusterEngine | None, label: str) -> Iterator[Executor | None]:
    """Give the executor that encodes a job's segments; None, at once, without an engine.

    `label` is what people see of the job, on the machines that work for it. On leaving, what is not done is
    stopped everywhere. Raises ConfigError if dask is not installed.
    """
    if engine is None:
        yield None
        return
    with _explain_missing_library():
        from mcsyncd.workers.cluster_executor import ClusterExecutor
    executor = ClusterExecutor(engine, label)
    try:
        yield executor
    finally:
        executor.shutdown(cancel_futures=True)


@contextmanager
def _explain_missing_library() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        hint = "install mcsyncd[cluster], or set workers to {kind: processes}"
        raise ConfigError(f"workers: kind dask needs {error.name}, which is not installed", hint) from error
