"""The files of encoded segments: their names, and the record that says that a segment is finished.

The record is written last. A segment without one does not exist, whatever else lies in the folder.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from mcsyncd.conform.plan import FilePlan, RenditionKind
from mcsyncd.conform.segments import EncodedSegment, Segment
from mcsyncd.errors import McsyncError
from mcsyncd.integrity.derived_file import make_folders, write_derived_file
from mcsyncd.integrity.hashing import compute_digest
from mcsyncd.model.rendition import WrittenFile

KIND_SUFFIXES: dict[RenditionKind, str] = {"mezzanine": "mezz", "proxy": "proxy"}
"""How the files of each kind are told apart by name."""


@dataclass(frozen=True, slots=True)
class _Record:
    """What is written: `key` says what the segment was made from and with (`segments.compute_segments_key`).

    Paths are names in the record's own folder.
    """

    key: str
    encoded: EncodedSegment


_RECORDS = TypeAdapter(_Record)


@dataclass(frozen=True, slots=True)
class SegmentFolder:
    """The folder of a clip's segments that were made with the same `key`."""

    path: Path
    key: str

    def prepare(self) -> None:
        """Make the folder, and remove what was made with another key or is not complete. Raises OSError."""
        make_folders(self.path)
        for entry in self.path.iterdir():
            if entry.suffix == ".part" or (entry.suffix == ".json" and self._read_record(entry) is None):
                entry.unlink()

    def locate_video(self, segment: Segment, file: FilePlan) -> Path:
        """Return where the video of a segment of a file lies."""
        return self.path / f"{segment.number:05}.{KIND_SUFFIXES[file.kind]}.{file.container}"

    def locate_tiles(self, segment: Segment) -> Path:
        """Return where the pixels of the thumbnails of a segment lie."""
        return self.path / f"{segment.number:05}.tiles"

    def write_record(self, encoded: EncodedSegment) -> WrittenFile:
        """Record that a segment is finished: all its files have their names and are on the disk."""
        record = _RECORDS.dump_json(_Record(self.key, _relocate_files(encoded, Path())))
        return write_derived_file(self._locate_record(encoded.number), record)

    def read_record(self, segment: Segment) -> EncodedSegment | None:
        """Return a finished segment, None if it is not finished. Its files are not looked at."""
        encoded = self._read_record(self._locate_record(segment.number))
        return None if encoded is None else _relocate_files(encoded, self.path)

    def find_proven(self, segment: Segment) -> EncodedSegment | None:
        """Return a finished segment whose files are as recorded, None if there is no such segment."""
        encoded = self.read_record(segment)
        if encoded is None or not all(_is_as_recorded(file) for file in encoded.written_files):
            return None
        return encoded

    def _locate_record(self, number: int) -> Path:
        return self.path / f"{number:05}.json"

    def _read_record(self, path: Path) -> EncodedSegment | None:
        try:
            record = _RECORDS.validate_json(path.read_bytes())
        except (OSError, ValidationError):
            return None
        return record.encoded if record.key == self.key else None


def remove_superseded(folder: Path) -> None:
    """Remove the segments of earlier jobs of a clip, which lie beside `folder`: nobody goes on with them."""
    if folder.parent.is_dir():
        for other in folder.parent.iterdir():
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)


def remove_clip_folder(folder: Path) -> None:
    """Remove the clip's folder, which held the segments in `folder`, unless there is something in it."""
    with suppress(OSError):
        folder.parent.rmdir()


def _relocate_files(encoded: EncodedSegment, folder: Path) -> EncodedSegment:
    """Return it with its files in `folder`."""

    def locate(file: WrittenFile) -> WrittenFile:
        return replace(file, path=str(folder / Path(file.path).name))

    return replace(
        encoded,
        files=tuple(replace(file, written=locate(file.written)) for file in encoded.files),
        tiles=locate(encoded.tiles) if encoded.tiles else None,
    )


def _is_as_recorded(file: WrittenFile) -> bool:
    try:
        found = compute_digest(Path(file.path))
    except (OSError, McsyncError):
        return False
    return (found.bytes, found.sha256) == (file.bytes, file.sha256)
