"""Reading lists that are XML. Pure.

They come from strangers: a document type, and so any entity of its own, is refused before it is read,
nothing is fetched, and size and depth are limited.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from xml.parsers import expat

from mcsyncd.integrity.hash_list import MAX_LIST_BYTES, BadHashList

MAX_DEPTH = 16
"""Elements within elements. The deepest of the schemas has seven; higher, a hostile list costs memory."""

_SEPARATOR = "\n"
"""Between the namespace and the name of an element; no name can hold it."""


@dataclass
class ElementReader(ABC):
    """Follows the elements of a document and takes each when it ends.

    `path` are the names of those that are open, and `attributes` those of the innermost.
    """

    path: list[str] = field(default_factory=list)
    _attributes: list[dict[str, str]] = field(default_factory=list)
    _text: list[str] = field(default_factory=list)

    @property
    def attributes(self) -> dict[str, str]:
        return self._attributes[-1]

    def open_element(self, name: str, attributes: dict[str, str]) -> None:
        """Go into an element. Raises BadHashList if it lies too deep."""
        self.path.append(name.rpartition(_SEPARATOR)[2])
        self._attributes.append(attributes)
        if len(self.path) > MAX_DEPTH:
            raise BadHashList(f"its elements are more than {MAX_DEPTH} deep", "make the list again")
        self._text = []

    def add_text(self, text: str) -> None:
        """Take a part of the text of the innermost element."""
        self._text.append(text)

    def close_element(self, _: str) -> None:
        """Take the innermost element, and leave it."""
        self.read_element("/".join(self.path[1:]), "".join(self._text).strip())
        self.path.pop()
        self._attributes.pop()
        self._text = []

    @abstractmethod
    def read_element(self, path: str, text: str) -> None:
        """Take what an element says: `path` are the names from below the root on."""


def read_document(content: bytes, root: str, reader: ElementReader) -> None:
    """Read a document whose outermost element is called `root`. Raises BadHashList."""
    if len(content) > MAX_LIST_BYTES:
        raise BadHashList(f"it has more than {MAX_LIST_BYTES >> 20} MiB", "split the card")

    def refuse_doctype(*_: object) -> None:
        raise BadHashList("it declares a document type, which may hide entities", "make the list again")

    parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse_doctype
    parser.EndElementHandler = reader.close_element
    parser.CharacterDataHandler = reader.add_text

    def open_root(name: str, attributes: dict[str, str]) -> None:
        found = name.rpartition(_SEPARATOR)[2]
        if found != root:
            raise BadHashList(f"it is no list of hashes: its root is {found!r}", "make the list again")
        parser.StartElementHandler = reader.open_element
        reader.open_element(name, attributes)

    parser.StartElementHandler = open_root
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise BadHashList(f"it is no XML that can be read ({error})", "copy the list again") from None
