"""Read stored objects back: whole, or a share of their parts drawn by chance. Blocks."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass

from mcsyncd.errors import StorageError, StoreOffline, StoreRefused
from mcsyncd.integrity.part_sums import load_part_sums
from mcsyncd.model.part_sums import FilePart
from mcsyncd.publish.comparison import Difference, WantedObject
from mcsyncd.publish.object_store import ObjectStore
from mcsyncd.publish.read_back import is_range_right
from mcsyncd.settings.work_layout import WorkLayout


@dataclass(frozen=True, slots=True)
class Slice:
    """What is read at once: a part whose MD5 was recorded when the file was hashed, or a whole object."""

    wanted: WantedObject
    part: FilePart | None = None

    @property
    def bytes(self) -> int:
        """How many bytes that are."""
        return self.part.length if self.part is not None else self.wanted.bytes


def cut_slices(wanted: Iterable[WantedObject], layout: WorkLayout) -> list[Slice]:
    """Cut objects into the parts whose sums are kept; those without kept sums are one slice each."""
    slices: list[Slice] = []
    for one in wanted:
        kept = layout.locate_part_sums(one.session, one.sha256)
        sums = load_part_sums(kept, sha256=one.sha256, size=one.bytes)
        slices += [Slice(one, part) for part in sums.parts] if sums is not None else [Slice(one)]
    return slices


def draw_sample(slices: list[Slice], share: float, chance: random.Random) -> list[Slice]:
    """Return slices by chance until they are that share (0 to 1) of all bytes; one at least."""
    wanted_bytes = share * sum(one.bytes for one in slices)
    drawn: list[Slice] = []
    done = 0
    for one in chance.sample(slices, len(slices)):
        if drawn and done >= wanted_bytes:
            break
        drawn.append(one)
        done += one.bytes
    return drawn


def find_damage(store: ObjectStore, slices: Iterable[Slice]) -> tuple[Difference, ...]:
    """Read slices back; return the objects of those that are not what was recorded, in the order of keys.

    Raises StoreOffline and StoreRefused: a store that does not answer proves nothing.
    """
    damaged: dict[str, Difference] = {}
    for one in slices:
        key = one.wanted.key
        if key not in damaged and not _is_right(store, one):
            damaged[key] = Difference("damaged", key, one.wanted)
    return tuple(damaged[key] for key in sorted(damaged))


def _is_right(store: ObjectStore, one: Slice) -> bool:
    key = one.wanted.key
    try:
        if one.part is not None:
            return is_range_right(store, key, one.part.start, one.part.length, "md5", one.part.md5)
        return is_range_right(store, key, 0, one.wanted.bytes, "sha256", one.wanted.sha256)
    except (StoreOffline, StoreRefused):
        raise
    except StorageError:
        return False  # it was there when the store was listed
