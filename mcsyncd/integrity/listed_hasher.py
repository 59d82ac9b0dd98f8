"""Taking the hashes that lists ask for, in the read that takes ours."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Protocol

import xxhash

from mcsyncd.integrity.c4 import format_c4
from mcsyncd.model.hash_check import HashAlgorithm


class _Hasher(Protocol):
    def update(self, data: memoryview, /) -> None: ...

    def digest(self) -> bytes: ...


_HASHERS: dict[HashAlgorithm, Callable[[], _Hasher]] = {
    "c4": hashlib.sha512,
    "md5": lambda: hashlib.md5(usedforsecurity=False),
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "sha256": hashlib.sha256,
    "xxh128": xxhash.xxh3_128,
    "xxh3": xxhash.xxh3_64,
    "xxh32": xxhash.xxh32,
    "xxh64": xxhash.xxh64,
}
"""MD5 and SHA-1 prove nothing against a forger; a list asks for them against damage."""


class ListedHasher:
    """Takes hashes of a file whose chunks are added in order."""

    def __init__(self, algorithms: Iterable[HashAlgorithm]) -> None:
        self._hashers = {algorithm: _HASHERS[algorithm]() for algorithm in algorithms}

    def add(self, chunk: memoryview) -> None:
        """Add the next bytes of the file."""
        for hasher in self._hashers.values():
            hasher.update(chunk)

    def finish(self) -> dict[HashAlgorithm, str]:
        """Return the hashes as lists write them: hexadecimal, most significant digit first; C4 in base 58."""
        return {
            algorithm: format_c4(hasher.digest()) if algorithm == "c4" else hasher.digest().hex()
            for algorithm, hasher in self._hashers.items()
        }
