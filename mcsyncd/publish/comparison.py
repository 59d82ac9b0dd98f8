"""What the store must hold against what it holds: one pure comparison, for checks, plans and repairs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from mcsyncd.publish.identity import IDENTITY_KEY
from mcsyncd.publish.keys import QUARANTINE, parse_head_key, parse_snapshot_key
from mcsyncd.publish.object_store import ListedObject

DifferenceKind = Literal["missing", "different", "damaged", "foreign", "foreign_head"]


@dataclass(frozen=True, slots=True)
class WantedObject:
    """An object that a session is published with, or that one of its manifests is.

    `tag` is empty where it was never recorded. `name` is what people call it: a clip, the manifest.
    """

    session: str
    key: str
    bytes: int
    sha256: str
    tag: str
    name: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One object that is not as it must be. `wanted` is None for what nobody recorded."""

    kind: DifferenceKind
    key: str
    wanted: WantedObject | None = None
    found: ListedObject | None = None

    @property
    def sentence(self) -> str:
        """What is wrong, in a sentence."""
        match self.kind:
            case "missing":
                return f"{self.key}: not in the store"
            case "different" if self.wanted is not None and self.found is not None:
                if self.wanted.bytes != self.found.bytes:
                    return f"{self.key}: has {self.found.bytes} bytes instead of {self.wanted.bytes}"
                return f"{self.key}: holds something else than was stored (tag {self.found.tag})"
            case "damaged":
                return f"{self.key}: was read back, and is not what was stored"
            case "foreign_head":
                return f"{self.key}: the pointer of a session that the ledger does not know"
            case _:
                return f"{self.key}: nobody recorded it"


def compare_store(
    wanted: Mapping[str, WantedObject],
    listed: Iterable[ListedObject],
    *,
    heads: frozenset[str],
    whole: bool,
) -> tuple[Difference, ...]:
    """Return what differs between the wanted objects and a listing of the store, in the order of keys.

    `heads` are the sessions whose pointers are expected; what they say is not compared here. `whole` tells
    that the listing is of all sessions: only then is what nobody wants foreign.
    """
    found: dict[str, ListedObject] = {}
    differences = []
    for one in listed:
        found[one.key] = one
        owner = wanted.get(one.key)
        if owner is not None:
            if not _can_be(one, owner):
                differences.append(Difference("different", one.key, owner, one))
        elif whole and (kind := _judge_foreign(one.key, heads)) is not None:
            differences.append(Difference(kind, one.key, found=one))
    missing = (one for key, one in wanted.items() if key not in found)
    differences += [Difference("missing", one.key, one) for one in missing]
    return tuple(sorted(differences, key=lambda one: one.key))


def _can_be(found: ListedObject, wanted: WantedObject) -> bool:
    tags_differ = bool(found.tag) and bool(wanted.tag) and found.tag != wanted.tag
    return found.bytes == wanted.bytes and not tags_differ


def _judge_foreign(key: str, heads: frozenset[str]) -> DifferenceKind | None:
    session = parse_head_key(key)
    if session is not None:
        return None if session in heads else "foreign_head"
    is_ours = key == IDENTITY_KEY or key.startswith(QUARANTINE) or parse_snapshot_key(key) is not None
    return None if is_ours else "foreign"
