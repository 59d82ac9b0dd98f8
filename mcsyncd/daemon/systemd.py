"""Notifications to the service manager: its datagram protocol, sd_notify(3), in a few lines.

Not one of the libraries for it: they are larger than the protocol, or unmaintained since 2017.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping


class SystemdNotifier:
    """Sends the state of the service to the service manager, if there is one."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        environ = os.environ if environ is None else environ
        address = environ.get("NOTIFY_SOCKET", "")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._watchdog_us = int(environ.get("WATCHDOG_USEC", "0") or 0)

    @property
    def watchdog_s(self) -> float | None:
        """Seconds between watchdog notifications: a third of the timeout; None if there is no watchdog.

        sd_watchdog_enabled(3) recommends half; a third tolerates one that is late.
        """
        return self._watchdog_us / 3e6 if self._address and self._watchdog_us else None

    def notify_ready(self, status: str) -> None:
        """Report that start-up or a reload is complete."""
        self._send(f"READY=1\nSTATUS={status}")

    def set_status(self, status: str) -> None:
        """Show one line in `systemctl status`."""
        self._send(f"STATUS={status}")

    def notify_reloading(self) -> None:
        """Report that a reload began; `notify_ready` ends it."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def notify_stopping(self) -> None:
        """Report that the service is stopping."""
        self._send("STOPPING=1\nSTATUS=draining")

    def feed_watchdog(self) -> None:
        """Tell the watchdog that the daemon is alive."""
        self._send("WATCHDOG=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
            try:
                line.sendto(message.encode(), self._address)
            except OSError:
                return  # an unreachable service manager must not stop the daemon
