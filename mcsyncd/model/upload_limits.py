"""The limits on what uploads may store and cost."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """Bytes that may be stored, Class A operations of a day (UTC), the bill of a month. None: no limit."""

    stored_bytes: int | None = None
    class_a_a_day: int | None = None
    month_usd: Decimal | None = None

    @property
    def are_none(self) -> bool:
        """Whether nothing is limited."""
        return self == UploadLimits()
