"""The limits that the settings put on the store, and which of them an upload would exceed. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mcsyncd.model.upload_limits import UploadLimits
from mcsyncd.present.numbers import format_size
from mcsyncd.publish.cost import CallCount, PriceTable, compute_bill, count_upload_calls


@dataclass(frozen=True, slots=True)
class StoreLoad:
    """What the store holds, in bytes, and the calls of uploads today and in this month (UTC)."""

    stored_bytes: int
    today: CallCount
    month: CallCount

    def add_upload(self, size: int) -> StoreLoad:
        """Return the load after one more upload of so many bytes."""
        calls = count_upload_calls(size)
        return replace(
            self,
            stored_bytes=self.stored_bytes + size,
            today=self.today + calls,
            month=self.month + calls,
        )


@dataclass(frozen=True, slots=True)
class ExceededLimit:
    """The limit that an upload would exceed, as a sentence, and the next action."""

    message: str
    hint: str


def find_exceeded_limit(limits: UploadLimits, load: StoreLoad, prices: PriceTable) -> ExceededLimit | None:
    """Return the first limit that this load exceeds; None if it keeps to all.

    The bill is that of a month in which all of it is stored from the first day on: an upper bound.
    """
    if limits.stored_bytes is not None and load.stored_bytes > limits.stored_bytes:
        return ExceededLimit(
            f"the store would hold {format_size(load.stored_bytes - limits.stored_bytes)} "
            f"more than the limit of {format_size(limits.stored_bytes)}",
            "raise uploads.guards.stored in the settings, then reload",
        )
    if limits.class_a_a_day is not None and load.today.class_a > limits.class_a_a_day:
        return ExceededLimit(
            f"the next upload would make {load.today.class_a:,} Class A operations today "
            f"of {limits.class_a_a_day:,} at most",
            "wait until tomorrow (UTC), or raise uploads.guards.class_a_a_day in the settings, then reload",
        )
    if limits.month_usd is not None:
        total = compute_bill(prices.standard, load.stored_bytes, load.month).total
        if total > limits.month_usd:
            return ExceededLimit(
                f"the month would cost {total:.2f} {prices.currency} of {limits.month_usd:.2f} at most",
                "raise uploads.guards.month_usd in the settings, then reload",
            )
    return None
