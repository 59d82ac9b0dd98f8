"""The faults of a store, switched on and off by a test while the proxy runs."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CutBody:
    """The connection breaks after so many bytes of the request's body, at the latest before its last one."""

    after_bytes: int


@dataclass(frozen=True, slots=True)
class RefuseCall:
    """The store answers with an error and does nothing. `retry_after` is in seconds."""

    status: int = 503
    code: str = "ServiceUnavailable"
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class LoseAnswer:
    """The store does what was asked; then the connection breaks instead of an answer."""


@dataclass(frozen=True, slots=True)
class DelayAnswer:
    """The store does what was asked and answers late."""

    seconds: float


@dataclass(frozen=True, slots=True)
class FalsifyTag:
    """The answer names another ETag than the store does."""


@dataclass(frozen=True, slots=True)
class Trickle:
    """Bodies trickle, both of the request and of an object that is read."""

    bytes_per_s: int


Fault = CutBody | RefuseCall | LoseAnswer | DelayAnswer | FalsifyTag | Trickle


@dataclass(slots=True)
class _Rule:
    fault: Fault
    operations: frozenset[str] | None
    calls_left: int | None
    probability: float


class Faults:
    """Which calls meet which fault. Safe to use from several threads; the chance is seeded."""

    def __init__(self, seed: int = 0) -> None:
        self._lock = threading.Lock()
        self._seed = seed
        self.clear()

    def inject(
        self,
        fault: Fault,
        *,
        operations: Collection[str] | None = None,
        calls: int | None = None,
        probability: float = 1.0,
    ) -> None:
        """Let calls meet a fault: of these operations or of all, the next so many or all, with a probability.

        Of several faults the first that strikes is the one that a call meets.
        """
        with self._lock:
            named = None if operations is None else frozenset(operations)
            self._rules.append(_Rule(fault, named, calls, probability))

    def clear(self) -> None:
        """Let all calls through, forget what struck, and start the chance anew."""
        with self._lock:
            self._rules: list[_Rule] = []
            self._struck: Counter[type[Fault]] = Counter()
            self._random = random.Random(self._seed)

    def stop(self) -> None:
        """Let all calls through; what struck stays counted."""
        with self._lock:
            self._rules = []

    def count_struck(self, kind: type[Fault] | None = None) -> int:
        """Return how many calls met a fault (of this kind) since the last `clear`."""
        with self._lock:
            return self._struck.total() if kind is None else self._struck[kind]

    def choose_fault(self, operation: str) -> Fault | None:
        """Return the fault that this call meets; None if it meets none."""
        with self._lock:
            for rule in self._rules:
                if rule.operations is not None and operation not in rule.operations:
                    continue
                if rule.calls_left == 0 or self._random.random() >= rule.probability:
                    continue
                if rule.calls_left is not None:
                    rule.calls_left -= 1
                self._struck[type(rule.fault)] += 1
                return rule.fault
            return None
