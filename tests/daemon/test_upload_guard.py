"""The upload guard: what would exceed a limit waits, what fits goes on, and each limit is named."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest

from mcsyncd.daemon import upload_guard
from mcsyncd.daemon.alerts import list_limit_alerts
from mcsyncd.daemon.upload_guard import UploadGuard
from mcsyncd.daemon.upload_limits import StoreLoad, find_exceeded_limit
from mcsyncd.model.events import ObjectStored, SessionOpened
from mcsyncd.model.evolve import replay_events
from mcsyncd.model.jobs import PointHead, Upload
from mcsyncd.model.publishing import HeadState, PlannedObject, Publication, StoreHead
from mcsyncd.model.rendition import StoredObject
from mcsyncd.model.upload_limits import UploadLimits
from mcsyncd.publish.cost import CallCount
from mcsyncd.publish.price_table import load_price_table
from mcsyncd.settings.stores import LocalStorage, R2Storage, UploadSettings
from mcsyncd.store.ledger import Ledger

GB = 10**9
SESSION, AT = "20261126-101500-gua", "2026-11-26T10:15:00.000000Z"
BUCKET = R2Storage(kind="r2", account_id="0" * 32, bucket="footage")
HEAD = PointHead(SESSION, Publication(1, "k", "0" * 64), StoreHead(HeadState.CURRENT, 1))


def upload(name: str, size: float) -> Upload:
    return Upload(
        SESSION, PlannedObject(f"v1/orig/{name}", "original", name, round(size * GB), "0" * 64, name)
    )


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def guarded(tmp_path, clock, monkeypatch):
    """A guard over a ledger in which 90 GB were stored today, with the limits that are given."""
    ledger = Ledger(tmp_path, "test")
    stored = StoredObject("v1/orig/a", "original", 90 * GB, "0" * 64)
    events = (SessionOpened(AT, SESSION), ObjectStored(AT, stored))
    ledger.record(replay_events(events), events)
    ledger.close()
    monkeypatch.setattr(upload_guard, "utc_now", lambda: AT)

    def build(guards: dict, storage=BUCKET) -> UploadGuard:
        settings = SimpleNamespace(
            stores=(storage,),
            name_store=lambda _: "",
            uploads=UploadSettings(guards=guards),
            paths=SimpleNamespace(state=tmp_path),
        )
        return UploadGuard(lambda: settings, clock)

    return build


def test_without_limits_nothing_is_read_or_held(guarded, tmp_path):
    guard = guarded({})
    (tmp_path / "ledger.db").unlink()
    asyncio.run(guard.refresh())
    due = [upload("b", 100_000), HEAD]
    assert guard.choose_allowed(due) == due
    assert guard.admit(due[0])
    assert guard.held is None


def test_what_fits_goes_on_and_what_does_not_waits_with_an_alert(guarded):
    guard = guarded({"stored": "100GB"})
    small, large = upload("b", 4), upload("c", 11)
    assert guard.choose_allowed([small, HEAD]) == [HEAD]  # nothing is known yet
    asyncio.run(guard.refresh())
    assert guard.choose_allowed([small, large, HEAD]) == [small, HEAD]
    (alert,) = list_limit_alerts(guard.held)
    assert alert.message == "uploads wait: the store would hold 1.0 GB more than the limit of 100 GB"
    assert "uploads.guards.stored" in alert.hint
    guard.choose_allowed([small])
    assert list_limit_alerts(guard.held) == []


def test_what_was_started_counts_once_and_two_do_not_exceed_a_limit_together(guarded):
    guard = guarded({"stored": "100GB"})
    asyncio.run(guard.refresh())
    first, second = upload("b", 6), upload("c", 6)
    assert guard.choose_allowed([first, second]) == [first, second]
    assert guard.admit(first)
    assert not guard.admit(second)
    assert guard.admit(first)  # again, after it failed


def test_the_ledger_is_read_once_an_hour(guarded, clock):
    guard = guarded({"stored": "100GB"})
    asyncio.run(guard.refresh())
    assert guard.admit(upload("b", 10))
    clock.now += 3000
    asyncio.run(guard.refresh())
    assert not guard.admit(upload("c", 10))
    clock.now += 3000
    asyncio.run(guard.refresh())  # b was never stored
    assert guard.admit(upload("c", 10))


def test_a_folder_is_not_limited(guarded):
    guard = guarded({"stored": "100GB"}, LocalStorage(kind="local", path=Path("/bucket")))
    assert guard.admit(upload("b", 100_000))


def test_the_calls_of_the_day_and_the_bill_of_the_month_are_limits_too(guarded):
    """90 GB are 5,365 parts, sent with three more calls; half a gigabyte takes 33 calls."""
    guard = guarded({"class_a_a_day": 5_410})
    asyncio.run(guard.refresh())
    assert guard.admit(upload("b", 0.5))
    assert not guard.admit(upload("c", 0.5))
    assert "Class A" in guard.held.message
    guard = guarded({"month_usd": 1.5})  # 110 GB, of which 10 are free
    asyncio.run(guard.refresh())
    assert guard.admit(upload("b", 20))
    assert not guard.admit(upload("c", 0.001))
    assert "uploads.guards.month_usd" in guard.held.hint


@pytest.mark.parametrize(
    ("limits", "field"),
    [
        (UploadLimits(stored_bytes=GB), "stored"),
        (UploadLimits(class_a_a_day=7), "class_a_a_day"),
        (UploadLimits(month_usd=Decimal("0.01")), "month_usd"),
    ],
)
def test_each_limit_may_be_reached_and_not_exceeded(limits, field):
    prices = load_price_table()
    within = StoreLoad(GB, CallCount(7), CallCount(7))
    assert find_exceeded_limit(limits, within, prices) is None
    above = StoreLoad(11 * GB, CallCount(8), CallCount(8))
    assert field in find_exceeded_limit(limits, above, prices).hint
