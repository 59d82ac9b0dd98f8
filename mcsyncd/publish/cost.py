"""What a bucket costs: the calls of an upload, and the bill of a month. Pure.

Cloudflare bills the mean of each day's highest storage, and operations in two classes: A (writes and lists)
and B (reads). Deletions are free. All rates come from the price table, none is in the code.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from mcsyncd.model.part_sums import choose_part_bytes
from mcsyncd.model.rendition import ObjectKind

_MILLION = 1_000_000
"""Operations in the unit that is billed (Cloudflare, R2 pricing)."""
CostGroup = Literal["originals", "mezzanines", "proxies", "rest"]
COST_GROUPS: tuple[CostGroup, ...] = ("originals", "mezzanines", "proxies", "rest")
_GROUPS: dict[ObjectKind, CostGroup] = {
    "original": "originals",
    "attached": "originals",
    "mezzanine": "mezzanines",
    "proxy": "proxies",
}
"""Kinds of objects that are counted apart, because they are large; all others are the rest."""


@dataclass(frozen=True, slots=True)
class ClassPrices:
    """Prices of one storage class, and what is free in each month."""

    gb_month: Decimal
    class_a_million: Decimal
    class_b_million: Decimal
    retrieved_gb: Decimal
    free_gb_months: int
    free_class_a: int
    free_class_b: int
    gb_bytes: int


@dataclass(frozen=True, slots=True)
class PriceTable:
    """A dated list of prices: `source` is where it was read, `rounding` says how amounts are rounded."""

    date: str
    source: str
    currency: str
    rounding: str
    standard: ClassPrices
    infrequent_access: ClassPrices


@dataclass(frozen=True, slots=True)
class CallCount:
    """A number of operations of each class."""

    class_a: int = 0
    class_b: int = 0

    def __add__(self, other: CallCount) -> CallCount:
        return CallCount(self.class_a + other.class_a, self.class_b + other.class_b)


RELEASE_CALLS = CallCount(2, 3)
"""Calls that publish a manifest: it is put and checked, the pointer is read, put and checked."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What one month costs, in the currency of the price table."""

    storage: Decimal
    class_a: Decimal
    class_b: Decimal
    retrieval: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        """The sum."""
        return self.storage + self.class_a + self.class_b + self.retrieval


@dataclass(frozen=True, slots=True)
class GroupTotal:
    """Objects of one group: how many, their bytes, and the calls of their upload."""

    group: CostGroup
    objects: int
    bytes: int
    calls: CallCount


def parse_price_table(text: str) -> PriceTable:
    """Return the price table that a JSON text holds. Raises KeyError or ValueError for one that is none."""
    found = json.loads(text)
    return PriceTable(
        found["date"],
        found["source"],
        found["currency"],
        found["rounding"],
        _parse_class_prices(found["standard"], found["gb_bytes"]),
        _parse_class_prices(found["infrequent_access"], found["gb_bytes"]),
    )


def _parse_class_prices(found: dict[str, Any], gb_bytes: int) -> ClassPrices:
    return ClassPrices(
        gb_month=Decimal(found["gb_month"]),
        class_a_million=Decimal(found["class_a_million"]),
        class_b_million=Decimal(found["class_b_million"]),
        retrieved_gb=Decimal(found["retrieved_gb"]),
        free_gb_months=found["free_gb_months"],
        free_class_a=found["free_class_a"],
        free_class_b=found["free_class_b"],
        gb_bytes=gb_bytes,
    )


def compute_bill(prices: ClassPrices, stored_bytes: int, calls: CallCount, retrieved_bytes: int = 0) -> Bill:
    """Return the bill of a month in which so much is stored from its first day to its last.

    What exceeds the free tier is rounded up to whole units, as Cloudflare does.
    """
    return Bill(
        prices.gb_month * _count_units(stored_bytes, prices.free_gb_months, prices.gb_bytes),
        prices.class_a_million * _count_millions(calls.class_a, prices.free_class_a),
        prices.class_b_million * _count_millions(calls.class_b, prices.free_class_b),
        prices.retrieved_gb * _count_units(retrieved_bytes, 0, prices.gb_bytes),
    )


def forecast_bills(
    prices: ClassPrices, stored_bytes: int, calls: CallCount, months: int
) -> Iterator[tuple[int, Bill]]:
    """Yield the bills of this month (1), in which the calls are made, and of those after it.

    Nothing is added or removed: at rest, the daemon's few questions a day are within the free tier.
    """
    for month in range(1, months + 1):
        yield month, compute_bill(prices, stored_bytes, calls if month == 1 else CallCount())


def count_upload_calls(size: int) -> CallCount:
    """Return the calls of one upload of a file of `size` bytes that nothing interrupts.

    It is looked for before, checked after, and confirmed once more before a manifest names it: three
    reads. In parts, uploads of the same key are listed, one is created, filled and completed.
    """
    parts = max(1, -(-size // choose_part_bytes(size)))
    return CallCount(parts + 3 if parts > 1 else 1, 3)


def get_cost_group(kind: ObjectKind) -> CostGroup:
    """Return the group that a kind of object is counted in."""
    return _GROUPS.get(kind, "rest")


def sum_by_group(objects: Iterable[tuple[CostGroup, int]]) -> tuple[GroupTotal, ...]:
    """Return the groups of objects, given as group and bytes; one for each group, also if it is empty."""
    found = [(group, size, count_upload_calls(size)) for group, size in objects]
    groups = []
    for wanted in COST_GROUPS:
        own = [(size, calls) for group, size, calls in found if group == wanted]
        calls = sum((one for _, one in own), CallCount())
        groups.append(GroupTotal(wanted, len(own), sum(size for size, _ in own), calls))
    return tuple(groups)


def share_storage_cost(bill: Bill, part_bytes: int, stored_bytes: int) -> Decimal:
    """Return the share of a month's storage that so many of the stored bytes cost."""
    return bill.storage * part_bytes / stored_bytes if stored_bytes else Decimal(0)


def _count_units(amount: int, free_units: int, unit: int) -> int:
    return -(-max(0, amount - free_units * unit) // unit)


def _count_millions(calls: int, free: int) -> int:
    return -(-max(0, calls - free) // _MILLION)
