"""R2's limit on writes to one key: one a second, and one at a time."""

from __future__ import annotations

from collections.abc import Callable

from r2strict.rules import WRITE_INTERVAL_S

_PRUNE_AT = 1_000
"""Keys remembered before those whose second is over are dropped."""


class WriteWindow:
    """Says whether a key may be written now. `read_clock` returns seconds that only grow.

    Only a write that succeeded starts the second: whether R2 counts failed ones is not documented.
    """

    def __init__(self, read_clock: Callable[[], float]) -> None:
        self._read_clock = read_clock
        self._written: dict[str, float] = {}
        self._in_flight: set[str] = set()

    def begin(self, name: str) -> bool:
        """Begin to write a key, to be ended by `end`; False if R2 would refuse it now."""
        due = self._written.get(name, float("-inf")) + WRITE_INTERVAL_S
        if name in self._in_flight or self._read_clock() < due:
            return False
        self._in_flight.add(name)
        return True

    def end(self, name: str, *, has_succeeded: bool) -> None:
        """End what `begin` allowed."""
        self._in_flight.discard(name)
        if has_succeeded:
            now = self._read_clock()
            if len(self._written) >= _PRUNE_AT:
                self._written = {key: at for key, at in self._written.items() if at + WRITE_INTERVAL_S > now}
            self._written[name] = now
