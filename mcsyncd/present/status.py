"""Parts of the daemon's status in words. Pure."""

from __future__ import annotations

from mcsyncd.api import LedgerBody
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
