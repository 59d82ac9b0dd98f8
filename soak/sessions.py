"""Sessions back to back on one daemon: memory, descriptors, threads, log and files stay what they are.

Each session has three tiny clips of its own, and goes from the drop folders to the manifest. After each,
when nothing runs, the daemon and its workers are measured.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from kills import film_clips
from line import Line
from mcsyncd.api import ApproveRequest
from steadiness import (
    Footprint,
    find_growth,
    find_litter,
    find_orphans,
    format_samples,
    measure_footprint,
    measure_log,
)

_SECONDS, _SIZE = 4, (160, 90)
"""Length and picture of the clips. Judgement: the shortest that sync places, so that many sessions fit."""
_PATIENCE_S = 300.0
"""Seconds that a step of a session may take, on a machine that does other things, too."""
_END_S = 5.0
"""Seconds after which none of the daemon's processes may run any more: the kernel ends them with it."""
_HALTED = {"failed", "stale", "quarantined"}
_MIN_SESSIONS = 20
"""Sessions that a run has at least, however short its time: a tenth of fewer says nothing."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options; the defaults are the full form."""
    parser.add_argument("--minutes", type=float, default=60.0, help="how long sessions follow each other")
    parser.add_argument("--folder", type=Path, help="where the daemon works, e.g. /dev/shm (7 MB a session)")


def run(asked: argparse.Namespace) -> bool:
    """Run sessions, measure and print; return whether nothing grew and nothing was left over."""
    with tempfile.TemporaryDirectory(prefix="mcsync-soak-", dir=asked.folder) as name:
        line = Line(Path(name) / "home")
        run = BackToBack(line)
        leader = line.process.pid
        try:
            run.go_on_for(asked.minutes * 60)
            faults = find_litter(line.home, run.sessions)
            if "Traceback" in line.log:
                faults.append(f"the log has a traceback: {line.log[line.log.index('Traceback') :][:3000]}")
        finally:
            left = line.stop()
        if left:
            faults.append(f"the daemon ended with {left}")
        time.sleep(_END_S)
        faults += find_growth(run.samples) + find_orphans(leader, line.home)
    print(format_samples(run.samples))
    print(
        f"sessions: {len(run.sessions)} in {run.samples[-1].passed_s:.0f} s, "
        f"largest log {run.largest_log} bytes, {len(faults)} faults",
        *faults,
        sep="\n",
        flush=True,
    )
    return not faults


class BackToBack:
    """The sessions of one daemon, one after the other, and what it held after each. Starts the daemon."""

    def __init__(self, line: Line) -> None:
        line.config.write_text(
            line.config.read_text().replace("settle: 500ms, quiet: 1s", "settle: 100ms, quiet: 100ms")
        )
        self._line = line.start()
        self._state = line.home / "var" / "state"
        self._began = time.monotonic()
        self._clips = line.home / "clips"
        self._clips.mkdir()
        self.sessions: list[str] = []
        self.samples: list[Footprint] = []
        self.largest_log = 0

    def go_on_for(self, seconds: float) -> None:
        """Run sessions until the time is over."""
        while self._measure_time() < seconds or len(self.sessions) < _MIN_SESSIONS:
            self.take_session()
            print(f"sessions: {len(self.sessions)}, {self.samples[-1]}", flush=True)

    def take_session(self) -> None:
        """Take one session from the drop folders to the manifest, and measure once nothing runs."""
        line = self._line
        line.drop_in(film_clips(self._clips, seconds=_SECONDS, size=_SIZE, seed=len(self.sessions)))
        name = line.wait(self._find_new, "there is a new session", _PATIENCE_S)
        self.sessions.append(name)
        reviewed = self._wait_for("in_review")
        line.call(lambda client: client.send_decision(name, ApproveRequest(), reviewed["revision"]))
        self._wait_for("published")
        line.wait(self._is_idle, "nothing runs any more", _PATIENCE_S)
        self.samples.append(measure_footprint(line.process.pid, self._state, self._measure_time()))

    def _find_new(self) -> str | None:
        """Return the session that was opened last; the list of all would grow with each of them."""
        found = self._line.call(lambda client: client.list_sessions(finished=False))["sessions"]
        return found[0]["id"] if found and found[0]["id"] not in self.sessions else None

    def _wait_for(self, state: str) -> dict:
        """Return the session under way once it is in that state."""

        def there() -> dict | None:
            found = self._line.call(lambda client: client.fetch_session(self.sessions[-1]))
            assert found["state"] not in _HALTED, found["error"]
            return found if found["state"] == state else None

        return self._line.wait(there, f"{self.sessions[-1]} is {state}", _PATIENCE_S)

    def _is_idle(self) -> bool:
        """Tell whether no job runs; a look at the log on the way."""
        self.largest_log = max(self.largest_log, measure_log(self._state))
        return not self._line.status()["workers"]

    def _measure_time(self) -> float:
        return time.monotonic() - self._began
