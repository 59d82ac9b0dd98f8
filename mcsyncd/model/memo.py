"""Memos of pure functions: a result is remembered for the same arguments, not for equal ones.

A session changes with every event, but nearly all of its parts stay the same objects. To find equal ones, as
`functools.lru_cache` does, their whole content would be hashed again each time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar, TypeVarTuple

Ts = TypeVarTuple("Ts")
R = TypeVar("R")

_MEMOS: list[dict[tuple[int, ...], tuple[tuple[object, ...], object]]] = []


def memoize_by_identity(size: int) -> Callable[[Callable[[*Ts], R]], Callable[[*Ts], R]]:
    """Return a decorator for a pure function of immutable values, which then computes each result once.

    The arguments are kept with their result, so that no other object can get their identity. A memo that has
    `size` results begins anew. Threads may call the function: at worst, two compute the same.
    """

    def decorate(compute: Callable[[*Ts], R]) -> Callable[[*Ts], R]:
        memo: dict[tuple[int, ...], tuple[tuple[*Ts], R]] = {}
        _MEMOS.append(memo)  # type: ignore[arg-type]  # only to be cleared

        @wraps(compute)
        def look_up(*arguments: *Ts) -> R:
            key = tuple(map(id, arguments))
            known = memo.get(key)
            if known is not None:
                return known[1]
            result = compute(*arguments)
            if len(memo) >= size:
                memo.clear()
            memo[key] = arguments, result
            return result

        return look_up

    return decorate


def clear_memos() -> None:
    """Let go of all results and arguments."""
    for memo in _MEMOS:
        memo.clear()
