"""What a package does to what is there: installing it again, removing and purging it, and an upgrade."""

from __future__ import annotations

from vmtest.steps import PID, Trial, install, reach_confidence

NEWER = "/var/cache/mcsyncd-newer.deb"
"""Where the package lies that replaces an older one."""

HASH_FILES = "find /srv/mcsync /var/lib/mcsync -type f ! -name '*-shm' -exec sha256sum {} + | sort -k 2"
"""Prints the hash of each file of footage and ledger. SQLite's shared memory holds no content."""

SETTINGS = "cat /etc/mcsync/config.yaml"

FORGET_STEP = """
import sqlite3
ledger = sqlite3.connect("/var/lib/mcsync/ledger.db", isolation_level=None)
(newest,) = ledger.execute("SELECT max(name) FROM _sqlite_migrations").fetchone()
ledger.execute("DELETE FROM _sqlite_migrations WHERE name = ?", (newest,))
print(newest)
"""
"""Makes the newest step of the ledger's schema due again. It must be one that can be taken twice."""


LIST_EVENTS = """
import sqlite3
for row in sqlite3.connect("/var/lib/mcsync/ledger.db").execute("SELECT hash FROM event ORDER BY seq"):
    print(*row)
"""
"""Prints the hash of each event, which covers all events before it."""


def install_again(trial: Trial) -> str:
    """The same package once more: the daemon is another process, settings and sessions are kept."""
    old, settings = trial.machine.run(PID), trial.machine.run(SETTINGS)
    trial.machine.run("apt-get install -y --reinstall /var/cache/mcsyncd.deb")
    assert trial.machine.run(SETTINGS) == settings
    assert trial.machine.run(PID) not in {old, "0\n"}
    trial.wait_for(0, "published", seconds=60)
    trial.verify_log()
    return "another process; settings and sessions are kept"


def remove(trial: Trial) -> str:
    """Removed, the package leaves footage, ledger and settings; installed again, it goes on with them."""
    settings = trial.machine.run(SETTINGS)
    files = _take_away(trial, "remove")
    assert trial.machine.run(SETTINGS) == settings
    trial.machine.run("apt-get install -y /var/cache/mcsyncd.deb")
    assert trial.machine.run("systemctl is-enabled mcsyncd", check=False).strip() == "disabled"
    trial.machine.run("systemctl enable --now mcsyncd")
    for number in range(len(trial.sessions)):
        trial.wait_for(number, "published", seconds=60)
    return f"{files} files are the same, and their sessions there again"


def purge(trial: Trial) -> str:
    """Purged, the package leaves footage and ledger, byte for byte, and takes the settings with it."""
    files = _take_away(trial, "purge")
    assert trial.machine.read_code("ls -d /etc/mcsync") != 0
    assert trial.machine.run("systemctl --failed --no-legend") == ""
    return f"{files} files of footage and ledger are the same"


def _take_away(trial: Trial, how: str) -> int:
    """Remove or purge the package; return how many files of people's are there, the same as before."""
    trial.machine.run("systemctl stop mcsyncd mcsyncd-publish")
    before = trial.machine.run(HASH_FILES)
    trial.machine.run(f"apt-get {how} -y mcsyncd")
    assert trial.machine.run(HASH_FILES) == before
    for path in ("/opt/mcsync", "/usr/bin/mcsyncd", "/usr/lib/systemd/system/mcsyncd.service"):
        assert trial.machine.read_code(f"test -e {path} || test -L {path}") != 0, f"{path} is still there"
    return len(before.splitlines())


def begin_with_older(trial: Trial) -> str:
    """The older package publishes a session, and leaves a ledger that lacks a step of the newer schema."""
    install(trial)
    reach_confidence(trial)
    trial.approve(0)
    trial.wait_for(0, "published")
    trial.clear_cards()
    trial.machine.run("systemctl stop mcsyncd")
    step = trial.machine.run(f"sudo -u mcsync python3 -c '{FORGET_STEP}'").strip()
    return f"{_read_version(trial)}, without {step}"


def upgrade(trial: Trial) -> str:
    """The newer package copies the ledger before its schema changes, and keeps settings, log and sessions."""
    machine = trial.machine
    settings, older = machine.run(SETTINGS), _read_version(trial)
    events = _list_events(trial)
    # Settings and sample both changed: dpkg asks, and its default answer keeps the settings.
    keep = "-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold"
    machine.run(f"DEBIAN_FRONTEND=noninteractive apt-get install -y {keep} {NEWER}")
    machine.run("systemctl start mcsyncd")
    assert machine.run(SETTINGS) == settings
    copies = machine.run("ls /var/lib/mcsync/backups/ledger-before-*.db").split()
    assert len(copies) == 1, copies
    trial.wait_for(0, "published", seconds=60)
    assert _list_events(trial)[: len(events)] == events
    trial.verify_log()
    return f"{older} to {_read_version(trial)}: {copies[0]}, {len(events)} events kept"


def _list_events(trial: Trial) -> list[str]:
    return trial.machine.run(f"sudo -u mcsync python3 -c '{LIST_EVENTS}'").split()


def _read_version(trial: Trial) -> str:
    return trial.machine.run("dpkg-query -W -f '${Version}' mcsyncd")
