"""The daemon's status as metrics, in Prometheus' text format. Pure.

Names follow prometheus.io/docs/practices/naming: base units, plural for counts, no unit in a label. They are
promised to dashboards and alert rules (docs/metrics.md). Sessions and clips are no labels: each would be a
time series for good.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from mcsyncd.api import StatusBody, StorageBody
from mcsyncd.model.session import State

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Media type of the text format (prometheus.io/docs/instrumenting/exposition_formats)."""
DOWN = "# HELP mcsyncd_up Whether the daemon answers.\n# TYPE mcsyncd_up gauge\nmcsyncd_up 0\n"
"""What is told of a daemon that does not answer."""
_UPLOAD_STATES = ("open", "unreachable", "refused", "paused", "off_hours")

Samples = Mapping[tuple[tuple[str, str], ...], float]
"""The values of a metric by their labels."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric, a gauge: `help` says what it counts."""

    name: str
    help: str
    samples: Samples


def format_metrics(status: StatusBody) -> str:
    """Return the status as text that Prometheus reads."""
    return "".join(f"{line}\n" for metric in build_metrics(status) for line in _format_metric(metric))


def build_metrics(status: StatusBody) -> tuple[Metric, ...]:
    """Return all metrics of a status; one that is not known now has no sample."""
    stores = (status.storage, *status.further_stores)
    files = Counter((key, file.state) for key, folder in status.folders.items() for file in folder.settling)
    alerts = Counter((alert.code, alert.level) for alert in status.alerts)
    free = status.storage.work_free_bytes
    machines = status.cluster.machines if status.cluster is not None else ()
    return (
        Metric("mcsyncd_up", "Whether the daemon answers.", {(): 1}),
        Metric("mcsyncd_info", "The daemon's version.", {(("version", status.version),): 1}),
        Metric(
            "mcsyncd_start_time_seconds", "Start of the daemon (Unix time).", _read_time(status.started_at)
        ),
        Metric(
            "mcsyncd_sessions",
            "Sessions by state; in_review and failed wait for a person.",
            {(("state", state),): status.sessions.get(state, 0) for state in State},
        ),
        Metric(
            "mcsyncd_alerts",
            "Alerts that hold now; with the level error, something does not work until a person acts.",
            {(("code", code), ("level", level)): count for (code, level), count in sorted(alerts.items())},
        ),
        Metric(
            "mcsyncd_drop_folder_up",
            "Whether a camera's drop folder can be read.",
            {(("camera", key),): float(one.health == "ok") for key, one in status.folders.items()},
        ),
        Metric(
            "mcsyncd_drop_files",
            "Files in a drop folder that are not taken in, by state.",
            {(("camera", key), ("state", state)): count for (key, state), count in sorted(files.items())},
        ),
        Metric("mcsyncd_held_files", "Files that hold the seal.", {(): len(status.held)}),
        Metric("mcsyncd_workers_busy", "Jobs that run.", {(): len(status.workers)}),
        Metric("mcsyncd_worker_slots", "Jobs that can run at once.", {(): status.worker_slots}),
        Metric(
            "mcsyncd_work_disk_free_bytes",
            "Free space of the work folder's disk.",
            {} if free is None else {(): free},
        ),
        Metric(
            "mcsyncd_store_uploads",
            "1 for the state that a store's uploads are in.",
            {sample: value for store in stores for sample, value in _describe_store(store).items()},
        ),
        Metric(
            "mcsyncd_ledger_intact", "Whether the ledger's check found no fault.", {(): _judge_ledger(status)}
        ),
        Metric(
            "mcsyncd_ledger_writable",
            "Whether the ledger can be written.",
            {(): float(status.ledger.can_be_written)},
        ),
        Metric(
            "mcsyncd_machines",
            "Machines that offer themselves for encoding.",
            {
                (("accepted", word),): sum(one.accepted is (word == "true") for one in machines)
                for word in ("true", "false")
            }
            if status.cluster is not None
            else {},
        ),
    )


def _describe_store(store: StorageBody) -> Samples:
    name = store.name or store.kind
    return {(("state", state), ("store", name)): float(store.uploads == state) for state in _UPLOAD_STATES}


def _judge_ledger(status: StatusBody) -> float:
    return float(status.ledger.check != "faulty")


def _read_time(at: str) -> Samples:
    try:
        return {(): datetime.fromisoformat(at).timestamp()}
    except ValueError:
        return {}


def _format_metric(metric: Metric) -> Iterator[str]:
    yield f"# HELP {metric.name} {metric.help}"
    yield f"# TYPE {metric.name} gauge"
    for labels, value in metric.samples.items():
        told = ",".join(f'{name}="{_escape_label(text)}"' for name, text in labels)
        yield f"{metric.name}{f'{{{told}}}' if told else ''} {value:.15g}"


def _escape_label(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
