"""What is proven on the booted machine, in this order. Each step goes on where the one before it ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from vmtest.machine import Machine, wait_until

UMASKS = {"1": "022", "2": "002", "3": "077", "4": "022"}
"""The umask under which each shoot's cards are copied: usual, open, closed, and usual again."""

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

FILL = (
    "cd /srv/mcsync && fallocate -l $(($(df --output=avail -B1 . | tail -1) - 1048576)) filler; "
    "dd if=/dev/zero of=filler2 bs=4k 2>/dev/null; df --output=avail . | tail -1"
)
"""Takes all room of the disk, most of it at once and the rest block by block, and prints what is left."""


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

    def drop_cards(self, shoot: str, then: str = "true") -> None:
        """Copy the three cards of a shoot as jo, each with another tool, and wait for the session.

        `then` is a command that follows at once, in the folder of the drop folders. Files that replace others
        of the same names must rest for up to two minutes.
        """
        source = f"/media/{shoot}"
        self.machine.run(
            f"umask {UMASKS[shoot]} && cd /srv/mcsync/drop && cp -r {source}/cam_a/DCIM cam_a/ "
            f"&& rsync -r {source}/cam_b/ cam_b/ "
            f"&& tar -C {source}/cam_c -cf - DCIM | tar -C cam_c -xf - && {then}",
            user="jo",
        )
        wait_until(self._find_new_session, 180, "no session begins")

    def clear_cards(self) -> None:
        """Remove as jo what was taken and is still there, because the daemon may not remove it."""
        self.machine.run("rm -rf /srv/mcsync/drop/cam_*/DCIM", user="jo")

    def read_status(self) -> dict[str, Any]:
        """Return the status; empty while the daemon does not answer."""
        return self.machine.read_json("mcsyncd status --json", user="kim") or {}

    def verify_log(self) -> None:
        """Check the chain of events. Raises RuntimeError if it does not hold."""
        self.machine.run("sudo -u mcsync mcsyncd verify log")

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
    trial.clear_cards()
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


def refuse_unreadable(trial: Trial) -> str:
    """Cards copied under umask 077 can be read; a file of mode 0600 holds the seal, with its owner named."""
    file = "cam_b/DCIM/100MEDIA/C0012.MP4"
    trial.drop_cards("3", then=f"chmod 600 {file}")
    wait_until(lambda: file in trial.read_status().get("held", []), 180, f"{file} is not held")
    assert trial.read_status()["held"] == [file], "the cards that were copied under umask 077 are readable"
    uid = trial.machine.run("id -u jo").strip()
    said = trial.machine.run("mcsyncd status", user="kim")
    assert f"of uid {uid} with mode 0600" in said, said
    assert "camera operator" in said, said
    assert trial.read_session(2)["state"] == "collecting"
    trial.machine.run(f"chmod g+r /srv/mcsync/drop/{file}", user="jo")
    waited = trial.wait_for(2, "in_review", seconds=400)
    trial.clear_cards()
    return f"jo and the mode are named; readable, it is in review after {waited:.0f} s"


def fill_disk(trial: Trial) -> str:
    """On a full disk nothing is published, and the log says why; with room again, the approval publishes."""
    session = trial.read_session(2)
    left = trial.machine.run(FILL, check=False).split()[-1]
    assert left == "0", f"{left} KiB are free"
    # One event may still fit into the pages that the ledger has already: both answers are right.
    approve = f"mcsyncd approve {session['id']} --revision {session['revision']}"
    refused = trial.machine.read_code(approve, user="kim") != 0
    said = "journalctl -u mcsyncd -o cat --since=-2min | grep -E 'No space left|disk is full'"
    wait_until(lambda: trial.machine.read_code(said) == 0, 60, "the full disk is not said")
    state = trial.read_session(2)["state"]
    assert state not in {"published", "failed"}, state
    trial.machine.run("rm /srv/mcsync/filler /srv/mcsync/filler2")
    if refused:
        wait_until(lambda: trial.machine.read_code(approve, user="kim") == 0, 60, "it is still refused")
    waited = trial.wait_for(2, "published", seconds=400)
    assert trial.read_session(2)["approved_by"] == "kim"
    answer = "refused" if refused else "recorded"
    return f"the approval was {answer}, {state} while it was full; published {waited:.0f} s after"


def cut_power(trial: Trial) -> str:
    """The power goes right after an approval; after the boot it is known, and the session is published."""
    trial.drop_cards("4")
    trial.wait_for(3, "in_review")
    trial.approve(3)
    before = trial.read_session(3)["state"]
    trial.machine.cut_power()
    trial.machine.boot()
    trial.wait_for(3, "published")
    assert trial.read_session(3)["approved_by"] == "kim"
    trial.verify_log()
    trial.clear_cards()
    return f"cut while it was {before}; published, and the chain of events holds"


def reboot(trial: Trial) -> str:
    """A reboot ends the daemon in time and starts it again; it knows all sessions, files and objects."""
    trial.machine.reboot()
    for number in range(len(trial.sessions)):
        trial.wait_for(number, "published", seconds=60)
    trial.verify_log()
    trial.machine.run("sudo -u mcsync mcsyncd verify media && sudo -u mcsync mcsyncd verify store")
    return f"{len(trial.sessions)} sessions published, all files and objects as recorded"


Step = Callable[[Trial], str]
"""Does one thing on the machine, and returns what that proved. Raises AssertionError if it failed."""

STEPS: tuple[Step, ...] = (
    install,
    reach_confidence,
    decide,
    kill_daemon,
    reload_settings,
    vacuum_journal,
    hang_daemon,
    refuse_unreadable,
    fill_disk,
    cut_power,
    reboot,
)
