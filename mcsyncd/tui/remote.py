"""A daemon on another machine: ssh forwards its socket for as long as the app runs.

Sound and screen are local, and the daemon still learns from the kernel who is calling: on its
machine the peer of the socket is sshd, running as the user who logged in.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mcsyncd.errors import Unreachable, UsageError

_LOGIN_TIMEOUT_S = 120.0
"""Seconds until the socket must be there. Judgement: time for a password and a security key."""

_POLL_INTERVAL_S = 0.05
"""Seconds between two checks for the socket; ssh does not report when it is there."""

_STOP_TIMEOUT_S = 5.0
"""Seconds that ssh gets to end before it is killed. Judgement: it normally needs milliseconds."""


@contextmanager
def forward_socket(host: str, socket: Path) -> Iterator[Path]:
    """Forward `socket` of `host` (a name that ssh knows) and yield the local end.

    Raises UsageError for a host that ssh would read as an option, and Unreachable if ssh is not
    installed or does not provide the socket.
    """
    if host.startswith("-") or not host:
        raise UsageError(f"{host!r} is not a host name", "write it as for ssh: cam-nas, or user@cam-nas")
    with tempfile.TemporaryDirectory(prefix="mcsyncd-") as folder:
        local = Path(folder) / "api.sock"
        process = _start_ssh(host, local, socket)
        try:
            _wait_for_socket(local, process, host)
            yield local
        finally:
            _stop_ssh(process)


def _start_ssh(host: str, local: Path, remote: Path) -> subprocess.Popen[bytes]:
    command = ["ssh", "-N", "-o", "ExitOnForwardFailure=yes", "-L", f"{local}:{remote}", "--", host]
    try:
        return subprocess.Popen(command)  # noqa: S603  # the host cannot be an option, and there is no shell
    except OSError as error:
        raise Unreachable(f"cannot start ssh: {error.strerror}", "install the OpenSSH client") from error


def _wait_for_socket(local: Path, process: subprocess.Popen[bytes], host: str) -> None:
    deadline = time.monotonic() + _LOGIN_TIMEOUT_S
    while not local.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise Unreachable(
                f"ssh to {host} did not forward the socket",
                f"try `ssh {host}`, and `ls -l` on the socket there",
            )
        time.sleep(_POLL_INTERVAL_S)


def _stop_ssh(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
