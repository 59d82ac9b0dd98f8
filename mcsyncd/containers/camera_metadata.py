"""What Sony's cameras say beside picture and sound: their "non-real-time metadata", an XML.

It says at which rate the sensor ran (slow and quick motion, S&Q), and stands in a box `meta` of an MP4 or of
its index, or in a file beside the clip (`C0001.MXF`, `C0001M01.XML`). FFmpeg reads neither. Nothing here is
trusted: what is not understood is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

from mcsyncd.containers.boxes import Box, find_box, iterate_boxes
from mcsyncd.containers.movie import is_movie
from mcsyncd.containers.reader import BoundedReader, ReadLimitError
from mcsyncd.model.rate import recognise_rate

_MAX_XML_BYTES = 1 << 18
"""Bytes of the XML that are read. Judgement: cameras write 4 kB. Larger, a hostile file costs more."""

_CAPTURE_RATE = re.compile(r'captureFps="(\d{1,4}(?:\.\d{1,4})?)[pi]?"')


_SIDECAR_ENDINGS = ("M01.XML", "M01.xml")
"""What follows the clip's name, without its suffix, in the name of Sony's file beside it."""


def read_capture_rate(path: Path) -> Fraction | None:
    """Return the frames that were recorded per second, as the camera says; None where it does not.

    Raises OSError if the clip cannot be read, and nothing else.
    """
    with path.open("rb") as file:
        reader = BoundedReader(file)
        try:
            text = _read_xml(reader) if is_movie(reader.read_at(0, 16)) else ""
        except ReadLimitError:
            text = ""
    return _find_capture_rate(text) or _find_capture_rate(_read_sidecar(path))


def _find_capture_rate(text: str) -> Fraction | None:
    found = _CAPTURE_RATE.search(text)
    # The camera writes 119.88 for 120000/1001.
    return recognise_rate(Fraction(found[1])).fraction if found and float(found[1]) > 0 else None


def list_metadata_files(path: Path) -> tuple[Path, ...]:
    """Return the files beside a clip that are read for its metadata: no links, which could lead anywhere."""
    beside = (path.with_name(f"{path.stem}{ending}") for ending in _SIDECAR_ENDINGS)
    # A pipe of that name would never end.
    return tuple(file for file in beside if file.is_file() and not file.is_symlink())


def _read_sidecar(path: Path) -> str:
    with suppress(OSError):
        for sidecar in list_metadata_files(path):
            with sidecar.open("rb") as file:
                return file.read(_MAX_XML_BYTES).decode("utf-8", "replace")
    return ""


def _read_xml(reader: BoundedReader) -> str:
    for box in _iterate_metadata(reader):
        # Version and flags stand before the boxes inside (ISO/IEC 14496-12, 8.11.1).
        xml = find_box(reader, Box(box.name, box.position, box.content + 4, box.end), b"xml ")
        if xml is not None:
            length = min(xml.end - xml.content, _MAX_XML_BYTES)
            return reader.read_at(xml.content, length).decode("utf-8", "replace")
    return ""


def _iterate_metadata(reader: BoundedReader) -> Iterator[Box]:
    """Yield the boxes `meta` of the file and of its index."""
    for box in iterate_boxes(reader, 0, reader.size):
        if box.name == b"moov":
            inner = iterate_boxes(reader, box.content, min(box.end, reader.size))
            yield from (one for one in inner if one.name == b"meta")
        elif box.name == b"meta":
            yield box
