"""Publishing: the plan of a session's uploads, made once for each revision, and how far it has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from mcsyncd.model.rendition import ObjectKind

OBJECT_WORDS: Mapping[ObjectKind, str] = MappingProxyType(
    {
        "original": "original",
        "attached": "file beside it",
        "mezzanine": "mezzanine",
        "proxy": "proxy",
        "sidecar": "sidecar",
        "peaks": "waveform",
        "sprites": "thumbnails",
    }
)
"""What people call each kind of object."""
ObjectMetadata = tuple[tuple[str, str], ...]
"""Names and values that are kept with an object: ASCII, a few hundred bytes in all."""


def name_object(clip: str, kind: ObjectKind) -> str:
    """Return an object as people name it, by its clip's key: `cam_b/B001.MOV, proxy`."""
    return f"{clip}, {OBJECT_WORDS[kind]}" if clip else OBJECT_WORDS[kind]


@dataclass(frozen=True, slots=True)
class PlannedObject:
    """One file and its key in the object store.

    `path` is relative to the work folder, `clip` is the clip's key. `metadata` tells what the
    object is when only the bucket is left; it holds no file name.
    """

    key: str
    kind: ObjectKind
    path: str
    bytes: int
    sha256: str
    clip: str
    metadata: ObjectMetadata = ()


@dataclass(frozen=True, slots=True)
class PublishingPlan:
    """Every file that a revision publishes, in the order of upload.

    Clips with the same content share their keys: such an object is listed for each of them.
    """

    objects: tuple[PlannedObject, ...]

    @property
    def uploads(self) -> tuple[PlannedObject, ...]:
        """The objects with each key once."""
        first: dict[str, PlannedObject] = {}
        for planned in self.objects:
            first.setdefault(planned.key, planned)
        return tuple(first.values())


@dataclass(frozen=True, slots=True)
class Publishing:
    """The publishing of one revision: when it began (UTC, ISO 8601) and what it uploads.

    `plan` is None until it is made. `chain_head` is the hash of the last event before the plan:
    the manifest names it, and `mcsyncd verify log` proves everything up to it.
    """

    revision: int
    began_at: str
    plan: PublishingPlan | None = None
    chain_head: str = ""


class HeadState(StrEnum):
    """Whether the published revision holds, as its pointer in the store tells every reader."""

    CURRENT = "current"
    """It was approved, and nobody has doubted it since."""
    UNDER_REVIEW = "under_review"
    """A person, or a file that came late, put the session back into review."""
    WITHDRAWN = "withdrawn"
    """A person rejected the session after it was published: do not use it."""


@dataclass(frozen=True, slots=True)
class StoreHead:
    """What the pointer to a session's manifest says of the published `revision`, why, and since when (UTC).

    A manifest is never changed; whether it still holds is said here, which is what readers open first.
    """

    state: HeadState
    revision: int
    reason: str = ""
    at: str = ""


UNKNOWN_HEAD = StoreHead(HeadState.UNDER_REVIEW, 0)
"""Of a store whose pointer may say anything. No revision is 0, so it differs from whatever it must say."""


@dataclass(frozen=True, slots=True)
class Publication:
    """The manifest that was published last."""

    revision: int
    key: str
    sha256: str
