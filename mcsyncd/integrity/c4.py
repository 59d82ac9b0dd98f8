"""The C4 identifier of SMPTE ST 2114: a SHA-512 in base 58, by which ASC MHL chains its generations."""

from __future__ import annotations

import hashlib

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
"""Digits of base 58, in the order of the standard: no 0, O, I or l."""

_DIGITS = 88
"""Digits of an identifier after `c4`: as many as 512 bits need. Fewer, and identifiers differ in length."""


def format_c4(sha512: bytes) -> str:
    """Return the identifier of a content whose SHA-512 (64 bytes) is given."""
    value, digits = int.from_bytes(sha512, "big"), ""
    while value:
        value, rest = divmod(value, len(_ALPHABET))
        digits = _ALPHABET[rest] + digits
    return "c4" + digits.rjust(_DIGITS, _ALPHABET[0])


def compute_c4(content: bytes) -> str:
    """Return the identifier of a content."""
    return format_c4(hashlib.sha512(content).digest())
