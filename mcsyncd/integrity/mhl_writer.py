"""Writing ASC MHL 2.0: a generation of a history, and the chain of its generations.

Format: the schemas `urn:ASC:MHL:v2.0` and `urn:ASC:MHL:DIRECTORY:v2.0` of the ASC MHL specification. Hashes
of folders, which are optional, are left out: they are made of the hashes of files and prove nothing more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from xml.sax.saxutils import escape

from mcsyncd.integrity.c4 import compute_c4

Process = Literal["in-place", "transfer"]
"""Whether the files were made where they are, or were copied or moved there."""

_INVALID_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, not even escaped."""

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'

_IGNORED = (".DS_Store", "ascmhl", "ascmhl/")
"""Patterns of what a history never covers, as its specification has them."""


@dataclass(frozen=True, slots=True)
class HistoryFile:
    """A file of a history: its path below the root of the history, with `/` between, and what it is."""

    name: str
    bytes: int
    mtime_ns: int
    xxh128: str

    @property
    def can_be_listed(self) -> bool:
        """Whether XML can hold its name."""
        return _INVALID_IN_XML.search(self.name) is None


def name_generation(number: int, folder: str, at: datetime) -> str:
    """Return the name of a generation's file; `folder` is the name of the root of the history."""
    return f"{number:04}_{folder}_{at.astimezone(UTC):%Y-%m-%d_%H%M%S}Z.mhl"


def build_generation(
    files: Iterable[HistoryFile], *, process: Process, at: datetime, host: str, version: str
) -> bytes:
    """Return a generation in which these files are listed for the first time, in order of their names.

    `at` is when they were hashed; `version` is that of this program. Files that XML cannot name are left out.
    """
    moment = _format_time(at)
    hashes = "".join(
        "    <hash>\n"
        f'      <path size="{file.bytes}" lastmodificationdate="{_format_mtime(file.mtime_ns)}">'
        f"{escape(file.name)}</path>\n"
        f'      <xxh128 action="original" hashdate="{moment}">{file.xxh128}</xxh128>\n'
        "    </hash>\n"
        for file in sorted(files, key=lambda file: file.name)
        if file.can_be_listed
    )
    ignored = "".join(f"      <pattern>{pattern}</pattern>\n" for pattern in _IGNORED)
    return (
        f'{_DECLARATION}<hashlist version="2.0" xmlns="urn:ASC:MHL:v2.0">\n'
        f"  <creatorinfo>\n    <creationdate>{moment}</creationdate>\n"
        f"    <hostname>{escape(host)}</hostname>\n"
        f'    <tool version="{escape(version)}">mcsyncd</tool>\n  </creatorinfo>\n'
        f"  <processinfo>\n    <process>{process}</process>\n    <ignore>\n{ignored}    </ignore>\n"
        f"  </processinfo>\n  <hashes>\n{hashes}  </hashes>\n</hashlist>\n"
    ).encode()


def build_chain(generations: Sequence[tuple[str, bytes]]) -> bytes:
    """Return `ascmhl_chain.xml` for the names and contents of all generations, oldest first."""
    lists = "".join(
        f'  <hashlist sequencenr="{number}">\n    <path>{escape(name)}</path>\n'
        f"    <c4>{compute_c4(content)}</c4>\n  </hashlist>\n"
        for number, (name, content) in enumerate(generations, 1)
    )
    head = '<ascmhldirectory xmlns="urn:ASC:MHL:DIRECTORY:v2.0">'
    return f"{_DECLARATION}{head}\n{lists}</ascmhldirectory>\n".encode()


def _format_mtime(mtime_ns: int) -> str:
    return _format_time(datetime.fromtimestamp(mtime_ns // 1_000_000_000, UTC))


def _format_time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
