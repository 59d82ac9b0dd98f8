"""Chunks: a name and a length each, padded to an even length (RIFF in little endian, IFF in big endian)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from mcsyncd.containers.reader import BoundedReader

MAX_CHUNKS = 1000
"""Chunks of one level that are walked. Judgement: far more than any recorder writes. Higher, a hostile file
costs more reads; lower, a file with many cue sheets stays unjudged."""

FORM_TOLERANCE = 8
"""Bytes by which the length of the whole may be too large. Some writers count its own head (8 bytes) or a
last padding byte that is not there. Larger, the loss of a small last chunk is not seen; smaller, such files
are called cut."""

UNSTATED_LENGTHS = frozenset({0, 0xFFFFFFFF})
"""Lengths of a recording that state nothing: of an interrupted recorder, or of one that wrote into a pipe."""


class Chunk(NamedTuple):
    """A chunk by its name, where its content begins, and the length that it states, in bytes."""

    name: bytes
    content: int
    length: int

    @property
    def end(self) -> int:
        """Position at which the content ends; it may lie beyond the end of the file."""
        return self.content + self.length


def read_chunk(reader: BoundedReader, position: int, order: Literal["little", "big"]) -> Chunk | None:
    """Return the chunk at `position`; None if the file ends within its head."""
    head = reader.read_at(position, 8)
    return Chunk(head[:4], position + 8, int.from_bytes(head[4:], order)) if len(head) == 8 else None


def iterate_chunks(
    reader: BoundedReader, start: int, end: int, order: Literal["little", "big"]
) -> Iterator[Chunk]:
    """Yield the chunks from `start` on, up to `end`, to the end of the file, or to `MAX_CHUNKS`."""
    for _ in range(MAX_CHUNKS):
        chunk = read_chunk(reader, start, order) if start < min(end, reader.size) else None
        if chunk is None:
            return
        yield chunk
        start = chunk.end + chunk.length % 2
