"""The cost model against what Cloudflare documents, what was modelled for three shoots, and real calls."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mcsyncd.integrity.part_sums import compute_part_sums
from mcsyncd.publish import keys
from mcsyncd.publish.cost import (
    CallCount,
    GroupTotal,
    compute_bill,
    count_upload_calls,
    forecast_bills,
    share_storage_cost,
    sum_by_group,
)
from mcsyncd.publish.price_table import load_price_table
from mcsyncd.publish.r2 import R2Store
from r2strict.bucket import ACCESS

GB = 10**9
TABLE = load_price_table()


def test_three_examples_of_the_price_list_are_met_to_the_cent():
    """Cloudflare, R2 pricing: data storage in both classes, and the hosting of assets."""
    thousand = CallCount(1_000, 1_000_000)
    assert compute_bill(TABLE.standard, 1_000 * GB, thousand).total == Decimal("14.85")
    rare = compute_bill(TABLE.infrequent_access, 1_000 * GB, thousand, retrieved_bytes=1_000 * GB)
    assert rare.total == Decimal("29.90")
    assets = CallCount(100_000, 30 * 10_000_000)
    assert compute_bill(TABLE.standard, 10 * GB, assets).total == Decimal("104.40")


SHOOTS = [
    # Originals, mezzanines and proxies in GB for three cameras and one hour; Class A; bill of months 1, 2, 3.
    ((135, 110.7, 5.4), 15_051, ["3.63", "3.63", "3.63"]),
    ((540, 148.5, 8.1), 25_509, ["10.30", "10.30", "10.30"]),
    ((81, 67.5, 4.05), 9_177, ["2.15", "2.15", "2.15"]),
]


def shoot(sizes: tuple[float, ...]) -> tuple[GroupTotal, ...]:
    """Three clips of each group, and 60 small objects of 150 MB in all."""
    large = zip(("originals", "mezzanines", "proxies"), sizes, strict=True)
    clips = [(group, round(size * GB / 3)) for group, size in large for _ in range(3)]
    return sum_by_group([*clips, *[("rest", 2_500_000)] * 60])


@pytest.mark.parametrize(("sizes", "class_a", "months"), SHOOTS)
def test_the_bills_of_three_shoots_are_those_that_were_modelled(sizes, class_a, months):
    groups = shoot(sizes)
    calls = sum((one.calls for one in groups), CallCount())
    assert calls.class_a == pytest.approx(class_a, rel=0.02)
    bills = forecast_bills(TABLE.standard, sum(one.bytes for one in groups), calls, 3)
    for (_, bill), wanted in zip(bills, months, strict=True):
        assert float(bill.total) == pytest.approx(float(wanted), rel=0.02)


def test_everything_is_rounded_up_and_the_free_tier_is_free():
    free = compute_bill(TABLE.standard, 10 * GB, CallCount(1_000_000, 10_000_000))
    assert free.total == 0
    over = compute_bill(TABLE.standard, 10 * GB + 1, CallCount(1_000_001, 10_000_001))
    assert (over.storage, over.class_a, over.class_b) == (Decimal("0.015"), Decimal("4.50"), Decimal("0.36"))


def test_the_shares_of_the_sessions_add_up_to_the_bill():
    bill = compute_bill(TABLE.standard, 100 * GB, CallCount())
    shares = [share_storage_cost(bill, size * GB, 100 * GB) for size in (61, 31, 8)]
    assert sum(shares) == bill.storage == Decimal("1.35")


@pytest.mark.parametrize("size", [1_000, (32 << 20) + 1])
def test_an_upload_takes_the_calls_that_are_counted(strict, tmp_path, size):
    """One read more is counted: that before a manifest names the object."""
    path = tmp_path / f"{size}.mov"
    path.write_bytes(b"c" * size)
    _, sums = compute_part_sums(path)
    key = keys.build_original_key("20261126-cost", "cam_a", sums.sha256, path.name)
    store = R2Store(strict.storage, ACCESS)
    store.remove_object(key)
    strict.store.tally.reset()
    store.put_file(key, path, sums)
    store.stat_object(key)
    calls = strict.store.tally.read().by_class
    assert CallCount(calls["A"], calls["B"]) == count_upload_calls(size)
