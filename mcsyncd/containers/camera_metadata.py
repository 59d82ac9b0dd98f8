"""What Sony's cameras write into an MP4 beside picture and sound: their "non-real-time metadata", an XML.

It stands in a box `meta` of the file, and says at which rate the sensor ran (slow and quick motion, S&Q).
FFmpeg does not read it. Nothing here is trusted: what is not understood is left out.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import BinaryIO

from mcsyncd.containers.boxes import Box, find_box, iterate_boxes
from mcsyncd.containers.movie import is_movie
from mcsyncd.containers.reader import BoundedReader, ReadLimitError
from mcsyncd.model.rate import recognise_rate

_MAX_XML_BYTES = 1 << 18
"""Bytes of the XML that are read. Judgement: cameras write 4 kB. Larger, a hostile file costs more."""

_CAPTURE_RATE = re.compile(r'captureFps="(\d{1,4}(?:\.\d{1,4})?)[pi]?"')


def read_capture_rate(file: BinaryIO) -> Fraction | None:
    """Return the frames that were recorded per second, as the camera says; None where it does not.

    Raises OSError if the file cannot be read, and nothing else.
    """
    reader = BoundedReader(file)
    try:
        if not is_movie(reader.read_at(0, 16)):
            return None
        found = _CAPTURE_RATE.search(_read_xml(reader))
    except ReadLimitError:
        return None
    # The camera writes 119.88 for 120000/1001.
    return recognise_rate(Fraction(found[1])).fraction if found and float(found[1]) > 0 else None


def _read_xml(reader: BoundedReader) -> str:
    for box in iterate_boxes(reader, 0, reader.size):
        if box.name == b"meta":
            # Version and flags stand before the boxes inside (ISO/IEC 14496-12, 8.11.1).
            xml = find_box(reader, Box(box.name, box.position, box.content + 4, box.end), b"xml ")
            if xml is not None:
                length = min(xml.end - xml.content, _MAX_XML_BYTES)
                return reader.read_at(xml.content, length).decode("utf-8", "replace")
    return ""
