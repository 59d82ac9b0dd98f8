"""What one store holds of a session, and what is known of it: the main store's, or a further one's. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from mcsyncd.model.publishing import Publication, StoreHead
from mcsyncd.model.rendition import StoredObject


class ObjectState(StrEnum):
    """How well it is known that a store holds an object."""

    VERIFIED = "verified"
    """When it was stored, the store's own length and tag were those of the file."""
    DEEP_VERIFIED = "deep_verified"
    """All of it was read back, and is what was sent."""
    DAMAGED = "damaged"
    """It was read back, and is not what was sent, or is not there."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What reading an object back has shown, and when (UTC); `at` is empty if it never was.

    `is_due` tells that it is to be read back, again or for the first time. `message` says what was wrong.
    """

    key: str
    at: str = ""
    is_right: bool = False
    is_due: bool = True
    message: str = ""

    @property
    def is_damage(self) -> bool:
        """Whether it was read back and was not right."""
        return bool(self.at) and not self.is_right


@dataclass(frozen=True, slots=True)
class HoldingTrouble:
    """Why a store gets nothing more of a session for now, since when (UTC), and the next action."""

    at: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Holding:
    """What a store holds of a session. `store` is its name; the main store's is empty.

    `published` is the newest manifest that it has, `head` what its pointer says.
    """

    store: str
    stored: tuple[StoredObject, ...] = ()
    published: Publication | None = None
    head: StoreHead | None = None
    evidence: tuple[Evidence, ...] = ()
    trouble: HoldingTrouble | None = None

    def judge_object(self, key: str) -> ObjectState | None:
        """Return how well it is known that the store holds an object; None if it was never stored."""
        found = next((one for one in self.evidence if one.key == key), None)
        if found is not None and found.is_damage:
            return ObjectState.DAMAGED
        if found is not None and found.is_right:
            return ObjectState.DEEP_VERIFIED
        return ObjectState.VERIFIED if any(one.key == key for one in self.stored) else None

    def holds_right(self, keys: Collection[str]) -> bool:
        """Tell whether all these objects were read back and were right."""
        return {one.key for one in self.evidence if one.is_right} >= set(keys)

    @property
    def damaged(self) -> tuple[Evidence, ...]:
        """The objects that were read back and were not right."""
        return tuple(one for one in self.evidence if one.is_damage)


def record_stored(holding: Holding, stored: StoredObject) -> Holding:
    """Return the holding with an object in the place of what was known of its key."""
    others = tuple(old for old in holding.stored if old.key != stored.key)
    evidence = tuple(old for old in holding.evidence if old.key != stored.key)
    return replace(holding, stored=(*others, stored), evidence=evidence)


def forget_stored(holding: Holding, keys: Collection[str]) -> Holding:
    """Return the holding without objects that the store no longer has."""
    return replace(
        holding,
        stored=tuple(one for one in holding.stored if one.key not in keys),
        evidence=tuple(one for one in holding.evidence if one.key not in keys),
    )


def want_read_back(holding: Holding, keys: Iterable[str]) -> Holding:
    """Return the holding with these objects to be read back, beside those that already are."""
    known = {one.key: one for one in holding.evidence}
    wanted = {key: replace(known.get(key, Evidence(key)), is_due=True) for key in keys}
    return replace(holding, evidence=tuple((known | wanted).values()))


def keep_evidence(holding: Holding, keys: Collection[str]) -> Holding:
    """Return the holding with what is known of these objects alone: no others are published any more."""
    return replace(holding, evidence=tuple(one for one in holding.evidence if one.key in keys))


def record_evidence(holding: Holding, evidence: Evidence) -> Holding:
    """Return the holding with what reading an object back has shown."""
    found = tuple(evidence if one.key == evidence.key else one for one in holding.evidence)
    return replace(holding, evidence=found if evidence in found else (*found, evidence))
