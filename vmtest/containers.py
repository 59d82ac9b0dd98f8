"""A host of two containers, the daemon's and the publisher's, by the commands of docs/operations.md.

The host is a folder, with users, groups and folders as systemd's tools make them there; this machine stays
as it is. The daemon's socket lies in that folder.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

PEOPLE = {"jo": (20001, "mcsync-ingest"), "kim": (20002, "mcsync-supervisors")}
"""An operator and a supervisor: uids that the image does not know, and the group of each."""

DAEMON_UID = 10940
"""The number of the user `mcsync` in packages/image.sysusers."""

_STOP_LIMIT_S = 90
"""Seconds that the daemon gets to end, as in its unit (TimeoutStopSec=)."""

CONFINED = (
    "--read-only",
    "--cap-drop=all",
    "--security-opt=no-new-privileges",
    "--pids-limit=512",
    "--ulimit=nofile=8192:8192",
    "--ulimit=nproc=512:512",
    "--ulimit=core=0:0",
    "--network=none",  # for the publisher, too: its store is a folder here
)
"""How both containers are confined; docs/operations.md has the same."""


class ContainerHost:
    """The folder and its containers; use it as a context manager, which leaves none of them behind."""

    def __init__(self, image: str, folder: Path) -> None:
        self._image = image
        self._root = folder / "host"
        self._tag = folder.name
        self._started: list[str] = []
        self.socket = self._root / "run" / "mcsyncd" / "api.sock"
        self.drop = self._root / "srv" / "mcsync" / "drop"

    def __enter__(self) -> Self:
        (self._root / "etc").mkdir(parents=True)
        self._feed("/usr/lib/sysusers.d/mcsyncd.conf", ["systemd-sysusers", f"--root={self._root}", "-"])
        tmpfiles = ["systemd-tmpfiles", f"--root={self._root}", "--create", "-"]
        self._feed("/etc/tmpfiles.d/mcsyncd.conf", tmpfiles)
        for path, mode in (("var/lib/mcsync", 0o700), ("run/mcsyncd", 0o755)):
            (self._root / path).mkdir(parents=True)
            (self._root / path).chmod(mode)
            os.chown(self._root / path, DAEMON_UID, DAEMON_UID)
        for name, (uid, group) in PEOPLE.items():
            run(["useradd", "--prefix", str(self._root), "-M", "-u", str(uid), "-G", group, name])
        sample = ["podman", "run", "--rm", *CONFINED, "--entrypoint=tar", self._image]
        files = subprocess.run([*sample, "-C", "/etc", "-c", "mcsync"], check=True, stdout=subprocess.PIPE)
        run(["tar", "-C", str(self._root / "etc"), "-x"], files.stdout)
        return self

    def __exit__(self, *_: object) -> None:
        for name in self._started:
            run(["podman", "rm", "--force", "--volumes", "--time", "0", name], check=False)
        run(["podman", "volume", "rm", "--force", f"{self._tag}-publish"], check=False)

    def start_publisher(self) -> None:
        """Start the container that alone has the keys of the store, and make the store ready."""
        own = ("--user=10943:10940", "--group-add=10942", "--no-healthcheck")
        self._start("publisher", [*own, self._bind("srv/mcsync/bucket")], "publisher")
        self.execute("publisher", "storage init")

    def stop_publisher(self) -> None:
        """Stop the publisher's container; the daemon's goes on."""
        run(["podman", "stop", self._name("publisher")])

    def start_daemon(self) -> None:
        """Start the container that takes in, syncs, conforms and asks people."""
        folders = [self._bind(path) for path in ("srv/mcsync", "var/lib/mcsync", "run/mcsyncd")]
        self._start("daemon", ["--cap-add=LEASE", *folders])

    def stop_daemon(self) -> tuple[int, float]:
        """Stop the daemon's container; return its exit code, and the seconds that it took."""
        began = time.monotonic()
        run(["podman", "stop", "--time", str(_STOP_LIMIT_S), self._name("daemon")])
        took_s = time.monotonic() - began
        code = run(["podman", "inspect", "--format", "{{.State.ExitCode}}", self._name("daemon")])
        return int(code), took_s

    def start_again(self, role: str) -> None:
        """Start a container as it was left."""
        run(["podman", "start", self._name(role)])

    def execute(self, role: str, command: str, *, check: bool = True) -> str:
        """Run a command of the product in a container, as the container's user; return what it prints."""
        return run(["podman", "exec", self._name(role), "mcsyncd", *command.split()], check=check)

    def is_healthy(self) -> bool:
        """Run the health check that the image names."""
        command = ["podman", "healthcheck", "run", self._name("daemon")]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0

    def read_log(self) -> str:
        """Return what the daemon said last."""
        command = ["podman", "logs", "--tail", "40", self._name("daemon")]
        done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.stdout.decode(errors="replace")

    def _start(self, role: str, options: Sequence[str], *arguments: str) -> None:
        shared = [self._bind(path, ":ro") for path in ("etc/mcsync", "etc/passwd", "etc/group")]
        shared.append(f"--volume={self._tag}-publish:/run/mcsyncd-publish")
        self._started.append(self._name(role))
        command = ["podman", "run", "--detach", f"--name={self._name(role)}", *CONFINED, *shared]
        run([*command, *options, self._image, *arguments])

    def _feed(self, path: str, command: Sequence[str]) -> None:
        """Give a file of the image to a command of the host."""
        read = ["podman", "run", "--rm", *CONFINED, "--entrypoint=cat", self._image, path]
        run(command, run(read).encode())

    def _bind(self, path: str, mode: str = "") -> str:
        return f"--volume={self._root / path}:/{path}{mode}"

    def _name(self, role: str) -> str:
        return f"{self._tag}-{role}"


def run(command: Sequence[str], given: bytes | None = None, *, check: bool = True) -> str:
    """Run a command; return what it prints. Raises RuntimeError if it fails, unless `check` is False."""
    done = subprocess.run(command, check=False, input=given, capture_output=True)
    if check and done.returncode:
        said = (done.stdout + done.stderr).decode(errors="replace")
        raise RuntimeError(f"{' '.join(command)}\nexit code {done.returncode}: {said}")
    return done.stdout.decode(errors="replace")
