"""What conform made of a clip, and what the store holds of a session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mcsyncd.model.rate import Rate

Kind = Literal["original", "mezzanine", "proxy", "peaks", "sync"]


@dataclass(frozen=True, slots=True)
class Rendition:
    """One file that conform wrote: `path` is relative to the work folder.

    It lies on the session grid. `phase_us` (the part of the offset smaller than a tick) and
    `drift_applied_ppm` are baked into its pictures and sound; the whole ticks of the offset are
    metadata (`model.rate.on_grid`), so that moving a clip by a frame makes nothing anew.
    `frames`, `width`, `height` are 0 for a clip without picture.
    """

    kind: Literal["mezzanine", "proxy"]
    path: str
    bytes: int
    sha256: str
    profile: str
    profile_hash: str
    rate: Rate
    frames: int
    width: int
    height: int
    phase_us: int
    drift_applied_ppm: float
    duplicated: int = 0
    dropped: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Conformed:
    """Everything one conform job made of one clip."""

    renditions: tuple[Rendition, ...]
    versions: tuple[tuple[str, str], ...] = ()

    def of(self, kind: Literal["mezzanine", "proxy"]) -> Rendition | None:
        """Return the rendition of that kind, if there is one."""
        return next((made for made in self.renditions if made.kind == kind), None)


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object that the store holds and whose size and hash were checked after the upload."""

    key: str
    kind: Kind
    bytes: int
    sha256: str
    clip: str = ""
