"""The index that a camera writes of its own card: `MEDIAPRO.XML` of Sony's and JVC's cards. Pure.

Format: an index of an ILCE-7SM3 (`M4ROOT`, version 2.30), and descriptions of those of an FX6 (`XDROOT`).
Each `Material` is a clip, in the order of recording.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote

from mcsyncd.integrity.hash_list import (
    MAX_LISTED_FILES,
    BadHashList,
    ListedFile,
    clean_listed_name,
)
from mcsyncd.integrity.list_document import ElementReader, read_document

_NAME = "mediapro.xml"


def is_card_index(name: str) -> bool:
    """Return whether a file, by its path below the camera's folder, is the index of a card."""
    return name.rpartition("/")[2].lower() == _NAME


def parse_card_index(content: bytes) -> tuple[ListedFile, ...]:
    """Return the clips of an index, oldest first, without hashes. Raises BadHashList.

    Their names are below the folder of the index.
    """
    reader = _IndexReader()
    read_document(content, "MediaProfile", reader)
    return tuple(reader.clips)


@dataclass
class _IndexReader(ElementReader):
    clips: list[ListedFile] = field(default_factory=list)

    def read_element(self, path: str, text: str) -> None:  # noqa: ARG002  # a clip is in the attributes alone
        if path != "Contents/Material":
            return
        if len(self.clips) == MAX_LISTED_FILES:
            raise BadHashList(f"it lists more than {MAX_LISTED_FILES} clips", "split the card")
        self.clips.append(ListedFile(clean_listed_name(unquote(self.attributes.get("uri", ""))), None, ()))
