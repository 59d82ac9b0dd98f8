"""A daemon on another machine: its socket, forwarded by ssh for as long as the app runs.

Sound and screen are local, the daemon is remote, and who is calling is still the kernel's word:
over there the peer of the socket is sshd, running as the user who logged in.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mcsyncd.errors import Unreachable, UsageError

_LOGIN_TIMEOUT_S = 120.0  # there may be a password or a touch of a key to wait for
_POLL_INTERVAL_S = 0.05
_STOP_TIMEOUT_S = 5.0


@contextmanager
def forward_socket(host: str, socket: Path) -> Iterator[Path]:
    """Forward `socket` of `host` (as ssh knows it) and yield the local one.

    Raises `UsageError` for a host that ssh would take for an option, `Unreachable` when ssh
    ends, or is not there, before the socket is.
    """
    if host.startswith("-") or not host:
        raise UsageError(f"{host!r} is no host", "name it as for ssh: cam-nas, or user@cam-nas")
    with tempfile.TemporaryDirectory(prefix="mcsyncd-") as folder:
        local = Path(folder) / "api.sock"
        child = _start_ssh(host, local, socket)
        try:
            _wait_for_socket(local, child, host)
            yield local
        finally:
            _stop_ssh(child)


def _start_ssh(host: str, local: Path, remote: Path) -> subprocess.Popen[bytes]:
    command = ["ssh", "-N", "-o", "ExitOnForwardFailure=yes", "-L", f"{local}:{remote}", "--", host]
    try:
        return subprocess.Popen(command)  # noqa: S603  # the host is no option, and no shell reads it
    except OSError as error:
        raise Unreachable(f"ssh cannot be started: {error.strerror}", "install the OpenSSH client") from error


def _wait_for_socket(local: Path, child: subprocess.Popen[bytes], host: str) -> None:
    deadline = time.monotonic() + _LOGIN_TIMEOUT_S
    while not local.exists():
        if child.poll() is not None or time.monotonic() > deadline:
            raise Unreachable(
                f"ssh to {host} brought no socket", f"`ssh {host}` and `ls -l` of the socket there say more"
            )
        time.sleep(_POLL_INTERVAL_S)


def _stop_ssh(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
