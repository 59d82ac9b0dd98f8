"""What a card's own hash lists say of its files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

HashAlgorithm = Literal["c4", "md5", "sha1", "sha256", "xxh128", "xxh3", "xxh32", "xxh64"]
"""The hashes that lists give, by the names of ASC MHL; `xxh3` is the one of 64 bits."""


@dataclass(frozen=True, slots=True)
class HashCheck:
    """A file was hashed and compared with a hash list that came with its card.

    `hash_list` is the path of the list below the camera's folder.
    """

    hash_list: str
    algorithm: HashAlgorithm
    verdict: Literal["verified", "failed"]
