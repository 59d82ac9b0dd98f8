"""Reading ASC MHL 2.0 (hash lists and chains) and MHL 1.x.

Formats: ASC MHL specification 1.0 with its schemas `urn:ASC:MHL:v2.0` and `urn:ASC:MHL:DIRECTORY:v2.0`, and
the schema of MHL 1.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from mcsyncd.integrity.hash_list import (
    MAX_LISTED_FILES,
    BadHashList,
    ListedFile,
    ListedHash,
    clean_listed_name,
)
from mcsyncd.integrity.list_document import ElementReader, read_document
from mcsyncd.model.hash_check import HashAlgorithm

_NAMES: Mapping[str, HashAlgorithm] = {
    "c4": "c4",
    "md5": "md5",
    "sha1": "sha1",
    "xxh128": "xxh128",
    "xxh3": "xxh3",
    "xxh32": "xxh32",
    "xxh64": "xxh64",
    "xxhash": "xxh32",
    "xxhash64": "xxh64",
    "xxhash64be": "xxh64",
}
"""Elements that hold a hash: those of ASC MHL, and with `xxhash` in their names those of MHL 1.1."""


@dataclass(frozen=True, slots=True)
class ChainedList:
    """A generation that a chain names: its file in the folder of the chain, and the C4 of that file."""

    file: str
    c4: str


def parse_mhl(content: bytes) -> tuple[ListedFile, ...]:
    """Return the files of a hash list of either format. Raises BadHashList.

    Hashes with the action `failed` are left out: they are those of what was found, not of what was right.
    """
    reader = _ListReader()
    read_document(content, "hashlist", reader)
    return tuple(reader.files)


def parse_chain(content: bytes) -> tuple[ChainedList, ...]:
    """Return the generations of `ascmhl_chain.xml`, in its order. Raises BadHashList."""
    reader = _ChainReader()
    read_document(content, "ascmhldirectory", reader)
    return tuple(reader.generations)


def merge_generations(generations: tuple[tuple[ListedFile, ...], ...]) -> tuple[ListedFile, ...]:
    """Return the files of a history, oldest generation first: what the first one that knew a hash says of it.

    A later generation was made by comparing with the earlier ones, so it cannot overrule them.
    """
    merged: dict[str, ListedFile] = {}
    for generation in generations:
        for file in generation:
            known = merged.get(file.name)
            merged[file.name] = file if known is None else _add_hashes(known, file)
    return tuple(merged.values())


def _add_hashes(known: ListedFile, file: ListedFile) -> ListedFile:
    algorithms = {one.algorithm for one in known.hashes}
    new = tuple(one for one in file.hashes if one.algorithm not in algorithms)
    return replace(known, bytes=file.bytes if known.bytes is None else known.bytes, hashes=known.hashes + new)


@dataclass
class _ListReader(ElementReader):
    files: list[ListedFile] = field(default_factory=list)
    _name: str = ""
    _bytes: str = ""
    _hashes: list[ListedHash] = field(default_factory=list)

    def read_element(self, path: str, text: str) -> None:
        """Take what the element says: `path` are the names from below the root on."""
        match path.split("/"):
            case ["hashes", "hash", "path"]:
                self._name, self._bytes = text, self.attributes.get("size", "")
            case ["hash", "file"]:
                self._name = text
            case ["hash", "size"]:
                self._bytes = text
            case ["hashes", "hash", element] | ["hash", element] if element in _NAMES:
                if self.attributes.get("action") != "failed":
                    self._hashes.append(_build_hash(element, text))
            case ["hashes", "hash"] | ["hash"]:
                self._end_file()

    def _end_file(self) -> None:
        if len(self.files) == MAX_LISTED_FILES:
            raise BadHashList(f"it lists more than {MAX_LISTED_FILES} files", "split the card")
        if self._bytes and not (self._bytes.isascii() and self._bytes.isdigit() and len(self._bytes) < 20):
            raise BadHashList(f"the size of {self._name!r} is no number", "make the list again")
        size = int(self._bytes) if self._bytes else None
        self.files.append(ListedFile(clean_listed_name(self._name), size, tuple(self._hashes)))
        self._name, self._bytes, self._hashes = "", "", []


@dataclass
class _ChainReader(ElementReader):
    generations: list[ChainedList] = field(default_factory=list)
    _file: str = ""
    _c4: str = ""

    def read_element(self, path: str, text: str) -> None:
        """Take what the element says: `path` are the names from below the root on."""
        match path:
            case "hashlist/path":
                self._file = clean_listed_name(text)
            case "hashlist/c4":
                self._c4 = text
            case "hashlist":
                self.generations.append(ChainedList(self._file, self._c4))
                self._file = self._c4 = ""


def _build_hash(element: str, text: str) -> ListedHash:
    """Return a hash in the forms in which it may be written.

    `xxhash64` is in reverse order of its bytes where a machine wrote its memory as it lay, and `xxhash` is a
    decimal number.
    """
    algorithm = _NAMES[element]
    if algorithm == "c4":
        return ListedHash(algorithm, (text,))
    value = text.lower()
    if element == "xxhash64":
        return ListedHash(algorithm, (value, _reverse_bytes(value)))
    if element == "xxhash" and value.isascii() and value.isdigit() and len(value) <= 10:
        return ListedHash(algorithm, (f"{int(value):08x}", value))
    return ListedHash(algorithm, (value,))


def _reverse_bytes(value: str) -> str:
    try:
        return bytes.fromhex(value)[::-1].hex()
    except ValueError:
        return value
