"""All that the app knows, as one value: the sessions, the daemon's state, and the link to it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from mcsyncd.api import ProgressBody, SessionBody, StatusBody

STALE_AFTER_S = 22.0
"""The daemon's heart beats every 10 s; after two missed beats the view counts as stale."""

_WAITING_STATES = {"in_review", "failed", "stale", "quarantined"}
_DONE_STATES = {"published", "rejected"}


@dataclass(frozen=True)
class DaemonLink:
    """How the connection stands. `heard` is the last sign of life, `retry_at` the next try."""

    state: Literal["connecting", "live", "gone"] = "connecting"
    last_contact: datetime | None = None
    error: str = ""
    hint: str = ""
    retry_at: datetime | None = None


@dataclass(frozen=True)
class World:
    """`sessions` and `status` are None until the daemon has answered for the first time."""

    sessions: Mapping[str, SessionBody] | None = None
    status: StatusBody | None = None
    link: DaemonLink = field(default_factory=DaemonLink)

    def get_session(self, session: str) -> SessionBody | None:
        """Return a session, if it is known."""
        return (self.sessions or {}).get(session)

    def with_session(self, body: SessionBody) -> World:
        """The world after news of one session; older news than what is known changes nothing."""
        known = self.get_session(body.id)
        if known is not None and known.revision > body.revision:
            return self
        return replace(self, sessions={**(self.sessions or {}), body.id: body})

    def with_progress(self, session: str, progress: ProgressBody | None) -> World:
        """The world after a word of progress."""
        known = self.get_session(session)
        if known is None:
            return self
        return self.with_session(known.model_copy(update={"progress": progress}))

    def assess_link(self, now: datetime) -> Literal["connecting", "live", "stale", "gone"]:
        """Say how far what is shown can be trusted at this moment."""
        if self.link.state == "live" and self.link.last_contact is not None:
            return "stale" if (now - self.link.last_contact).total_seconds() > STALE_AFTER_S else "live"
        return self.link.state

    def build_queue(self) -> list[SessionBody]:
        """Sessions in the order in which they want a person.

        First those that wait for one, oldest first; then those at work, oldest first; last
        what is done, newest first, because there one looks for what was finished just now.
        """
        bodies = sorted((self.sessions or {}).values(), key=lambda body: body.id)
        waiting = [body for body in bodies if body.state in _WAITING_STATES]
        done = [body for body in bodies if body.state in _DONE_STATES]
        running = [body for body in bodies if body.state not in _WAITING_STATES | _DONE_STATES]
        return [*waiting, *running, *reversed(done)]

    @property
    def waiting_count(self) -> int:
        """How many sessions want a person."""
        return sum(body.state in _WAITING_STATES for body in (self.sessions or {}).values())
