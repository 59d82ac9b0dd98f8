"""The outbox of a receiver as a small file beside the ledger: it is no evidence, so not in the chain."""

from __future__ import annotations

from pathlib import Path

import structlog
from pydantic import TypeAdapter, ValidationError

from mcsyncd.integrity.derived_file import write_derived_file
from mcsyncd.notify.outbox import Outbox, resume_outbox

_OUTBOX = TypeAdapter(Outbox)

log = structlog.get_logger("mcsyncd.notify")


def locate_outbox(state: Path, receiver: str) -> Path:
    """Return the file of a receiver, by its name, in the state folder."""
    return state / f"outbox-{receiver}.json"


def read_outbox(path: Path, head: int, now: float) -> tuple[Outbox, bool]:
    """Return what was still to be told, and whether it was there.

    Without a file, with one that is damaged, and with one that knows more events than the ledger, whose last
    is number `head`, it begins at the present: what happened before is not told. `now` is on the monotonic
    clock.
    """
    try:
        kept = _OUTBOX.validate_json(path.read_bytes())
    except FileNotFoundError:
        return Outbox(seq=head), False
    except (OSError, ValidationError) as error:
        log.warning(
            "what was told cannot be read: it begins anew", file=str(path), error=type(error).__name__
        )
        return Outbox(seq=head), False
    if kept.seq > head:
        log.warning("what was told is of another ledger: it begins anew", file=str(path))
        return Outbox(seq=head), False
    return resume_outbox(kept, now), True


def write_outbox(path: Path, outbox: Outbox) -> None:
    """Keep an outbox over a restart and a power cut. Raises OSError."""
    write_derived_file(path, _OUTBOX.dump_json(outbox))
