"""Who encodes: a section of the settings file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from mcsyncd.settings.part import SettingsPart

SchedulerAddress = Annotated[
    str,
    Field(
        pattern=r"^tls://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}$",
        examples=["tls://encode-1.example.org:8786"],
    ),
]
"""Address of a dask scheduler. Only with TLS: who may talk to it runs what they like on its workers."""


class ProcessWorkers(SettingsPart):
    """Encodes on this machine, in processes of the daemon's own."""

    kind: Literal["processes"] = "processes"


class DaskWorkers(SettingsPart):
    """Encodes on several machines, through a dask scheduler. Everything else stays on this machine."""

    kind: Literal["dask"]
    scheduler: SchedulerAddress
    """Where the scheduler listens."""
    tls_ca: Path
    """PEM file of the authority that vouches for scheduler, workers and daemon: one of their own."""
    tls_cert: Path
    """PEM file of this daemon's certificate."""
    tls_key: Path
    """PEM file of its private key. It may do all that the daemon may: readable for the daemon alone."""


Workers = Annotated[ProcessWorkers | DaskWorkers, Field(discriminator="kind")]
"""Who encodes."""
