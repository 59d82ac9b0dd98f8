"""The terminal app in a real pty: how long a key takes, how much it writes, what the first screen costs.

The daemon is a small one of the tests, in a process of its own; a nudge asks it for nothing. A key's time is
from writing it to reading the last byte that it caused.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_TESTS = Path(__file__).parents[1] / "tests"
_QUIET_S = 0.12
"""Seconds without a byte after which a key has done all that it does. Shorter than the clock's and the
playhead's own updates, longer than a frame."""
_PATIENCE_S = 30.0
_DAEMON = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tui import scenes
from tui.fake_daemon import FakeDaemon

async def serve():
    waiting = [scenes.unsure(f"20261123-{i // 60:02}{i % 60:02}00-abc") for i in range(int(sys.argv[3]))]
    await FakeDaemon(Path(sys.argv[2]), scenes.status(), waiting).start()
    print("ready", flush=True)
    await asyncio.Event().wait()

asyncio.run(serve())
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options; the defaults are the short form."""
    parser.add_argument("--keys", type=int, default=60, help="keys for each figure")
    parser.add_argument("--sessions", type=int, default=500, help="sessions of the long queue")


def run(asked: argparse.Namespace) -> None:
    """Measure and print."""
    print(f"load {os.getloadavg()[0]:.1f}; times in ms, key written to last byte read")
    print("| what | p50 | p95 | bytes a key (median) |\n| --- | --- | --- | --- |")
    for columns, rows in ((200, 50), (80, 24)):
        at = f"{columns}x{rows}"
        with serve_sessions(3) as daemon, open_app(daemon.socket, columns, rows) as app:
            if columns == 200:
                first_cpu_s = app.measure_first_screen("Review Sync")
            else:
                app.wait_for("Review Sync")
            app.press("v")
            app.wait_for("Cam C")
            app.settle()
            report(f"nudge by a frame, {at}", app.time_keys(["]", "["], asked.keys))
            report(f"nudge by a dot, {at}", app.time_keys(["\x1b[C", "\x1b[D"], asked.keys))
            daemon.freeze()
            report(f"the same, daemon stopped, {at}", app.time_keys(["]", "["], asked.keys))
            daemon.thaw()
    with serve_sessions(asked.sessions) as daemon, open_app(daemon.socket, 160, 46) as app:
        app.wait_for("Review Sync")
        app.settle()
        report(f"one row down, {asked.sessions} sessions, 160x46", app.time_keys(["j"], asked.keys))
    print(f"\nFirst useful screen: {first_cpu_s * 1000:.0f} ms of CPU")


def report(what: str, timed: Sequence[Keystroke]) -> None:
    """Print one row of the table."""
    ms = sorted(one.seconds * 1000 for one in timed)
    size = statistics.median(one.bytes for one in timed)
    print(
        f"| {what} | {statistics.median(ms):.1f} | {ms[int(0.95 * len(ms))]:.1f} | {size:.0f} |", flush=True
    )


@dataclass(frozen=True)
class Keystroke:
    """What a key caused: the time to its last byte, and how many there were."""

    seconds: float
    bytes: int


class DaemonProcess:
    """A small daemon that can be stopped in the middle of anything."""

    def __init__(self, process: subprocess.Popen[str], socket: Path) -> None:
        self._process = process
        self.socket = socket

    def freeze(self) -> None:
        """Stop it: it keeps its connections and answers nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)


@contextmanager
def serve_sessions(count: int) -> Iterator[DaemonProcess]:
    """Serve `count` sessions that wait for a review."""
    with tempfile.TemporaryDirectory(prefix="mcsync-tui-") as name:
        socket = Path(name) / "api.sock"
        command = [sys.executable, "-c", _DAEMON, str(_TESTS), str(socket), str(count)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # our own
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield DaemonProcess(process, socket)
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            process.wait()


class App:
    """The app in a pty, as a person has it."""

    def __init__(self, socket: Path, columns: int, rows: int) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self.process = subprocess.Popen(  # our own command
            [sys.executable, "-m", "mcsyncd", "--socket", str(socket), "tui"],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            start_new_session=True,
        )
        os.close(slave)
        self._shown = ""

    def measure_first_screen(self, text: str) -> float:
        """Return the seconds of CPU until `text` is on screen."""
        self.wait_for(text)
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def press(self, key: str) -> None:
        """Write a key."""
        os.write(self._master, key.encode())

    def wait_for(self, text: str) -> None:
        """Read until `text` was written. Raises TimeoutError."""
        last = time.monotonic() + _PATIENCE_S
        while text not in self._shown:
            if time.monotonic() > last:
                raise TimeoutError(f"{text!r} is not shown: {self._shown[-500:]!r}")
            self._shown += self._read(0.1).decode(errors="replace")

    def settle(self) -> None:
        """Read until the screen is still for a second."""
        while self._read(1.0):
            pass

    def time_keys(self, keys: Sequence[str], count: int) -> list[Keystroke]:
        """Press `keys` in turn, `count` in all, and time each."""
        return [self._time_key(keys[index % len(keys)]) for index in range(count)]

    def _time_key(self, key: str) -> Keystroke:
        began = last = time.perf_counter()
        self.press(key)
        size = 0
        while chunk := self._read(_QUIET_S if size else 1.0):
            last = time.perf_counter()
            size += len(chunk)
        return Keystroke(last - began, size)

    def _read(self, limit_s: float) -> bytes:
        ready, _, _ = select.select([self._master], [], [], limit_s)
        return os.read(self._master, 1 << 16) if ready else b""

    def close(self) -> None:
        """End the app."""
        self.process.terminate()
        self.process.wait()
        os.close(self._master)


@contextmanager
def open_app(socket: Path, columns: int, rows: int) -> Iterator[App]:
    """Open the app in a pty of this size."""
    app = App(socket, columns, rows)
    try:
        yield app
    finally:
        app.close()
