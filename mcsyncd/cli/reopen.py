"""`reopen`: look again at what was decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcsyncd.cli.reason_command import build_reason_command

if TYPE_CHECKING:
    from mcsyncd.api import ReopenRequest

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


def _build_request(reason: str) -> ReopenRequest:
    from mcsyncd.api import ReopenRequest

    return ReopenRequest(reason=reason)


reopen_command = build_reason_command(
    _build_request, "Look again at what was approved, published or rejected."
)
