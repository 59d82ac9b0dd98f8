"""Copy a file part by part, each compared with its sum, from where an earlier run was interrupted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from mcsyncd.errors import CHANGED_SOURCE_HINT, SourceChanged
from mcsyncd.integrity.copying import read_chunks
from mcsyncd.integrity.derived_file import PartwiseCopy
from mcsyncd.integrity.part_sums import CRC64NVME
from mcsyncd.model.part_sums import PartSums


def copy_parts(
    source: int, path: Path, copy: PartwiseCopy, sums: PartSums, report_bytes: Callable[[int], None]
) -> None:
    """Append to `copy` the parts of the open file `source` (at `path`) that it does not have yet.

    Of those that it has, the last ones are read until one is right: after a power cut the end of a file may
    be missing or zeros. All of it has to be read back afterwards anyway. `report_bytes` is called with the
    bytes that are there.

    Raises SourceChanged, within the part, if the source is no longer the file that was summed, and OSError.
    """
    copy.cut_off(_find_end(copy, sums))
    report_bytes(copy.bytes)
    for part in sums.parts:
        if part.start < copy.bytes:
            continue
        crc = 0
        for chunk in read_chunks(source, part.start, part.length):
            crc = CRC64NVME.calc(chunk, crc)
            copy.write(chunk)
        if (copy.bytes, crc) != (part.start + part.length, part.crc64nvme):
            raise SourceChanged(f"{path} was modified after it was recorded", CHANGED_SOURCE_HINT)
        report_bytes(copy.bytes)


def _find_end(copy: PartwiseCopy, sums: PartSums) -> int:
    """Return where to go on: after the last part that is whole and has its sum."""
    for part in reversed(tuple(sums.parts)):
        end = part.start + part.length
        if end <= copy.bytes and _compute_crc(copy.read_stretch(part.start, part.length)) == part.crc64nvme:
            return end
    return 0


def _compute_crc(chunks: Iterable[memoryview]) -> int:
    crc = 0
    for chunk in chunks:
        crc = CRC64NVME.calc(chunk, crc)
    return crc
