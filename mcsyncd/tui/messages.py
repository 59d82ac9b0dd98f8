"""What the feed reports to the app. A later message replaces an earlier one of its kind in the queue."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from mcsyncd.api import ProgressBody, SessionBody, StatusBody


@dataclass
class Connected(Message):
    """The daemon answered; all sessions were read but the finished ones with an id before `older_before`."""

    status: StatusBody
    sessions: list[SessionBody]
    older_before: str | None = None


@dataclass
class SessionChanged(Message):
    """One session changed."""

    session: SessionBody


@dataclass
class ProgressChanged(Message):
    """A step of a session progressed; None when no step is running."""

    session: str
    progress: ProgressBody | None

    def can_replace(self, message: Message) -> bool:
        """Replace an earlier progress of the same session."""
        return isinstance(message, ProgressChanged) and message.session == self.session


@dataclass
class StatusChanged(Message):
    """The daemon's status was read."""

    status: StatusBody

    def can_replace(self, message: Message) -> bool:
        """Replace an earlier status."""
        return isinstance(message, StatusChanged)


@dataclass
class Disconnected(Message):
    """The daemon cannot be reached; the next attempt is in `retry_s` seconds."""

    error: str
    hint: str
    retry_s: float
