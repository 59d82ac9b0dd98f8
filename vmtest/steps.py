"""What is proven on the booted machine, in this order. Each step goes on where the one before it ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from vmtest.machine import Machine, wait_until

UMASKS = {"1": "022", "2": "002"}
"""The umask under which each shoot's cards are copied: usual and open."""

INSTALL = (
    "apt-get install -y /var/cache/mcsyncd.deb",
    "sed -i 's/Cam A/Stage left/' /etc/mcsync/config.yaml",
    "mcsyncd config validate",
    "sudo -u mcsync-publish mcsyncd storage init",
    "systemctl enable --now mcsyncd",
    "sudo -u mcsync mcsyncd doctor",
    "usermod -aG mcsync-ingest jo",
    "usermod -aG mcsync-supervisors kim",
)
"""The commands of docs/operations.md; copying the cards and `mcsyncd status` make them ten."""

PID = "systemctl show -P MainPID mcsyncd"


@dataclass
class Trial:
    """The machine, and the sessions that were begun on it, oldest first."""

    machine: Machine
    sessions: list[str] = field(default_factory=list)

    def read_session(self, number: int) -> dict[str, Any]:
        """Return a session as `mcsyncd show` tells it; empty while the daemon does not answer."""
        return self.machine.read_json(f"mcsyncd show {self.sessions[number]} --json", user="kim") or {}

    def wait_for(self, number: int, *states: str, seconds: float = 240) -> float:
        """Wait until a session is in one of these states."""
        return wait_until(
            lambda: self.read_session(number).get("state") in states,
            seconds,
            f"session {number + 1} does not become {' or '.join(states)}",
        )

    def drop_cards(self, shoot: str) -> None:
        """Copy the three cards of a shoot as jo, each with another tool, and wait for the session."""
        source = f"/media/{shoot}"
        self.machine.run(
            f"umask {UMASKS[shoot]} && cd /srv/mcsync/drop && cp -r {source}/cam_a/DCIM cam_a/ "
            f"&& rsync -r {source}/cam_b/ cam_b/ && tar -C {source}/cam_c -cf - DCIM | tar -C cam_c -xf -",
            user="jo",
        )
        wait_until(self._find_new_session, 60, "no session begins")

    def approve(self, number: int) -> None:
        """Approve a session as kim, at the revision that kim sees."""
        session = self.read_session(number)
        self.machine.run(f"mcsyncd approve {session['id']} --revision {session['revision']}", user="kim")

    def _find_new_session(self) -> bool:
        listed = self.machine.read_json("mcsyncd sessions --json", user="kim") or []
        new = [one["id"] for one in listed if one["id"] not in self.sessions]
        self.sessions += new
        return bool(new)


def install(trial: Trial) -> str:
    """Install and configure by the documents' commands; the daemon runs, in a system without failed units."""
    began = time.monotonic()
    trial.machine.run("useradd -m jo && useradd -m kim")
    for command in INSTALL:
        trial.machine.run(command)
    assert trial.machine.run("systemctl is-system-running").strip() == "running"
    assert trial.machine.run("systemctl show -P ActiveState mcsyncd").strip() == "active"
    return f"{len(INSTALL) + 2} commands with the next step; {time.monotonic() - began:.0f} s"


def reach_confidence(trial: Trial) -> str:
    """Cards copied with cp, rsync and tar under umask 022 are synced, and the confidence is shown."""
    began = time.monotonic()
    trial.drop_cards("1")
    trial.wait_for(0, "in_review")
    session = trial.read_session(0)
    assert session["sync_confidence"] > 0.85, session["reasons"]
    return f"{session['sync_confidence']:.0%} after {time.monotonic() - began:.0f} s"


def decide(trial: Trial) -> str:
    """The operator and root may not approve; the supervisor's approval publishes, with the name."""
    session = trial.read_session(0)
    command = f"mcsyncd approve {session['id']} --revision {session['revision']}"
    codes = [trial.machine.read_code(command, user=user) for user in ("jo", "root")]
    assert 0 not in codes, codes
    assert trial.read_session(0)["state"] == "in_review"
    trial.approve(0)
    trial.wait_for(0, "published")
    assert trial.read_session(0)["approved_by"] == "kim"
    return f"exit codes of jo and root: {codes}; kim's is published"


def kill_daemon(trial: Trial) -> str:
    """Killed with -9 while it works on cards of umask 002, the service starts again and finishes."""
    trial.drop_cards("2")
    old = trial.machine.run(PID)
    trial.machine.run("kill -9 $(systemctl show -P MainPID mcsyncd)")
    waited = wait_until(lambda: trial.machine.run(PID) not in {old, "0\n"}, 30, "it is not started again")
    trial.wait_for(1, "in_review")
    trial.approve(1)
    trial.machine.run("kill -9 $(systemctl show -P MainPID mcsyncd)")
    trial.wait_for(1, "published")
    # What was copied so that the daemon may not remove it stays, and its owner removes it.
    trial.machine.run("rm -rf /srv/mcsync/drop/cam_*/DCIM", user="jo")
    return f"started again after {waited:.0f} s; published after a second kill"


def reload_settings(trial: Trial) -> str:
    """A reload of bad settings changes nothing and says so; good settings apply, in the same process."""
    old = trial.machine.run(PID)
    trial.machine.run(
        "cp /etc/mcsync/config.yaml /var/tmp/good && echo 'nonsense: 1' >> /etc/mcsync/config.yaml"
    )
    trial.machine.run("systemctl reload mcsyncd", check=False)
    wait_until(lambda: "nonsense" in trial.machine.run("journalctl -u mcsyncd -o cat"), 20, "it is not said")
    trial.machine.run("sed 's/Stage left/Stage right/' /var/tmp/good > /etc/mcsync/config.yaml")
    trial.machine.run("mcsyncd config validate && systemctl reload mcsyncd")
    folders = "mcsyncd status --json"
    wait_until(lambda: "Stage right" in trial.machine.run(folders, user="kim"), 20, "the label stays")
    assert trial.machine.run(PID) == old
    return "the bad file is named in the journal, the good one applies, same process"


def vacuum_journal(trial: Trial) -> str:
    """The journal is rotated and emptied; the daemon goes on, and what it says next is there."""
    old = trial.machine.run(PID)
    trial.machine.run("journalctl --rotate && journalctl --vacuum-time=1s")
    trial.machine.run("systemctl reload mcsyncd")
    wait_until(lambda: len(trial.machine.run("journalctl -u mcsyncd -o cat -q")) > 0, 20, "it is silent")
    assert trial.machine.run(PID) == old
    return "same process, new entries"


def hang_daemon(trial: Trial) -> str:
    """Stopped with SIGSTOP, the daemon is ended by systemd's watchdog and started again."""
    old = trial.machine.run(PID)
    trial.machine.run("kill -STOP $(systemctl show -P MainPID mcsyncd)")
    waited = wait_until(lambda: trial.machine.run(PID) not in {old, "0\n"}, 200, "the watchdog does nothing")
    wait_until(lambda: bool(trial.read_session(1)), 60, "it does not answer")
    assert "watchdog" in trial.machine.run("journalctl -u mcsyncd -o cat").lower()
    return f"another process after {waited:.0f} s"


STEPS: tuple[Callable[[Trial], str], ...] = (
    install,
    reach_confidence,
    decide,
    kill_daemon,
    reload_settings,
    vacuum_journal,
    hang_daemon,
)
