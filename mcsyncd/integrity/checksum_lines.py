"""Reading lists of checksums of one line for each file, as `md5sum`, `xxhsum` and BSD's `md5` write them."""

from __future__ import annotations

import re
from posixpath import basename, splitext

from mcsyncd.integrity.hash_list import (
    MAX_LISTED_FILES,
    BadHashList,
    ListedFile,
    ListedHash,
    clean_listed_name,
)
from mcsyncd.model.hash_check import HashAlgorithm

_SUFFIXES: dict[str, dict[int, HashAlgorithm]] = {
    ".c4": {90: "c4"},
    ".md5": {32: "md5"},
    ".sha1": {40: "sha1"},
    ".sha256": {64: "sha256"},
    ".xxh": {8: "xxh32", 16: "xxh64", 32: "xxh128"},
    ".xxh128": {32: "xxh128"},
    ".xxh3": {16: "xxh3"},
    ".xxh32": {8: "xxh32"},
    ".xxh64": {16: "xxh64"},
}
"""The hash of a line, by the suffix of its list and the number of its characters."""

_TAGS: dict[str, tuple[HashAlgorithm, int]] = {
    "MD5": ("md5", 32),
    "SHA1": ("sha1", 40),
    "SHA256": ("sha256", 64),
    "XXH128": ("xxh128", 32),
    "XXH3": ("xxh3", 16),
    "XXH32": ("xxh32", 8),
    "XXH64": ("xxh64", 16),
}
"""Names of hashes in lines of the BSD form, with the number of hexadecimal digits of each."""

_GNU_LINE = re.compile(r"(\\?)(XXH3_)?([0-9A-Za-z]{8,90})(?:[ \t]+\*?(.+))?")
"""`HASH  NAME`, `HASH *NAME` in binary mode, `\\HASH  NAME` for a name with escapes, a hash alone."""
_BSD_LINE = re.compile(r"(\\?)([A-Z0-9]+?)(_LE)? ?\((.+)\) ?= ?([0-9A-Fa-f]+)")
"""`MD5 (NAME) = HASH`, with the same mark; `_LE` tells that the bytes are in reverse order."""
_HEX = re.compile(r"[0-9a-f]+")
_ESCAPES = {"\\\\": "\\", "\\n": "\n", "\\r": "\r"}
"""What GNU's tools write for a backslash and for the ends of lines in a name."""


def is_checksum_list(name: str) -> bool:
    """Return whether a file is such a list, by its suffix."""
    return splitext(name)[1].lower() in _SUFFIXES


def parse_checksum_lines(name: str, content: bytes) -> tuple[ListedFile, ...]:
    """Return the files of a list with that name.

    A hash without a name is of the file that the list is named after: `A001.MOV.md5`. Empty lines and those
    that begin with `#` or `;` say nothing. Raises BadHashList for a line that is no checksum, and for a list
    without any.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadHashList("it is not UTF-8", "make the list again") from None
    found: list[ListedFile] = []
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.rstrip("\r")
        if not stripped.strip() or stripped.startswith(("#", ";")):
            continue
        if len(found) == MAX_LISTED_FILES:
            raise BadHashList(f"it has more than {MAX_LISTED_FILES} lines", "split the card")
        listed = _parse_bsd_line(stripped) or _parse_gnu_line(name, stripped)
        if listed is None:
            raise BadHashList(f"line {number} is no checksum with a name", "copy the list again")
        found.append(listed)
    if not found:
        raise BadHashList("it lists nothing", "copy the list again")
    return tuple(found)


def _parse_bsd_line(line: str) -> ListedFile | None:
    match = _BSD_LINE.fullmatch(line)
    if match is None or match[2] not in _TAGS:
        return None
    algorithm, digits = _TAGS[match[2]]
    if len(match[5]) != digits:
        return None
    value = bytes.fromhex(match[5])
    return _build_file(match[4], algorithm, (value[::-1] if match[3] else value).hex(), bool(match[1]))


def _parse_gnu_line(list_name: str, line: str) -> ListedFile | None:
    match = _GNU_LINE.fullmatch(line)
    if match is None:
        return None
    stem, suffix = splitext(basename(list_name))
    algorithm = "xxh3" if match[2] else _SUFFIXES.get(suffix.lower(), {}).get(len(match[3]))
    if algorithm is None:
        return None
    value = match[3] if algorithm == "c4" else match[3].lower()
    if algorithm != "c4" and _HEX.fullmatch(value) is None:
        return None
    return _build_file(match[4] or stem, algorithm, value, bool(match[1]))


def _build_file(name: str, algorithm: HashAlgorithm, value: str, has_escapes: bool) -> ListedFile:
    if has_escapes:
        name = re.sub(r"\\[\\nr]", lambda escape: _ESCAPES[escape[0]], name)
    path = clean_listed_name(name, is_literal=has_escapes)
    return ListedFile(path, None, (ListedHash(algorithm, (value,)),))
