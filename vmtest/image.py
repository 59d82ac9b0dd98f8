"""`python -m vmtest.image [--image NAME]`: try the image of `make image`. Needs root and podman."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mcsyncd.demo.shoot import make_shoot
from vmtest.containers import PEOPLE, ContainerHost
from vmtest.machine import wait_until

COMMAND = Path(sys.executable).with_name("mcsyncd")
"""The command that people have on the host: this checkout's."""


@dataclass
class ImageTrial:
    """The host, a shoot to drop, and the session that comes of it."""

    host: ContainerHost
    cards: Path
    session: str = field(default="")

    def ask(self, command: str, person: str = "kim") -> subprocess.CompletedProcess[str]:
        """Run a command on the host, at the socket, as a person who is logged in there."""
        uid, _ = PEOPLE[person]
        groups = ("10942", str(uid))  # whether these count is the daemon's to look up
        rights = [f"--reuid={uid}", f"--regid={uid}", f"--groups={','.join(groups)}"]
        call = ["setpriv", *rights, str(COMMAND), "--socket", str(self.host.socket), *command.split()]
        environ = {**os.environ, "HOME": "/nonexistent", "MCSYNCD_CONFIG": "/nonexistent"}
        return subprocess.run(call, check=False, capture_output=True, text=True, env=environ)

    def read(self, command: str) -> Any:
        """Return what a command says in JSON; None while it fails."""
        done = self.ask(f"{command} --json")
        return json.loads(done.stdout) if done.returncode == 0 else None

    def wait_for(self, state: str) -> float:
        """Wait until the session is in a state; return the seconds that it took."""

        def is_there() -> bool:
            return (self.read(f"show {self.session}") or {}).get("state") == state

        return wait_until(is_there, 180, f"the session does not become {state}")


def become_healthy(trial: ImageTrial) -> str:
    """Both containers start; the health check fails until the daemon answers, and holds from then on."""
    trial.host.start_publisher()
    trial.host.start_daemon()
    waited = wait_until(trial.host.is_healthy, 60, "it does not become healthy")
    said = trial.host.execute("daemon", "doctor", check=False)  # nothing may keep this machine's clock right
    for line in ("✔ sandbox: ", "✔ writers: ", "✔ publisher: ", "✔ storage local: "):
        assert line in said, said
    return f"healthy after {waited:.1f} s; {next(one for one in said.splitlines() if 'sandbox' in one)}"


def stay_healthy(trial: ImageTrial) -> str:
    """While the publisher is away there is an alert, and the daemon is healthy: a restart would not help."""
    trial.host.stop_publisher()
    alert = "mcsyncd-publish does not answer"
    wait_until(lambda: alert in trial.ask("status --check").stdout, 60, "it is not said")
    assert trial.host.is_healthy()
    trial.host.start_again("publisher")
    waited = wait_until(lambda: trial.ask("status --check").returncode == 0, 60, "the alert stays")
    return f"the alert ended {waited:.0f} s after the publisher came back"


def reach_confidence(trial: ImageTrial) -> str:
    """Cards that an operator copies are synced, and a supervisor on the host sees the confidence."""
    began = time.monotonic()
    uid, _ = PEOPLE["jo"]
    for card in sorted(trial.cards.iterdir()):
        rights = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--groups=10941"]
        subprocess.run([*rights, "cp", "-r", f"{card}/.", str(trial.host.drop / card.name)], check=True)
    wait_until(lambda: bool(trial.read("sessions")), 60, "no session begins")
    trial.session = trial.read("sessions")[0]["id"]
    trial.wait_for("in_review")
    session = trial.read(f"show {trial.session}")
    assert session["sync_confidence"] > 0.85, session["reasons"]
    return f"{session['sync_confidence']:.0%} after {time.monotonic() - began:.0f} s"


def decide(trial: ImageTrial) -> str:
    """The host's uids say who decides: the operator may not, the supervisor's name is recorded."""
    approve = f"approve {trial.session} --revision {trial.read(f'show {trial.session}')['revision']}"
    refused = trial.ask(approve, "jo").returncode
    inside = trial.host.execute("daemon", approve, check=False)
    assert refused == 5, refused  # "not permitted", docs/operations.md
    assert trial.read(f"show {trial.session}")["state"] == "in_review", inside
    answer = trial.ask(approve)
    assert answer.returncode == 0, answer.stderr
    waited = trial.wait_for("published")
    assert trial.read(f"show {trial.session}")["approved_by"] == "kim"
    return f"published {waited:.0f} s after kim's approval; jo got exit code {refused}"


def stop_and_start(trial: ImageTrial) -> str:
    """SIGTERM ends it in time, the health check notices, and started again it knows the session."""
    code, took_s = trial.host.stop_daemon()
    assert code == 0, trial.host.read_log()
    assert not trial.host.is_healthy()
    trial.host.start_again("daemon")
    wait_until(trial.host.is_healthy, 60, "it does not become healthy again")
    trial.wait_for("published")
    trial.host.execute("daemon", "verify log")
    trial.host.execute("daemon", "verify media")
    trial.host.execute("daemon", "verify store")
    return f"ended after {took_s:.1f} s with code {code}; log, files and objects verified"


STEPS: tuple[Callable[[ImageTrial], str], ...] = (
    become_healthy,
    stay_healthy,
    reach_confidence,
    decide,
    stop_and_start,
)


def take_steps(image: str) -> bool:
    """Take the steps until one fails, and print what each proved; return whether all held."""
    with tempfile.TemporaryDirectory(prefix="mcsync-image-", dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)  # people reach the drop folders and the socket through it
        make_shoot(folder / "cards", seconds=20.0, size=(320, 180), seed=1)
        with ContainerHost(image, folder) as host:
            trial = ImageTrial(host, folder / "cards")
            for step in STEPS:
                try:
                    print(f"{step.__doc__}\n    {step(trial)}", flush=True)
                except (AssertionError, RuntimeError, TimeoutError) as error:
                    print(f"{step.__doc__}\n    FAILED: {error!r}\n{host.read_log()}")
                    return False
    return True


def main() -> int:
    """Try the image; exit code 1 if a step failed, 2 if this machine cannot run it."""
    parser = argparse.ArgumentParser(prog="python -m vmtest.image", description=__doc__)
    parser.add_argument("--image", default="mcsyncd", help="what `make image` built (default: mcsyncd)")
    asked = parser.parse_args()
    tools = ("podman", "systemd-sysusers", "systemd-tmpfiles", "useradd", "setpriv")
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing or os.geteuid() != 0:
        print(f"vmtest.image needs root and podman; missing: {missing}")
        return 2
    return 0 if take_steps(asked.image) else 1


if __name__ == "__main__":
    sys.exit(main())
