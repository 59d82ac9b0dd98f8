"""`reject`: throw a revision out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcsyncd.cli.reason_command import build_reason_command

if TYPE_CHECKING:
    from mcsyncd.api import RejectRequest

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


def _build_request(reason: str) -> RejectRequest:
    from mcsyncd.api import RejectRequest

    return RejectRequest(reason=reason)


reject_command = build_reason_command(_build_request, "Throw a session out, with a reason for the record.")
