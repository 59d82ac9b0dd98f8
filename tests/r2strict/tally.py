"""What was asked of the store: calls by operation and by billing class, and bytes."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field

from r2strict.operations import BillingClass, get_billing_class

_UNAUTHORISED = {401, 403}
"""Statuses of calls that cost nothing, whatever they asked for (r2/pricing)."""


@dataclass(slots=True)
class Calls:
    """Calls by operation, by class and by status of the answer (0: none), and bytes of bodies received."""

    by_operation: Counter[str] = field(default_factory=Counter)
    by_class: Counter[BillingClass] = field(default_factory=Counter)
    by_status: Counter[int] = field(default_factory=Counter)
    body_bytes: int = 0


class Tally:
    """Counts calls as Cloudflare bills them. Safe to use from several threads.

    Calls that fail are counted like others, but for those without permission. Of 412 and of a wrong digest,
    Cloudflare says so; for the rest it is an upper bound.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls = Calls()

    def read(self) -> Calls:
        """Return a copy of the counts."""
        with self._lock:
            now = self._calls
            return Calls(
                Counter(now.by_operation), Counter(now.by_class), Counter(now.by_status), now.body_bytes
            )

    def reset(self) -> None:
        """Start at zero."""
        with self._lock:
            self._calls = Calls()

    def count_call(self, operation: str, status: int) -> None:
        """Count a call that came to its end; status 0 if its answer was lost."""
        with self._lock:
            self._calls.by_operation[operation] += 1
            self._calls.by_status[status] += 1
            billed = "free" if status in _UNAUTHORISED else get_billing_class(operation)
            self._calls.by_class[billed] += 1

    def count_bytes(self, number: int) -> None:
        """Count bytes of a request's body, as they arrive."""
        with self._lock:
            self._calls.body_bytes += number
