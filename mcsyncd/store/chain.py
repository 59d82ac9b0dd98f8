"""The hash chain over the event log, and its check."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace

CHAIN_FORMAT = 1
"""Format of new rows: which columns their hash covers.

A later column gets a new format with its own entry in `_HASHED_COLUMNS`. Changing an existing entry
would make every ledger in use look forged.
"""
_HASHED_COLUMNS = {
    1: ("format", "seq", "session_id", "at", "kind", "tool_version", "body", "previous"),
}
"""Columns in the order in which a row's hash covers them, by format. The format is always the first:
a row cannot be passed off as one of another format."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One row of the event log. `body` is the canonical JSON of the event, as it was written."""

    format: int
    seq: int
    session_id: str
    at: str
    kind: str
    tool_version: str
    body: str
    previous: str
    hash: str = ""


def seal_entry(entry: LogEntry) -> LogEntry:
    """Return the entry with its hash. Raises KeyError for a format that does not exist."""
    return replace(entry, hash=compute_row_hash(entry))


def compute_row_hash(entry: LogEntry) -> str:
    """Return the hash of a row: sha256 over the columns of its format, as one JSON list, in hex.

    Raises KeyError for a format that does not exist.
    """
    columns = [getattr(entry, name) for name in _HASHED_COLUMNS[entry.format]]
    return hashlib.sha256(json.dumps(columns, ensure_ascii=True).encode()).hexdigest()


class ChainWalk:
    """Walks along the chain, entry by entry, so that a long one can be checked in parts.

    A chain reveals every change to what was written. It does not reveal that its end was cut off
    together with everything that depends on it: for that, its head is compared with the one in the
    last published manifest.
    """

    def __init__(self) -> None:
        self.seq = 0
        """The number of the last entry; 0 before the first."""
        self.head = ""
        """The hash of the last entry; empty before the first."""

    def check_entry(self, entry: LogEntry) -> tuple[str, ...]:
        """Take the next entry; return a sentence for each thing in it that does not fit."""
        faults: list[str] = []
        expected = self.seq + 1
        if entry.seq != expected:
            faults.append(f"event {expected} is missing (the next is {entry.seq})")
        if entry.previous != self.head:
            faults.append(f"event {entry.seq} does not continue event {expected - 1}")
        if entry.format not in _HASHED_COLUMNS:
            faults.append(f"event {entry.seq} has format {entry.format}, unknown to this version of mcsyncd")
        elif entry.hash != compute_row_hash(entry):
            faults.append(f"event {entry.seq} ({entry.kind}, {entry.at}) was changed after it was written")
        self.seq, self.head = entry.seq, entry.hash
        return tuple(faults)
