"""Where segments are encoded if not in the job's own process: what a job needs to know to hand them out."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mcsyncd.errors import ConfigError
from mcsyncd.model.machine import MachineSurvey
from mcsyncd.model.text import escape_text
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.settings.workers import DaskWorkers, Workers

# ruff: noqa: PLC0415  # the cluster's library is loaded where a job hands out, never in the daemon

log = logging.getLogger("mcsyncd.cluster")


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
    """Return the machines of an engine, each of them probed. Raises ConfigError if dask cannot be loaded."""
    try:
        from mcsyncd.workers.machine_survey import survey_cluster
    except (ImportError, OSError) as error:
        raise _build_library_error(error) from error
    return survey_cluster(engine)


def can_hand_out(label: str) -> bool:
    """Load dask, once for all processes that are forked from this one; say if it cannot be loaded.

    `label` is the job that then encodes on this machine.
    """
    try:
        import mcsyncd.workers.cluster_executor  # noqa: F401  # whether it can be
    except (ImportError, OSError) as error:
        log.warning("%s: encoded on this machine: %s", escape_text(label), _build_library_error(error))
        return False
    return True


@contextmanager
def open_segment_executor(
    engine: ClusterEngine, label: str, max_output_bytes: int
) -> Iterator[Executor | None]:
    """Give the executor that encodes a job's segments on the machines of `engine`.

    `label` is what people see of the job, on the machines that work for it; no file of a segment may have
    more than `max_output_bytes`. On leaving, what is not done is
    stopped everywhere. None, too, if dask cannot be loaded: the status says so, and this machine encodes.
    """
    if not can_hand_out(label):
        yield None
        return
    from mcsyncd.workers.cluster_executor import ClusterExecutor

    executor = ClusterExecutor(engine, label, max_output_bytes)
    try:
        yield executor
    finally:
        executor.shutdown(cancel_futures=True)


def _build_library_error(error: Exception) -> ConfigError:
    if isinstance(error, ImportError):
        hint = "install mcsyncd[cluster], or set workers to {kind: processes}"
    else:
        hint = "under systemd, dask needs ProcSubset=all in the unit: docs/cluster.md"
    return ConfigError(f"workers: dask cannot be loaded: {error}", hint)
