"""The machines that segments are encoded on, besides this one: what is known of them, and whether they may.

A machine is one dask worker; docs/cluster.md has one of them for each computer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

VersionsOf = Mapping[str, str]
"""Versions of what the bytes of a rendition depend on, and the processor's architecture, by name."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine that offers itself. `objection` is why it gets no work; empty for one that is accepted.

    `address` is where its worker listens, `host` the same without the port; `instance` tells the worker from
    the one that was there before. `slots` is how many segments it encodes at a time, `running` what it
    encodes now.
    """

    address: str
    name: str
    host: str
    slots: int
    instance: str = ""
    objection: str = ""
    hint: str = ""
    running: tuple[str, ...] = ()

    @property
    def is_accepted(self) -> bool:
        """Whether it gets work."""
        return not self.objection


@dataclass(frozen=True, slots=True)
class MachineSurvey:
    """All machines that offer themselves to a scheduler; `fault` says why none could be asked."""

    machines: tuple[Machine, ...] = ()
    fault: str = ""
    hint: str = ""


def explain_difference(ours: VersionsOf, theirs: VersionsOf) -> str:
    """Return in what another machine's libraries differ from ours; empty if they make the same bytes.

    Only equal versions on an equal architecture do (docs/adr/0007-what-a-mezzanine-proves.md).
    """
    return ", ".join(
        f"{name} {theirs.get(name, 'missing')} instead of {ours.get(name, 'none')}"
        for name in sorted(ours.keys() | theirs.keys())
        if ours.get(name) != theirs.get(name)
    )
