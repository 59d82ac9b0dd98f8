"""`reject`: throw a revision out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcsyncd.cli.reason import with_reason

if TYPE_CHECKING:
    from mcsyncd.api import Reject

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


def _decision(reason: str) -> Reject:
    from mcsyncd.api import Reject

    return Reject(reason=reason)


command = with_reason(_decision, "Throw a session out, with a reason for the record.")
