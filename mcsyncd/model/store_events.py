"""Events about what the stores hold: what they lost, what was read back, and what their pointers say.

`store` is the name of a further store; the main one's is empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mcsyncd.model.holding import Evidence, HoldingTrouble
from mcsyncd.model.publishing import Publication, StoreHead


@dataclass(frozen=True, slots=True)
class HeadPointed:
    """The pointer in the store says something else of what is published: see `StoreHead`."""

    at: str
    head: StoreHead
    store: str = ""
    kind: Literal["head_pointed"] = "head_pointed"


@dataclass(frozen=True, slots=True)
class ObjectsLost:
    """The store no longer has objects that it took: they count as not stored, and are uploaded again."""

    at: str
    keys: tuple[str, ...]
    reason: str
    store: str = ""
    kind: Literal["objects_lost"] = "objects_lost"


@dataclass(frozen=True, slots=True)
class StoresChosen:
    """The session belongs in these further stores, and in no other than them and the main one."""

    at: str
    stores: tuple[str, ...]
    kind: Literal["stores_chosen"] = "stores_chosen"


@dataclass(frozen=True, slots=True)
class CopyPublished:
    """A further store has all that is published of the session, with its manifest and its pointer."""

    at: str
    store: str
    publication: Publication
    kind: Literal["copy_published"] = "copy_published"


@dataclass(frozen=True, slots=True)
class CopyHalted:
    """A further store gets nothing more of the session for a day: what went wrong does not mend by itself."""

    at: str
    store: str
    trouble: HoldingTrouble
    kind: Literal["copy_halted"] = "copy_halted"


@dataclass(frozen=True, slots=True)
class CopyResumed:
    """It is tried again."""

    at: str
    store: str
    kind: Literal["copy_resumed"] = "copy_resumed"


@dataclass(frozen=True, slots=True)
class ReadBackWanted:
    """These objects of a store are to be read back."""

    at: str
    keys: tuple[str, ...]
    store: str = ""
    kind: Literal["read_back_wanted"] = "read_back_wanted"


@dataclass(frozen=True, slots=True)
class ObjectReadBack:
    """An object was read back from a store, whole. `clip` and `object_kind` say which it was, for people."""

    at: str
    evidence: Evidence
    store: str = ""
    clip: str = ""
    object_kind: str = ""
    kind: Literal["object_read_back"] = "object_read_back"


@dataclass(frozen=True, slots=True)
class StoreSurveyed:
    """A whole store was compared with the ledger: objects, manifests, pointers, and what nobody recorded.

    It changes no session. `checked` counts what was looked at; `faults` are the first of `fault_count`.
    """

    at: str
    store: str
    checked: int
    fault_count: int
    faults: tuple[str, ...] = ()
    kind: Literal["store_surveyed"] = "store_surveyed"


StoreEvent = (
    HeadPointed
    | ObjectsLost
    | StoresChosen
    | CopyPublished
    | CopyHalted
    | CopyResumed
    | ReadBackWanted
    | ObjectReadBack
)
