"""Events about the record itself: refusals, and a ledger that was lost. They change no session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mcsyncd.model.session import Actor


@dataclass(frozen=True, slots=True)
class DecisionRefused:
    """Decisions that were refused: `count` alike within a minute. It changes nothing.

    `code` is the API's word for why, `reason` its sentence; `revision` is the one that was decided on.
    Refusals that are about no known session are kept with the ledger itself.
    """

    at: str
    by: Actor
    action: str
    code: str
    reason: str
    revision: int | None = None
    count: int = 1
    kind: Literal["decision_refused"] = "decision_refused"


@dataclass(frozen=True, slots=True)
class LedgerAccepted:
    """A person lets the ledger go on although it does not know everything that was made with it.

    `marks` name what it does not know. It belongs to the ledger, not to a session.
    """

    at: str
    by: Actor
    reason: str
    marks: tuple[str, ...]
    kind: Literal["ledger_accepted"] = "ledger_accepted"


@dataclass(frozen=True, slots=True)
class LedgerRebuilt:
    """All events before this one come from manifests and work folders: the ledger that had them was lost.

    `published` and `restarted` count the sessions; `marks` name what the ledger does not know all the same.
    """

    at: str
    by: Actor
    published: int
    restarted: int
    marks: tuple[str, ...] = ()
    kind: Literal["ledger_rebuilt"] = "ledger_rebuilt"
