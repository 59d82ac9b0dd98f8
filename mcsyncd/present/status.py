"""Parts of the daemon's status in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from mcsyncd.api import ClusterBody, LedgerBody
from mcsyncd.model.text import escape_text


def format_ledger(ledger: LedgerBody) -> str:
    """Return the state of the ledger and of its copies: `intact; newest copy /var/…/ledger-20261126.db`."""
    match ledger.check:
        case "running":
            state = f"being checked, {ledger.checked_events:,} events so far"
        case "faulty":
            state = f"damaged: {escape_text(ledger.faults[0], 300)}" if ledger.faults else "damaged"
        case _:
            state = "intact"
    copy = escape_text(ledger.last_backup, 200) if ledger.last_backup else "none yet"
    return f"{state}; newest copy {copy}"


def format_cluster(cluster: ClusterBody) -> Iterator[str]:
    """Yield the machines that encode, a line each: `  encode-1: accepted, 1 of 4 busy: cam_a/A001.MOV`."""
    accepted = sum(machine.accepted for machine in cluster.machines)
    health = "" if cluster.health == "ok" else f": {escape_text(cluster.health, 300)}"
    count = f"{accepted} of {len(cluster.machines)} accepted"
    yield f"machines: {count} at {escape_text(cluster.scheduler)}{health}"
    for machine in cluster.machines:
        name = escape_text(machine.name, 60)
        if not machine.accepted:
            yield f"  {name}: rejected: {escape_text(machine.reason, 300)}"
            continue
        busy = ": " + ", ".join(escape_text(clip, 60) for clip in machine.running) if machine.running else ""
        yield f"  {name}: accepted, {len(machine.running)} of {machine.slots} busy{busy}"
