"""What the feed tells the app. Words that supersede each other collapse, so a flood of progress costs one."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from mcsyncd.api import ProgressBody, SessionBody, StatusBody


@dataclass
class Connected(Message):
    """The daemon answered: everything, read anew."""

    status: StatusBody
    sessions: list[SessionBody]


@dataclass
class SessionChanged(Message):
    """One session stands otherwise than before."""

    session: SessionBody


@dataclass
class ProgressChanged(Message):
    """A step of a session has come further."""

    session: str
    progress: ProgressBody | None

    def can_replace(self, message: Message) -> bool:
        """A later word of the same session makes an earlier one superfluous."""
        return isinstance(message, ProgressChanged) and message.session == self.session


@dataclass
class StatusChanged(Message):
    """The daemon's own state, read anew."""

    status: StatusBody

    def can_replace(self, message: Message) -> bool:
        """Only the last one counts."""
        return isinstance(message, StatusChanged)


@dataclass
class Disconnected(Message):
    """The daemon cannot be reached; the next try is in `retry_s` seconds."""

    error: str
    hint: str
    retry_s: float
