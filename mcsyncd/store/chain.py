"""The hash chain over the event log, and its check."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import astuple, dataclass


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One row of the event log. `body` is the canonical JSON as it was written."""

    seq: int
    session_id: str
    at: str
    kind: str
    tool_version: str
    body: str
    previous: str
    hash: str


def hash_row(*columns: int | str) -> str:
    """Return the hash of a row: sha256 over all its other columns, in order, as one JSON list."""
    return hashlib.sha256(json.dumps(columns, ensure_ascii=True).encode()).hexdigest()


def find_chain_faults(entries: Iterable[LogEntry]) -> tuple[str, ...]:
    """Return a sentence for every row that does not fit, oldest first; empty if all is well.

    A chain shows every change of what was written, but not that its end was cut off together
    with everything that depends on it: for that, compare its head with the one that the last
    published manifest carries.
    """
    faults: list[str] = []
    previous, expected = "", 1
    for entry in entries:
        if entry.seq != expected:
            faults.append(f"event {expected} is missing (the next is {entry.seq})")
        if entry.previous != previous:
            faults.append(f"event {entry.seq} does not continue event {expected - 1}")
        if entry.hash != _rehash_entry(entry):
            faults.append(f"event {entry.seq} ({entry.kind}, {entry.at}) was changed after it was written")
        previous, expected = entry.hash, entry.seq + 1
    return tuple(faults)


def _rehash_entry(entry: LogEntry) -> str:
    *columns, _ = astuple(entry)
    return hash_row(*columns)
