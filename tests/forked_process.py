"""`mcsyncd …` as a fork of a process that has imported everything (`fork_server.py`), like a `Popen`."""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from threading import Lock

_HERE = Path(__file__).parent


class ForkServer:
    """The process that runs the commands of one test process."""

    def __init__(self) -> None:
        self._environ = _copy_environ()
        self._lock = Lock()
        path = os.pathsep.join((str(_HERE.parent), str(_HERE), os.environ.get("PYTHONPATH", "")))
        self._process = subprocess.Popen(
            [sys.executable, _HERE / "fork_server.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=self._environ | {"PYTHONPATH": path.rstrip(os.pathsep)},
        )
        assert self._process.stdout.readline() == "ready\n"

    @property
    def fits(self) -> bool:
        """Whether the environment is still the one in which the server started."""
        return self._environ == _copy_environ()

    def ask(self, **request: object) -> int:
        """Send a request and return its answer."""
        with self._lock:
            print(json.dumps(request), file=self._process.stdin, flush=True)
            return int(self._process.stdout.readline())

    def close(self) -> None:
        """End the server and all that it runs."""
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()


@cache
def get_fork_server() -> ForkServer:
    """Return this process's server; the first call starts it."""
    server = ForkServer()
    atexit.register(server.close)
    return server


class ForkedProcess:
    """A command that runs. Its output is appended to `out` and `err`."""

    def __init__(
        self,
        server: ForkServer,
        arguments: Sequence[str],
        out: Path,
        err: Path,
        backoff_s: float | None = None,
    ) -> None:
        self.args = arguments
        self.returncode: int | None = None
        self._server = server
        self.pid = server.ask(
            argv=list(arguments), cwd=str(Path.cwd()), out=str(out), err=str(err), backoff_s=backoff_s
        )
        self._ended = os.pidfd_open(self.pid)

    def poll(self) -> int | None:
        """Return the exit code, None while it runs."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code once it has ended. Raises TimeoutExpired."""
        if self._look(timeout) is None:
            raise subprocess.TimeoutExpired(self.args, timeout)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)

    def _look(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._ended], [], [], timeout)[0]:
            self.returncode = os.waitstatus_to_exitcode(self._server.ask(reap=self.pid))
            os.close(self._ended)
        return self.returncode


def run_forked(
    server: ForkServer, arguments: Sequence[str], *, timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, as `subprocess.run` does with `capture_output`."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = ForkedProcess(server, arguments, out, err)
        try:
            code = process.wait(timeout)
        finally:
            process.kill()
        return subprocess.CompletedProcess(arguments, code, out.read_text(), err.read_text())


def _copy_environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
