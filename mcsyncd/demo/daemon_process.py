"""The daemon as a child process of the demo."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Self

from mcsyncd.errors import McsyncError
from mcsyncd.model.text import escape_text

_STOP_TIMEOUT_S = 90.0
"""Seconds for draining, as in the systemd unit (TimeoutStopSec). If shorter, work could be killed midway."""
_SHOWN_LOG_LINES = 15
"""Last lines of the log that are printed if the daemon ends by itself. Judgement: a traceback's end."""


class DaemonProcess:
    """`mcsyncd run` with one settings file, logging to a file. It is stopped at the end of the `with` block.

    `print_line` is called with the last lines of the log if the daemon ends by itself.
    """

    def __init__(self, config: Path, log: Path, print_line: Callable[[str], None]) -> None:
        self._command = [sys.executable, "-m", "mcsyncd", "--config", str(config.absolute()), "run"]
        self._log = log
        self._print_line = print_line
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("wb") as log:
            # In its own process session: Ctrl-C in the terminal reaches only the demo, which then sends
            # SIGTERM to the daemon, so that it drains.
            self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def check(self) -> None:
        """Raise McsyncError if the daemon has ended by itself, after printing the end of its log."""
        if self._process is None or self._process.poll() is None:
            return
        for line in self._log.read_text(errors="replace").splitlines()[-_SHOWN_LOG_LINES:]:
            self._print_line(f"    {escape_text(line)}")
        raise McsyncError(
            f"the daemon exited with code {self._process.returncode}", f"the full log is in {self._log}"
        )

    def stop(self) -> None:
        """Send SIGTERM and wait until it has drained; kill it after a timeout."""
        if self._process is None or self._process.poll() is not None:
            return
        os.kill(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
