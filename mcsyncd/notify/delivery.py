"""What becomes of a try to send a bulletin."""

from __future__ import annotations

from mcsyncd.errors import McsyncError


class NotDelivered(McsyncError):
    """The receiver did not take it, or nothing could be sent. `retry_after_s` is what it asked for."""

    def __init__(self, message: str, hint: str = "", retry_after_s: float = 0.0) -> None:
        super().__init__(message, hint)
        self.retry_after_s = retry_after_s
