"""Bytes that change in a store behind its back, at the same size: whether reading back finds them."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mcsyncd.checks.store_reading import Slice, cut_slices, find_damage
from mcsyncd.integrity.part_sums import compute_part_sums, keep_part_sums
from mcsyncd.model.part_sums import MIN_PART_BYTES
from mcsyncd.publish.comparison import WantedObject
from mcsyncd.publish.keys import build_original_key
from mcsyncd.publish.local import LocalStore
from mcsyncd.publish.object_store import ObjectStore
from mcsyncd.publish.r2 import R2Store, connect_client
from mcsyncd.settings.stores import LocalStorage, R2Storage
from mcsyncd.settings.work_layout import WorkLayout
from r2strict.bucket import ACCESS

_SESSION = "20261126-091502-k7q"
_SIZES = (1_000, MIN_PART_BYTES + 1, 2 * MIN_PART_BYTES + 5_000_000)
"""Bytes of the objects: of one, two and three slices."""

Overwrite = Callable[[WantedObject, bytes], None]


@dataclass(frozen=True, slots=True)
class Found:
    """In how many trials each way found the object. `false` counts what was named without reason."""

    trials: int
    deep: int
    whole: int
    by_slice: int
    false: int


def tamper_in_folder(folder: Path, trials: int, seed: int) -> Found:
    """Change bytes of files in a folder, which has no tags."""
    store = LocalStore(folder / "bucket")

    def overwrite(wanted: WantedObject, content: bytes) -> None:
        path = folder / "bucket" / wanted.key
        path.chmod(0o600)
        path.write_bytes(content)

    return _run_trials(folder, store, overwrite, trials, seed)


def tamper_in_bucket(folder: Path, storage: R2Storage, trials: int, seed: int) -> Found:
    """Put other bytes with the same metadata under the same keys of a bucket."""
    client = connect_client(storage, ACCESS)

    def overwrite(wanted: WantedObject, content: bytes) -> None:
        facts = {"mcs-sha256": wanted.sha256}
        client.put_object(Bucket=storage.bucket, Key=wanted.key, Body=content, Metadata=facts)

    return _run_trials(folder, R2Store(storage, ACCESS), overwrite, trials, seed)


def _run_trials(folder: Path, store: ObjectStore, overwrite: Overwrite, trials: int, seed: int) -> Found:
    """Change one to eight bytes of one object in each trial, read all back in three ways, and put it right.

    The three: all of it with the kept sums (`verify store --deep`), all of it without, and slice by slice.
    """
    chance = random.Random(seed)
    layout = WorkLayout(folder / "drop", folder / "work", LocalStorage(kind="local", path=folder / "bucket"))
    contents = _store_objects(folder, store, layout, chance)
    slices, whole = cut_slices(contents, layout), [Slice(one) for one in contents]
    assert not find_damage(store, [*slices, *whole])
    counts = {"deep": 0, "whole": 0, "by_slice": 0, "false": 0}
    for _ in range(trials):
        wanted = chance.choice(list(contents))
        start, content = _change_bytes(contents[wanted], chance)
        overwrite(wanted, content)
        for name, read in (("deep", slices), ("whole", whole)):
            keys = [one.key for one in find_damage(store, read)]
            counts[name] += wanted.key in keys
            counts["false"] += len([key for key in keys if key != wanted.key])
        for one in slices:
            covers = one.wanted == wanted and _covers(one, start)
            is_named = bool(find_damage(store, [one]))
            counts["by_slice"] += covers and is_named
            counts["false"] += is_named and not covers
        overwrite(wanted, contents[wanted])
    return Found(trials, **counts)


def _store_objects(
    folder: Path, store: ObjectStore, layout: WorkLayout, chance: random.Random
) -> dict[WantedObject, bytes]:
    stored = {}
    for size in _SIZES:
        path, content = folder / "object.mov", chance.randbytes(size)
        path.write_bytes(content)
        _, sums = compute_part_sums(path)
        key = build_original_key(_SESSION, "cam_a", sums.sha256, path.name)
        found = store.put_file(key, path, sums)
        if sums.has_parts:
            keep_part_sums(layout.locate_part_sums(_SESSION, sums.sha256), sums)
        stored[WantedObject(_SESSION, key, size, sums.sha256, found.etag, "cam_a/A.mov")] = content
    return stored


def _change_bytes(content: bytes, chance: random.Random) -> tuple[int, bytes]:
    """Return where bytes were changed, all within one slice, and the whole with them."""
    start = chance.randrange(len(content))
    slice_end = min(len(content), (start // MIN_PART_BYTES + 1) * MIN_PART_BYTES)
    changed = bytearray(content)
    for at in range(start, min(slice_end, start + chance.randint(1, 8))):
        changed[at] ^= chance.randint(1, 255)
    return start, bytes(changed)


def _covers(one: Slice, at: int) -> bool:
    return one.part is None or one.part.start <= at < one.part.start + one.part.length
