"""The queue's filter: which sessions match the words that a person types. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from mcsyncd.api import SessionBody
from mcsyncd.present.session import label_action, label_session


def filter_sessions(sessions: Iterable[SessionBody], text: str) -> list[SessionBody]:
    """Return the sessions that have every word of `text` somewhere, in any case; all of them if it is blank.

    A word may be part of an id, a state, a button, a camera, a clip, a person, or of what went wrong.
    """
    words = text.casefold().split()
    return [session for session in sessions if all(word in _collect_text(session) for word in words)]


def _collect_text(session: SessionBody) -> str:
    parts = [session.id, label_session(session).word, session.state, label_action(session) or ""]
    for key, camera in session.cameras.items():
        parts += [key, camera.label, *(clip.name for clip in camera.clips)]
    parts += [
        session.approved_by or "",
        session.claimed_by or "",
        session.error.message if session.error else "",
    ]
    return "\n".join(parts).casefold()
