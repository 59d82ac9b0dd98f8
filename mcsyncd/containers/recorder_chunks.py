"""What a sound recorder writes beside the sound: the chunks `bext` (EBU Tech 3285) and `iXML` of a WAV.

In RIFF, RF64 and Wave64 alike; FFmpeg reads `bext` in the first two only, and no `iXML`. Nothing here is
trusted: what is not understood is left out.
"""

from __future__ import annotations

import re
from typing import BinaryIO
from xml.sax.saxutils import unescape

from mcsyncd.containers.reader import BoundedReader, ReadLimitError
from mcsyncd.containers.wave import is_wave, list_wave_chunks
from mcsyncd.model.recorder_notes import RecorderNotes, TrackName

_MAX_IXML_BYTES = 1 << 20
"""Bytes of `iXML` that are read. Judgement: recorders write 5 kB, mostly padding. Larger, a hostile file
costs more; smaller, long lists of tracks are cut."""

_MAX_TRACKS = 64
"""Tracks that are named: as many as `probe` accepts channels."""

_MAX_TEXT = 200
"""Characters of one value that are kept; names are short, and all of them are in the ledger."""

_TRACK = re.compile(r"<TRACK>(.*?)</TRACK>", re.DOTALL)


def read_recorder_chunks(file: BinaryIO) -> tuple[dict[str, str], RecorderNotes | None]:
    """Return a WAV's `bext` as tags in FFmpeg's names, and its `iXML`; nothing for other files.

    Where there is no TimeReference, it is that of the `iXML`. Raises OSError if the file cannot be read.
    """
    reader = BoundedReader(file)
    try:
        if not is_wave(reader.read_at(0, 64)):
            return {}, None
        chunks = {chunk.name: chunk for chunk in reversed(list_wave_chunks(reader))}
        broadcast = chunks.get(b"bext")
        tags = _parse_broadcast(reader.read_at(broadcast.content, 346)) if broadcast is not None else {}
        ixml = chunks.get(b"iXML")
        if ixml is None:
            return tags, None
        text = reader.read_at(ixml.content, min(ixml.length, _MAX_IXML_BYTES)).decode("utf-8", "replace")
    except ReadLimitError:
        return {}, None
    return _parse_time_reference(text) | tags, _parse_notes(text)


def _parse_broadcast(content: bytes) -> dict[str, str]:
    """Return origination date and time, and the TimeReference in samples."""
    if len(content) < 346:
        return {}
    texts = {"date": content[320:330], "creation_time": content[330:338]}
    tags = {key: raw.split(b"\0")[0].decode("ascii", "replace").strip() for key, raw in texts.items()}
    # Recorders write other separators than the standard's, which allows any.
    tags["date"] = re.sub(r"[^0-9]", "-", tags["date"])
    tags["creation_time"] = re.sub(r"[^0-9]", ":", tags["creation_time"])
    if samples := int.from_bytes(content[338:346], "little"):
        tags["time_reference"] = str(samples)
    return {key: text for key, text in tags.items() if text}


def _parse_time_reference(text: str) -> dict[str, str]:
    high, low = (
        _find_text(text, "TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI"),
        _find_text(text, "TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO"),
    )
    own_rate, time_rate = _find_text(text, "FILE_SAMPLE_RATE"), _find_text(text, "TIMESTAMP_SAMPLE_RATE")
    if not (low.isdecimal() and (high.isdecimal() or not high)) or (
        own_rate and time_rate and own_rate != time_rate
    ):
        return {}
    samples = (int(high or "0") << 32) + int(low)
    return {"time_reference": str(samples)} if samples else {}


def _parse_notes(text: str) -> RecorderNotes:
    index = _find_text(text, "FILE_SET_INDEX")
    total = _find_text(text, "TOTAL_FILES")
    return RecorderNotes(
        project=_find_text(text, "PROJECT"),
        scene=_find_text(text, "SCENE"),
        take=_find_text(text, "TAKE"),
        tape=_find_text(text, "TAPE"),
        note=_find_text(text, "NOTE"),
        family=_find_text(text, "FAMILY_UID"),
        set_index=index,
        set_files=int(total) if total.isdecimal() and len(total) < 4 else 0,
        tracks=tuple(_parse_tracks(text)),
    )


def _parse_tracks(text: str) -> list[TrackName]:
    tracks = []
    for found in _TRACK.findall(text)[:_MAX_TRACKS]:
        channel = _find_text(found, "CHANNEL_INDEX")
        if channel.isdecimal() and len(channel) < 4:
            tracks.append(TrackName(int(channel), _find_text(found, "NAME")))
    return tracks


def _find_text(text: str, tag: str) -> str:
    """Return the text of the first element of that name; empty if there is none."""
    found = re.search(rf"<{tag}>([^<]*)</{tag}>", text)
    return unescape(found[1], {"&quot;": '"', "&apos;": "'"}).strip()[:_MAX_TEXT] if found else ""
