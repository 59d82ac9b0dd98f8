"""`reopen`: look again at what was decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcsyncd.cli.reason import with_reason

if TYPE_CHECKING:
    from mcsyncd.api import Reopen

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


def _decision(reason: str) -> Reopen:
    from mcsyncd.api import Reopen

    return Reopen(reason=reason)


command = with_reason(_decision, "Look again at what was approved, published or rejected.")
