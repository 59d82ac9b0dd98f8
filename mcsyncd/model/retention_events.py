"""Events about the originals of a published session that are removed here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class RemovalDue:
    """The originals are to go to the trash of the session, or, `from_trash`, are to be deleted there."""

    at: str
    min_copies: int
    from_trash: bool = False
    kind: Literal["removal_due"] = "removal_due"


@dataclass(frozen=True, slots=True)
class RemovalRefused:
    """A check before the removal said no. Nothing was removed."""

    at: str
    reason: str
    kind: Literal["removal_refused"] = "removal_refused"


@dataclass(frozen=True, slots=True)
class OriginalTrashed:
    """An original lies in the trash of the session, at `path` (relative to the work folder)."""

    at: str
    clip: str
    path: str
    kind: Literal["original_trashed"] = "original_trashed"


@dataclass(frozen=True, slots=True)
class OriginalDeleted:
    """An original was deleted from the trash: only the stores have it."""

    at: str
    clip: str
    kind: Literal["original_deleted"] = "original_deleted"


RetentionEvent = RemovalDue | RemovalRefused | OriginalTrashed | OriginalDeleted
