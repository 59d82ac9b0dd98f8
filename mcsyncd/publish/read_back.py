"""Read stored objects back and compare them with what was sent. Blocks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Literal

from mcsyncd.model.part_sums import FilePart
from mcsyncd.publish.object_store import ObjectStore, ReportProgress


def is_range_right(  # noqa: PLR0917  # a range and its digest
    store: ObjectStore, key: str, start: int, length: int, kind: Literal["md5", "sha256"], digest: str
) -> bool:
    """Tell whether a range of an object has this digest (hex). Raises what `read_object` raises."""
    found = hashlib.md5(usedforsecurity=False) if kind == "md5" else hashlib.sha256()
    done = 0
    for chunk in store.read_object(key, start, length):
        found.update(chunk)
        done += len(chunk)
    return done == length and found.hexdigest() == digest


def find_wrong_part(
    store: ObjectStore,
    key: str,
    parts: Iterable[FilePart],
    *,
    size: int,
    note_right: Callable[[int], None],
    report_progress: ReportProgress | None = None,
) -> FilePart | None:
    """Read parts of an object of `size` bytes back, in order; return the first that is not what was sent.

    `note_right` gets the number of each part that is. Raises what `read_object` raises.
    """
    for part in parts:
        if not is_range_right(store, key, part.start, part.length, "md5", part.md5):
            return part
        note_right(part.number)
        if report_progress is not None:
            report_progress(part.start + part.length, size)
    return None
