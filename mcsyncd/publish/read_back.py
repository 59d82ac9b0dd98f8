"""Read stored objects back and compare them with what was sent. Blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mcsyncd.model.part_sums import FilePart
from mcsyncd.publish.object_store import ObjectStore, RangeHash, ReportProgress


def is_range_right(  # noqa: PLR0917  # a range and its digest
    store: ObjectStore, key: str, start: int, length: int, kind: RangeHash, digest: str
) -> bool:
    """Tell whether a range of an object has this digest (hex). Raises what `hash_range` raises."""
    return store.hash_range(key, start, length, kind) == (length, digest)


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

    `note_right` gets the number of each part that is. Raises what `hash_range` raises.
    """
    for part in parts:
        if not is_range_right(store, key, part.start, part.length, "md5", part.md5):
            return part
        note_right(part.number)
        if report_progress is not None:
            report_progress(part.start + part.length, size)
    return None
