"""The reasons of an angle or an alignment as sentences, as tests read them."""

from __future__ import annotations

from mcsyncd.model.reason import format_reason


def texts_of(reported) -> list[str]:
    return [format_reason(reason, {}) for reason in reported.reasons]
