"""What the store costs: for what is in it by the ledger, for one session, and for a shoot that is planned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from mcsyncd.checks.sessions import locate_ledger
from mcsyncd.errors import McsyncError
from mcsyncd.publish.cost import (
    RELEASE_CALLS,
    Bill,
    CallCount,
    CostGroup,
    GroupTotal,
    PriceTable,
    forecast_bills,
    get_cost_group,
    share_storage_cost,
    sum_by_group,
)
from mcsyncd.settings.schema import Settings
from mcsyncd.store.upload_history import UploadHistory, read_upload_history

ASSUMPTIONS = (
    "The bucket is the only one of the account: the free tier is counted in full.",
    "What is stored now stays for the whole month; nothing is added or removed.",
    "Uploads are made in the first month, and nothing interrupts them.",
    "Manifests and pointers are too small to count. Objects that `storage gc` deleted are still counted.",
    "Downloads, playback and other readers are not counted; ten million reads a month are free.",
)
"""What an estimate takes for granted; printed with each."""


@dataclass(frozen=True, slots=True)
class SessionShare:
    """What one session holds, and its share of what the store costs each month."""

    session: str
    bytes: int
    cost: Decimal


@dataclass(frozen=True, slots=True)
class CostEstimate:
    """What is stored by group, each group's share of a month's storage, and the bills from this month on."""

    prices: PriceTable
    groups: tuple[GroupTotal, ...]
    shares: tuple[Decimal, ...]
    sessions: tuple[SessionShare, ...]
    bills: tuple[tuple[int, Bill], ...]

    @property
    def bytes(self) -> int:
        """What is stored in all."""
        return sum(one.bytes for one in self.groups)

    @property
    def calls(self) -> CallCount:
        """The calls that upload it."""
        return sum((one.calls for one in self.groups), CallCount())


def estimate_store(
    settings: Settings,
    prices: PriceTable,
    months: int,
    this_month: str,
    session: str | None = None,
    *,
    store: str = "",
) -> CostEstimate:
    """Estimate what the recorded objects of a store cost; with a session, as if it were stored alone.

    `this_month` (`2026-11`) is the one whose uploads are in its bill; those of a session alone always are.
    Raises McsyncError for an unreadable ledger and for a session that has nothing in the store.
    """
    history = read_upload_history(locate_ledger(settings)).select_stores({store})
    stored = [one for one in history.stored if session in (None, one.session)]
    if session is not None and not stored:
        raise McsyncError(f"session {session} has nothing in the store", "see `mcsyncd sessions`")
    by_session = defaultdict(list)
    for one in stored:
        by_session[one.session].append((get_cost_group(one.object.kind), one.object.bytes))
    objects = [found for own in by_session.values() for found in own]
    calls = _count_calls(objects) if session is not None else count_recorded_calls(history, this_month)
    return _build_estimate(prices, months, by_session, calls)


def estimate_shoot(
    prices: PriceTable, months: int, sizes: Mapping[CostGroup, int], clips: int
) -> CostEstimate:
    """Estimate a shoot of so many clips, by the bytes of each group, if nothing else were stored."""
    objects = [
        (group, size // clips + (number < size % clips))
        for group, size in sizes.items()
        if size
        for number in range(clips)
    ]
    return _build_estimate(prices, months, {"": objects}, _count_calls(objects))


def count_recorded_calls(history: UploadHistory, period: str) -> CallCount:
    """Return the calls of what was uploaded and published in a period, given as the start of its times."""
    uploads = [
        (get_cost_group(one.object.kind), one.object.bytes)
        for one in history.uploads
        if one.at.startswith(period)
    ]
    published = sum(one.at.startswith(period) for one in history.publications)
    return _count_calls(uploads, published)


def _count_calls(objects: Iterable[tuple[CostGroup, int]], published: int = 1) -> CallCount:
    calls = sum((one.calls for one in sum_by_group(objects)), CallCount())
    return sum((RELEASE_CALLS for _ in range(published)), calls)


def _build_estimate(
    prices: PriceTable, months: int, by_session: Mapping[str, list[tuple[CostGroup, int]]], calls: CallCount
) -> CostEstimate:
    groups = sum_by_group(found for own in by_session.values() for found in own)
    stored = sum(one.bytes for one in groups)
    bills = tuple(forecast_bills(prices.standard, stored, calls, months))
    at_rest = bills[0][1]
    sessions = [
        (session, sum(size for _, size in own)) for session, own in sorted(by_session.items()) if session
    ]
    return CostEstimate(
        prices,
        groups,
        tuple(share_storage_cost(at_rest, one.bytes, stored) for one in groups),
        tuple(SessionShare(one, size, share_storage_cost(at_rest, size, stored)) for one, size in sessions),
        bills,
    )
