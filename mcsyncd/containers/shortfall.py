"""What is missing of a file: one value, and the sentences for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Why a file seems to lack something.

    `detail` is part of a sentence for people: which structure says so. `missing_bytes` is how many
    bytes are missing at least, None where the container does not say. `certain` is False for a doubt:
    a complete file can look like this too, so a person should decide.
    """

    detail: str
    missing_bytes: int | None = None
    certain: bool = True


def report_cut(structure: str, declared_end: int, size: int) -> Shortfall | None:
    """Return the shortfall of `size` bytes whose `structure` needs `declared_end`; None if they suffice."""
    if declared_end <= size:
        return None
    return Shortfall(f"{structure} declares {declared_end:,} bytes, {size:,} are there", declared_end - size)


def report_zeros(start: int, size: int) -> Shortfall:
    """Return the shortfall of a file in which nothing but zeros follows from `start` on."""
    return Shortfall(f"from byte {start:,} on there are only zeros, up to byte {size:,}", size - start)


def report_gap(begin: int, end: int, *, certain: bool) -> Shortfall:
    """Return the shortfall of a file that lacks a part in the middle."""
    detail = f"from byte {begin:,} to byte {end:,} there are only zeros, and data behind them"
    return Shortfall(detail, end - begin, certain)


def format_name(raw: bytes) -> str:
    """Return the name of a structure for people; hexadecimal digits if it is not harmless text."""
    text = raw.strip()
    return text.decode() if text.isascii() and text.isalnum() else raw.hex()
