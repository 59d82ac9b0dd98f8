"""A hash list: what a card says of its own files. `checksum_lines` and `mhl_reader` read the formats."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mcsyncd.errors import McsyncError
from mcsyncd.model.hash_check import HashAlgorithm

MAX_LIST_BYTES = 32 << 20
"""Bytes of the largest list that is read. Judgement: a card of 40,000 files has 20 MB of ASC MHL. Lower, and
the lists of such cards are refused; higher, and a hostile one holds up the scan for seconds."""

MAX_LISTED_FILES = 200_000
"""Files of the longest list that is read. Judgement: ten times as many as the largest card known. Lower, and
a real list is refused; higher, and a hostile one fills the memory."""

_PREFERRED: tuple[HashAlgorithm, ...] = ("sha256", "xxh128", "xxh3", "xxh64", "c4", "sha1", "md5", "xxh32")
"""The hashes in the order in which one is chosen: first those that every file gets anyway, then by measured
speed. Only the 32 bits of the last one are weak."""

_DRIVE = re.compile(r"[A-Za-z]:")
"""Beginning of a path on Windows that is none below a folder."""


class BadHashList(McsyncError):
    """A hash list that cannot be used: it is damaged, too large, or names what is not below its folder."""


@dataclass(frozen=True, slots=True)
class ListedHash:
    """A hash as a list gives it: `values` are the ways in which the right one may be written."""

    algorithm: HashAlgorithm
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file of a list: its path below the folder of the list, its size where the list gives it."""

    name: str
    bytes: int | None
    hashes: tuple[ListedHash, ...]

    @property
    def best_hash(self) -> ListedHash | None:
        """The hash to compare; None if the list gives none that is known."""
        return min(self.hashes, key=lambda one: _PREFERRED.index(one.algorithm), default=None)


def clean_listed_name(name: str, *, is_literal: bool = False) -> str:
    r"""Return a listed path in one form: `/` between, no `./` before.

    Windows separates names by a backslash, which a name that `is_literal` may contain.

    Raises BadHashList if it is not below the folder of the list: absolute, with a drive, or with `..`.
    """
    path = name if is_literal or "/" in name else name.replace("\\", "/")
    path = path.removeprefix("./")
    parts = path.split("/")
    if not path or {"", ".", ".."} & set(parts) or _DRIVE.match(path) or "\0" in path:
        raise BadHashList(f"it names {name!r}, which is not below its own folder", "make the list again")
    return path
