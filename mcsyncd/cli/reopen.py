"""`reopen`: put a decided session back into review."""

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
    "reopen",
    _build_request,
    "Put a decided session back into review.\n\n"
    "For a session that was approved, published or rejected. Its approval becomes void; files that are "
    "already published stay where they are.",
)
