"""`reject`: turn a session down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcsyncd.cli.reason_command import build_reason_command

if TYPE_CHECKING:
    from mcsyncd.api import RejectRequest

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


def _build_request(reason: str) -> RejectRequest:
    from mcsyncd.api import RejectRequest

    return RejectRequest(reason=reason)


reject_command = build_reason_command(
    "reject",
    _build_request,
    "Reject a session.\n\nNothing is deleted, and `mcsyncd reopen` undoes it.",
)
