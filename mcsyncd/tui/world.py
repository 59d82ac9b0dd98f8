"""All that the app knows, as one value: sessions, the daemon's status, the link to it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from mcsyncd.api import ProgressBody, SessionBody, SessionsBody, StatusBody

SILENT_AFTER_S = 22.0
"""Seconds without any news after which the daemon counts as not responding.

It sends a heartbeat every 10 s, so this is two missed ones and some slack; less would flicker.
"""

LinkState = Literal["connecting", "live", "silent", "gone"]

_WAITING_STATES = {"in_review", "failed", "stale", "quarantined"}
"""Session states in which nothing happens until a person acts."""

_DONE_STATES = {"published", "rejected"}
"""Session states in which nothing is left to do."""


@dataclass(frozen=True)
class DaemonLink:
    """The connection to the daemon; `error` says why it is gone until the attempt at `retry_at`."""

    state: Literal["connecting", "live", "gone"] = "connecting"
    last_contact: datetime | None = None
    error: str = ""
    hint: str = ""
    retry_at: datetime | None = None


@dataclass(frozen=True)
class World:
    """What was read from the daemon; `sessions` and `status` are None before its first answer."""

    sessions: Mapping[str, SessionBody] | None = None
    status: StatusBody | None = None
    link: DaemonLink = field(default_factory=DaemonLink)
    older_before: str | None = None
    """Finished sessions with an id before this one have not been read; None if all have."""

    def get_session(self, session: str) -> SessionBody | None:
        """Return a session, or None if it is not known."""
        return (self.sessions or {}).get(session)

    def with_session(self, body: SessionBody) -> World:
        """Return the world with a session's new state; an older revision than the known one is ignored."""
        known = self.get_session(body.id)
        if known is not None and known.revision > body.revision:
            return self
        return replace(self, sessions={**(self.sessions or {}), body.id: body})

    def list_published_since(self, earlier: World) -> list[str]:
        """Return the sessions that are published now, and were known but not published in `earlier`."""
        return [
            name
            for name, body in (self.sessions or {}).items()
            if body.state == "published"
            and (known := earlier.get_session(name)) is not None
            and known.state != "published"
        ]

    def with_older_sessions(self, page: SessionsBody) -> World:
        """Return the world with one more page of finished sessions; what is known of them stays."""
        older = {body.id: body for body in page.sessions}
        return replace(self, sessions=older | dict(self.sessions or {}), older_before=page.next_before)

    def with_progress(self, session: str, progress: ProgressBody | None) -> World:
        """Return the world with a session's new progress."""
        known = self.get_session(session)
        if known is None:
            return self
        return self.with_session(known.model_copy(update={"progress": progress}))

    def assess_link(self, now: datetime) -> LinkState:
        """Return the state of the link; without news for too long, a live one is `silent`."""
        if self.link.state == "live" and self.link.last_contact is not None:
            return "silent" if (now - self.link.last_contact).total_seconds() > SILENT_AFTER_S else "live"
        return self.link.state

    def build_queue(self) -> list[SessionBody]:
        """Return the sessions in the order of the queue.

        First those that wait for a person, oldest first, then the running ones, oldest first. The
        finished ones come last, newest first: there people look for what has just finished.
        """
        bodies = sorted((self.sessions or {}).values(), key=lambda body: body.id)
        waiting = [body for body in bodies if body.state in _WAITING_STATES]
        done = [body for body in bodies if body.state in _DONE_STATES]
        running = [body for body in bodies if body.state not in _WAITING_STATES | _DONE_STATES]
        return [*waiting, *running, *reversed(done)]

    @property
    def are_uploads_paused(self) -> bool:
        """Whether somebody paused the uploads of all sessions."""
        return self.status is not None and self.status.storage.uploads == "paused"

    @property
    def waiting_count(self) -> int:
        """The number of sessions that wait for a person."""
        return sum(body.state in _WAITING_STATES for body in (self.sessions or {}).values())
