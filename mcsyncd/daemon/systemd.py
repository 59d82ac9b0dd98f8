"""Words to the service manager: a few lines of its documented datagram protocol, sd_notify(3).

The libraries for it are larger than the protocol or have not moved since 2017.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping


class SystemdNotifier:
    """Sends state to the service manager, or nothing where there is none."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        environ = os.environ if environ is None else environ
        address = environ.get("NOTIFY_SOCKET", "")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._watchdog_us = int(environ.get("WATCHDOG_USEC", "0") or 0)

    @property
    def watchdog_s(self) -> float | None:
        """How often to say that we live: a third of the manager's patience; None if nobody asks."""
        return self._watchdog_us / 3e6 if self._address and self._watchdog_us else None

    def notify_ready(self, status: str) -> None:
        """The ledger is open, the first scan is done, the socket answers."""
        self._send(f"READY=1\nSTATUS={status}")

    def set_status(self, status: str) -> None:
        """One line for `systemctl status`."""
        self._send(f"STATUS={status}")

    def notify_reloading(self) -> None:
        """The settings are read again; `ready` ends it."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def notify_stopping(self) -> None:
        """Draining."""
        self._send("STOPPING=1\nSTATUS=draining")

    def feed_watchdog(self) -> None:
        """Feed the watchdog."""
        self._send("WATCHDOG=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
            try:
                line.sendto(message.encode(), self._address)
            except OSError:
                return  # a deaf manager must not stop the work
