"""The terminal app in a real pty: how long a key takes, how much it writes, what the first screen costs.

The daemon is a small one of the tests, in a process of its own; a nudge asks it for nothing. A key's time is
from writing it to reading the last byte that it caused.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_TESTS = Path(__file__).parents[1] / "tests"
sys.path.insert(0, str(_TESTS))

from tui.terminal import Terminal  # noqa: E402  # where the tests are is known only now

_QUIET_S = 0.12
"""Seconds without a byte after which a key has done all that it does. Shorter than the clock's and the
playhead's own updates, longer than a frame."""
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
            app.wait_for("Review Sync")
            if columns == 200:
                first_cpu_s = measure_cpu_s(app)
            app.type("v")
            app.wait_for("Cam C")
            settle(app)
            report(f"nudge by a frame, {at}", time_keys(app, ["]", "["], asked.keys))
            report(f"nudge by a dot, {at}", time_keys(app, ["\x1b[C", "\x1b[D"], asked.keys))
            daemon.freeze()
            report(f"the same, daemon stopped, {at}", time_keys(app, ["]", "["], asked.keys))
            daemon.thaw()
    with serve_sessions(asked.sessions) as daemon, open_app(daemon.socket, 160, 46) as app:
        app.wait_for("Review Sync")
        settle(app)
        report(f"one row down, {asked.sessions} sessions, 160x46", time_keys(app, ["j"], asked.keys))
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


def open_app(socket: Path, columns: int, rows: int) -> Terminal:
    """Open the app in a pty of this size."""
    return Terminal("--socket", str(socket), "tui", size=(rows, columns), COLORTERM="truecolor")


def measure_cpu_s(app: Terminal) -> float:
    """Return the seconds of CPU that the app has taken so far."""
    fields = Path(f"/proc/{app.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def settle(app: Terminal) -> None:
    """Read until the screen is still for a second."""
    while app.read(1.0):
        pass


def time_keys(app: Terminal, keys: Sequence[str], count: int) -> list[Keystroke]:
    """Press `keys` in turn, `count` in all, and time each."""
    return [_time_key(app, keys[index % len(keys)]) for index in range(count)]


def _time_key(app: Terminal, key: str) -> Keystroke:
    began = last = time.perf_counter()
    app.type(key)
    size = 0
    while count := app.read(_QUIET_S if size else 1.0):
        last = time.perf_counter()
        size += count
    return Keystroke(last - began, size)
