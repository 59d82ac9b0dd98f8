"""Machines that returned a false result: a file for each, until an operator removes it.

A file, because the job that finds out is killed when it is stopped, and the machine stays what it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mcsyncd.integrity.derived_file import write_derived_file

_FOLDER = "quarantine"


@dataclass(frozen=True, slots=True)
class QuarantineEntry:
    """Why a host gets no more work: what was false, since when (UTC), and the file that says so."""

    reason: str
    since: str
    path: Path


def quarantine_host(folder: Path, host: str, reason: str) -> QuarantineEntry:
    """Keep a host from getting work. All its workers share its memory, disk and cables. Raises OSError."""
    path = folder / _FOLDER / f"{re.sub(r'[^A-Za-z0-9.-]', '_', host)}.json"
    entry = QuarantineEntry(reason, f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", path)
    document = {"host": host, "reason": entry.reason, "since": entry.since}
    write_derived_file(path, json.dumps(document).encode())
    return entry


def read_quarantine(folder: Path) -> Mapping[str, QuarantineEntry]:
    """Return the hosts in quarantine. A file that cannot be read keeps nobody out. Raises OSError."""
    found = {}
    for path in sorted((folder / _FOLDER).glob("*.json")):
        try:
            document = json.loads(path.read_text())
            found[str(document["host"])] = QuarantineEntry(
                str(document["reason"]), str(document["since"]), path
            )
        except (ValueError, KeyError, TypeError):
            continue
    return found
