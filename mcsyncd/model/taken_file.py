"""A file that a session has taken in, as the ledger remembers it for as long as the session."""

from __future__ import annotations

from dataclasses import dataclass

from mcsyncd.model.clip import DropFile
from mcsyncd.model.session import State


@dataclass(frozen=True, slots=True)
class TakenFile:
    """`left_behind` tells that it could not be removed from the drop folder. `opened_at` is the session's."""

    session: str
    state: State
    opened_at: str
    file: DropFile
    left_behind: bool
