"""Events about what is in the store: what its pointer says, and what it lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mcsyncd.model.publishing import StoreHead


@dataclass(frozen=True, slots=True)
class HeadPointed:
    """The pointer in the store says something else of what is published: see `StoreHead`."""

    at: str
    head: StoreHead
    kind: Literal["head_pointed"] = "head_pointed"


@dataclass(frozen=True, slots=True)
class ObjectsLost:
    """The store no longer has objects that it took: they count as not stored, and are uploaded again."""

    at: str
    keys: tuple[str, ...]
    reason: str
    kind: Literal["objects_lost"] = "objects_lost"
