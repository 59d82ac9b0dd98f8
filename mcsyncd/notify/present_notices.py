"""What there is to tell of a session, a store and a disk as they are now. Pure."""

from __future__ import annotations

from collections.abc import Collection

from mcsyncd.model.notice import MAX_NOTICE_TEXT, Bulletin, Notice, NoticeKind
from mcsyncd.model.session import HALTED, Session, State
from mcsyncd.model.text import escape_text

STORE_SILENCE_S = 600.0
"""Seconds that a store has to be unreachable before anybody is told. Required; outages that are shorter pass
by themselves."""
ENTERING_EVENTS = frozenset(
    {
        "session_aligned",
        "session_reopened",
        "session_recalled",
        "session_retried",
        "session_halted",
        "session_published",
    }
)
"""Kinds of the events by which a session comes into a state that people are told of. A nudge is none: whoever
moves a clip knows that the session is in review."""
WORK_DISK = "work disk"
"""What notices about the disk of the work folder are about."""
_DISK_MARGIN = 10
"""Which part of the limit has to be free beyond it before the disk is not low any more: a tenth. Judgement: a
job's temporary files come and go within less; without it, each of them would be told anew."""


def describe_session(session: Session, at: str) -> Notice | None:
    """Return what there is to tell of a session in its present state, since `at`; None if nothing."""
    if session.state is State.IN_REVIEW:
        sure = f", sync {session.alignment.confidence:.0%}" if session.alignment is not None else ""
        text, hint = f"Session {session.id} needs review{sure}", f"mcsyncd review {session.id}"
        return build_notice("needs_review", session.id, text, hint, at)
    if session.state in HALTED:
        why = f": {session.error.message}" if session.error is not None else ""
        text, hint = f"Session {session.id} failed{why}", session.error.hint if session.error else ""
        return build_notice("failed", session.id, text, hint, at)
    if session.state is State.PUBLISHED:
        text = f"Session {session.id} is published, revision {session.revision}"
        return build_notice("published", session.id, text, f"watch it: mcsyncd preview {session.id}", at)
    return None


def describe_store(store: str, message: str, hint: str, at: str) -> Notice:
    """Return what there is to tell of a store that does not take anything; `store` is its name."""
    text = f"Store {store} takes nothing: {message}"
    return build_notice("store_unreachable", f"store {store}", text, hint, at)


def describe_disk(free_bytes: int, limit_bytes: int, at: str) -> Notice:
    """Return what there is to tell of the work folder's disk when it has too little room."""
    text = f"The work disk has {free_bytes / 1e9:.1f} GB left, less than {limit_bytes / 1e9:.1f} GB"
    return build_notice("disk_low", WORK_DISK, text, "make room: mcsyncd retention, mcsyncd clean", at)


def build_test_bulletin(bulletin_id: str, at: str) -> Bulletin:
    """Return what `mcsyncd notify --test` sends."""
    text = "This is a test of mcsyncd's notifications: nothing happened"
    return Bulletin(bulletin_id, at, (Notice("test", "test", text, "", at),))


def is_disk_low(free_bytes: int, limit_bytes: int, *, was_low: bool) -> bool:
    """Tell whether a disk has too little room. Once it has, that ends with a tenth more than the limit."""
    return free_bytes < limit_bytes + (limit_bytes // _DISK_MARGIN if was_low else 0)


def is_entered(kinds: Collection[str]) -> bool:
    """Tell whether a session came into its state by one of the events of these kinds."""
    return bool(ENTERING_EVENTS & set(kinds))


def build_notice(kind: NoticeKind, subject: str, text: str, hint: str, at: str) -> Notice:
    """Return a notice whose text is short, and safe to show."""
    return Notice(kind, subject, escape_text(text, MAX_NOTICE_TEXT), escape_text(hint, MAX_NOTICE_TEXT), at)
