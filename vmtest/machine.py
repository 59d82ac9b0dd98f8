"""A Debian machine: built by mmdebstrap, booted by systemd-nspawn with systemd as process 1 and no network.

The kernel is this machine's own; all else is Debian's. Footage and ledger lie on a disk of the machine's, an
ext4 in an image, which can be cut off at an instant.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Self

from power_cut import CopyDisturbed, Disk, mount_disk

PACKAGES = "systemd,systemd-sysv,dbus,python3,rsync,sudo,adduser,tar,procps"
"""A bare Debian with what its installer always brings, Python and rsync. The .deb needs no more."""

MOUNTS = {"srv": "/srv/mcsync", "state": "/var/lib/mcsync"}
"""Folders of the machine's disk, and where the machine sees them."""

REBOOT_CODE = 133
"""How systemd-nspawn ends with --keep-unit when the machine reboots (systemd-nspawn(1))."""

_COPY_TRIES = 50
"""Tries to copy the disk while nothing is written to it. The kernel writes back for a moment at a time."""

_DISK_BYTES = 8 << 30
"""Size of the disk, which is sparse. `mcsyncd doctor` fails where less than some GB are free."""


def unpack_debian(suite: str, cache: Path, root: Path) -> None:
    """Unpack a bare Debian to `root`; it is built once, and kept in `cache`."""
    archive = cache / f"{suite}.tar"
    if not archive.exists():
        cache.mkdir(parents=True, exist_ok=True)
        part = archive.with_suffix(".part.tar")
        command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}", suite, str(part)]
        subprocess.run(command, check=True)
        part.rename(archive)
    root.mkdir()
    subprocess.run(["tar", "-C", str(root), "--numeric-owner", "-xf", str(archive)], check=True)
    (root / "etc" / "hostname").write_text("mcsync-vmtest\n")
    (root / "etc" / "hosts").write_text("127.0.0.1 localhost mcsync-vmtest\n")


def make_disk(image: Path) -> None:
    """Make an empty ext4 in an image."""
    with image.open("wb") as file:
        file.truncate(_DISK_BYTES)
    options = "lazy_itable_init=0,lazy_journal_init=0"
    subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", "-N", "65536", "-E", options, str(image)], check=True)


class Machine:
    """One machine with its disk; use it as a context manager, which leaves nothing mounted or running."""

    def __init__(self, folder: Path, root: Path) -> None:
        self._folder = folder
        self._root = root
        self._image = folder / "disk.img"
        self._nspawn: subprocess.Popen[bytes] | None = None
        self._leader = 0
        self._mounted = ExitStack()
        self._disk: Disk

    def __enter__(self) -> Self:
        make_disk(self._image)
        self._mount()
        self.boot()
        return self

    def __exit__(self, *_: object) -> None:
        if self._nspawn is not None and self._nspawn.poll() is None:
            self._kill()
        self._mounted.close()

    def boot(self) -> None:
        """Start the machine, and wait until systemd has started everything. Raises TimeoutError."""
        binds = [f"--bind={self._disk.mount_point / name}:{path}" for name, path in MOUNTS.items()]
        command = ["systemd-nspawn", "--quiet", "--boot", "--private-network", "--register=no", "--keep-unit"]
        command += [f"--directory={self._root}", "--machine=mcsync-vmtest", "--console=pipe", *binds]
        environ = {**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
        with (self._folder / "console.log").open("ab") as log:
            self._nspawn = subprocess.Popen(
                command, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        wait_until(self._has_booted, 90, "the machine does not boot")

    def run(self, script: str, *, user: str = "root", check: bool = True) -> str:
        """Run a shell script as a user who has logged in; return what it printed, errors included.

        Raises RuntimeError if it fails, unless `check` is False.
        """
        done = self._call(script, user)
        if check and done.returncode:
            raise RuntimeError(f"{user}: {script}\nexit code {done.returncode}: {done.stdout}")
        return done.stdout

    def read_code(self, script: str, *, user: str = "root") -> int:
        """Run a shell script and return its exit code."""
        return self._call(script, user).returncode

    def read_json(self, command: str, *, user: str = "root") -> Any:
        """Run a command and parse what it printed; None while it fails."""
        done = self._call(command, user)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def cut_power(self) -> None:
        """Take the machine away with all that is in its memory; its disk stays as it was at that instant.

        Killing processes alone is no power cut: the kernel still brings to the disk what they wrote.
        """
        copy = self._folder / "cut.img"
        for pid in self._list_processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        for _ in range(_COPY_TRIES):
            try:
                self._disk.copy_image(copy)
                break
            except CopyDisturbed:
                time.sleep(0.02)
        else:
            raise TimeoutError("the disk never came to rest")
        self._kill()
        self._mounted.close()
        copy.rename(self._image)
        self._mount()

    def reboot(self) -> None:
        """Let the machine shut down and start again, in its own time."""
        assert self._nspawn is not None  # it runs
        self.run("systemctl reboot", check=False)
        if (code := self._nspawn.wait(timeout=150)) != REBOOT_CODE:
            raise RuntimeError(f"the machine did not reboot, but ended with {code}: see console.log")
        self.boot()

    def _list_processes(self) -> list[int]:
        """Return the machine's processes, as this machine numbers them."""
        own = Path(f"/proc/{self._leader}/ns/pid").readlink()
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with suppress(OSError):
                    if (entry / "ns" / "pid").readlink() == own:
                        found.append(int(entry.name))
        return found

    def _mount(self) -> None:
        self._mounted = ExitStack()
        self._disk = self._mounted.enter_context(mount_disk(self._image, self._folder / "disk", "ordered"))
        for name in MOUNTS:
            (self._disk.mount_point / name).mkdir(exist_ok=True)

    def _kill(self) -> None:
        """End process 1 of the machine; the kernel ends all others with it."""
        assert self._nspawn is not None  # it runs
        os.kill(self._leader, signal.SIGKILL)
        self._nspawn.wait(timeout=60)

    def _has_booted(self) -> bool:
        assert self._nspawn is not None  # `boot` has just started it
        if self._nspawn.poll() is not None:
            raise RuntimeError(f"systemd-nspawn ended: {(self._folder / 'console.log').read_text()}")
        children = Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children").read_text().split()
        if not children:
            return False
        self._leader = int(children[0])
        return self.run("systemctl is-system-running", check=False).strip() in {"running", "degraded"}

    def _call(self, script: str, user: str) -> subprocess.CompletedProcess[str]:
        enter = ["nsenter", "--target", str(self._leader), "--all", "env", "-i", "LANG=C.UTF-8", "TERM=dumb"]
        path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        command = [*enter, path, "runuser", "-u", user, "--", "sh", "-c", script]
        return subprocess.run(
            command,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=300,
        )


def wait_until(holds: Callable[[], bool], seconds: float, failure: str) -> float:
    """Return after how many seconds something holds. Raises TimeoutError with `failure`."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"{failure} ({seconds:.0f} s)")
        time.sleep(0.3)
    return time.monotonic() - began


def find_missing_tools() -> list[str]:
    """Return what this machine lacks to build and boot one."""
    tools = ("mmdebstrap", "systemd-nspawn", "nsenter", "mkfs.ext4", "losetup")
    return [tool for tool in tools if shutil.which(tool) is None]
