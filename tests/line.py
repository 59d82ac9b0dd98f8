"""A real daemon in a folder of its own, driven from outside as people drive it."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from forked_process import ForkedProcess, ForkServer, get_fork_server, run_forked
from pydantic import BaseModel

from mcsyncd.checks.store_identity import prepare_store
from mcsyncd.client import Client
from mcsyncd.errors import McsyncError, Unreachable
from mcsyncd.settings.active_config import ActiveConfig
from mcsyncd.settings.stores import LocalStorage

ROOT = Path(__file__).parents[1]
ME = pwd.getpwuid(os.geteuid()).pw_name
"""Who runs the tests, and so the daemon: only whom the settings name may decide."""
CONFIG = """\
paths: {{drop: var/drop, work: {work}, state: var/state}}
socket: {socket}
cameras:
  cam_a: {{label: Cam A, reference: true}}
  cam_b: {{label: Cam B}}
  cam_c: {{label: Cam C}}
ingest: {{watch: auto, settle: 500ms, quiet: {quiet}}}
profiles: {{directory: {profiles}, rate: auto}}
conform: {{when: {conform}}}
review: {{review_below: 0.85, approvers: {{users: [{users}]}}}}
storage: {storage}
"""


@dataclass
class Line:
    """The folders and the process of one daemon. Start it, drop files, ask the command line.

    With `forked`, the daemon, its workers and the commands are forks of a process that has imported
    everything: a session then costs half the time. Without it, they start as they do for people; tests of
    starts, ends and processes want that. Whoever changes the environment gets it, too.
    """

    home: Path
    options: dict[str, str] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | ForkedProcess | None = None
    forked: bool = False
    backoff_s: float | None = None
    """Seconds that a failed job of a forked daemon waits; None is as long as it does without a test."""

    def __post_init__(self):
        self.home.mkdir(parents=True, exist_ok=True)
        self.configure()

    def configure(self, **options: str) -> None:
        self.options |= options
        known = {
            "work": "var/work",
            "socket": "var/api.sock",
            "quiet": "1s",
            "conform": "confident",
            "users": ME,
            "profiles": str(ROOT / "profiles"),
            "storage": "{kind: local, path: var/bucket}",
        }
        self.config.write_text(CONFIG.format(**known | self.options))

    @property
    def config(self) -> Path:
        return self.home / "config.yaml"

    @property
    def drop(self) -> Path:
        return self.home / "var" / "drop"

    @property
    def work(self) -> Path:
        return self.home / "var" / "work"

    @property
    def log(self) -> str:
        return (self.home / "daemon.log").read_text()

    def prepare_store(self) -> None:
        """As `mcsyncd storage init` does."""
        settings = ActiveConfig.read(self.config).settings
        for storage in settings.stores:
            if isinstance(storage, LocalStorage):
                with suppress(OSError):  # a disk that fails is what some tests are about
                    prepare_store(settings, storage)

    def start(self) -> Line:
        if self.process is None:
            self.prepare_store()
        path = self.home / "daemon.log"
        if server := self._find_fork_server():
            self.process = ForkedProcess(
                server, ["--config", str(self.config), "run"], path, path, self.backoff_s
            )
        else:
            command = [sys.executable, "-m", "mcsyncd", "--config", str(self.config), "run"]
            with path.open("ab") as log:
                self.process = subprocess.Popen(
                    command, stdout=log, stderr=log, env=os.environ | self.environ, start_new_session=True
                )
        self.wait(self.answers, "the daemon answers", 30)
        return self

    def _find_fork_server(self) -> ForkServer | None:
        if not self.forked or self.environ:
            return None
        server = get_fork_server()
        return server if server.fits else None

    def answers(self) -> bool:
        assert self.process.poll() is None, self.log[-3000:]
        try:
            folders = self.status()["folders"].values()
        except Unreachable:
            return False
        return all(folder["health"] != "not scanned yet" for folder in folders)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(20)

    def stop(self) -> int:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(40) if self.process else 0

    def ask(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        arguments = ("--config", str(self.config), *arguments)
        if server := self._find_fork_server():
            done = run_forked(server, arguments, timeout=60)
        else:
            command = [sys.executable, "-m", "mcsyncd", *arguments]
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert not check or done.returncode == 0, (arguments, done.returncode, done.stderr, done.stdout)
        return done

    def json(self, *arguments: str):
        return json.loads(self.ask(*arguments, "--json").stdout)

    def sessions(self) -> list[dict]:
        """All sessions, newest first: what `sessions --json` prints, without starting a process."""
        return self.call(lambda client: client.list_sessions())["sessions"]

    def status(self) -> dict:
        return self.call(lambda client: client.fetch_status())

    def call(self, ask: Callable[[Client], Awaitable[BaseModel]]) -> dict:
        async def calling():
            async with Client(self.home / "var" / "api.sock") as client:
                return await ask(client)

        try:
            return asyncio.run(calling()).model_dump(mode="json")
        except McsyncError as error:
            if "internal error" in error.message:
                raise AssertionError(f"{error.message}\n{self.log[-6000:]}") from error
            raise

    def session(self) -> dict:
        """The newest session."""
        return self.sessions()[0]

    def drop_in(self, files: dict[str, Path], name: str | None = None) -> None:
        """Copy a file into each camera's folder, as a person would."""
        for camera, file in files.items():
            shutil.copy(file, self.drop / camera / (name or file.name))

    def wait(self, until: Callable[[], object], what: str, patience_s: float = 60) -> object:
        """Return what `until` returns once it is true."""
        last = time.monotonic() + patience_s
        while time.monotonic() < last:
            if found := until():
                return found
            time.sleep(0.1)
        tail = self.log[-3000:] if (self.home / "daemon.log").exists() else ""
        raise AssertionError(f"waited {patience_s:.0f} s in vain until {what}\n{tail}")

    def wait_for(self, *states: str, count: int = 1, patience_s: float = 90) -> dict:
        """Return the newest session once `count` sessions are there and it is in one of `states`."""

        def there():
            found = self.sessions()
            return found[0] if len(found) >= count and found[0]["state"] in states else None

        return self.wait(there, f"the newest of {count} session(s) is {' or '.join(states)}", patience_s)
