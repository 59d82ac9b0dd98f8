"""What one receiver is still to be told, and when. Pure.

An outbox is a value that is written to a file after each change. So a restart at any moment neither loses a
notice nor gives it a new id: a bulletin that was under way is sent again as it was.

Moments are seconds of the machine's monotonic clock, which goes on over a restart of the daemon.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from mcsyncd.model.notice import MAX_NOTICES, Bulletin, Notice

_FIRST_WAIT_S, MAX_WAIT_S = 10.0, 3600.0
"""Seconds of the back-off: the longest first wait, doubled with each failure in a row up to the second.
Judgement: a receiver that restarts is back in seconds; one that is down for days is asked once an hour, and a
bulletin is late by an hour at most when it comes back."""
MAX_TRIES = 8
"""Tries of one bulletin, before the next one takes its place. Computed: by the waits above, 20 to 40 minutes;
after that, what it says is less useful than what holds then."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A notice that waits for the next bulletin, or for its time, and since when."""

    notice: Notice
    since: float


@dataclass(frozen=True, slots=True)
class SessionLook:
    """What there is to tell of a session now; None if nothing. `is_new` tells that it has just become so."""

    session: str
    notice: Notice | None
    is_new: bool


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that is wrong now, and is told once it has been so for `wait_s` seconds."""

    notice: Notice
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Outbox:
    """What is known of one receiver.

    `seq` is the last event of the ledger that was looked at. `held` are the conditions that hold, as they
    were first seen; `told` the subjects of those that are in a bulletin. `sending` is the bulletin that is
    under way, with the `tries` that failed, and `outdated` the subjects in it of which something else holds
    by now. `failures` counts the tries in a row, over all bulletins; the next is at `retry_at`. The last
    bulletin was made at `made_at`.
    """

    seq: int
    pending: tuple[Pending, ...] = ()
    held: tuple[Pending, ...] = ()
    told: frozenset[str] = frozenset()
    sending: Bulletin | None = None
    outdated: frozenset[str] = frozenset()
    tries: int = 0
    failures: int = 0
    retry_at: float = 0.0
    made_at: float | None = None

    @property
    def held_subjects(self) -> frozenset[str]:
        """What conditions that hold are about."""
        return frozenset(one.notice.subject for one in self.held)


def resume_outbox(outbox: Outbox, now: float) -> Outbox:
    """Return an outbox as it is after a start: the monotonic clock begins again with the machine.

    A moment that lies further ahead than any wait is of an earlier life of the machine.
    """
    return replace(
        outbox,
        pending=tuple(replace(one, since=min(one.since, now)) for one in outbox.pending),
        held=tuple(replace(one, since=min(one.since, now)) for one in outbox.held),
        retry_at=min(outbox.retry_at, now + MAX_WAIT_S),
        made_at=None if outbox.made_at is None else min(outbox.made_at, now),
    )


def note_sessions(outbox: Outbox, looks: Iterable[SessionLook], seq: int, now: float) -> Outbox:
    """Take over what holds of sessions by the events up to `seq`. One look for each session."""
    pending = {one.notice.subject: one for one in outbox.pending}
    outdated = set(outbox.outdated)
    under_way = {one.subject for one in outbox.sending.notices} if outbox.sending else set()
    for look in looks:
        before = pending.pop(look.session, None)
        if look.notice is not None and (look.is_new or before is not None):
            pending[look.session] = Pending(look.notice, before.since if before is not None else now)
        if look.session in under_way and (look.notice is None or look.is_new):
            outdated.add(look.session)
    return replace(outbox, seq=seq, pending=_sort(pending.values()), outdated=frozenset(outdated))


def note_conditions(outbox: Outbox, conditions: Collection[Condition], now: float) -> Outbox:
    """Take over all that is wrong now. What has ended is not told, and is told anew if it returns."""
    earlier = {one.notice.subject: one for one in outbox.held}
    held = {
        one.notice.subject: earlier.get(one.notice.subject, Pending(one.notice, now)) for one in conditions
    }
    told, ended = outbox.told.intersection(held), earlier.keys() - held.keys()
    pending = {one.notice.subject: one for one in outbox.pending if one.notice.subject not in ended}
    for one in conditions:
        subject, first = one.notice.subject, held[one.notice.subject]
        if subject not in told and now >= first.since + one.wait_s:
            since = pending[subject].since if subject in pending else now
            pending[subject] = Pending(replace(one.notice, at=first.notice.at), since)
    return replace(outbox, pending=_sort(pending.values()), held=tuple(held.values()), told=told)


def make_bulletin(
    outbox: Outbox, now: float, *, collect_s: float, is_quiet: bool, bulletin_id: str, at: str
) -> Outbox:
    """Return the outbox with a bulletin under way, if one is due.

    It is due when the oldest notice has waited for `collect_s`, and so has the last bulletin; and not before
    the receiver is tried again. In quiet hours only urgent notices count.
    """
    due = [one for one in outbox.pending if one.notice.is_urgent or not is_quiet]
    if outbox.sending is not None or not due or now < outbox.retry_at:
        return outbox
    starts = [min(one.since for one in due), *([] if outbox.made_at is None else [outbox.made_at])]
    if now < max(starts) + collect_s:
        return outbox
    due.sort(key=lambda one: not one.notice.is_urgent)  # stable: the oldest first among equals
    chosen = due[:MAX_NOTICES]
    bulletin = Bulletin(bulletin_id, at, tuple(one.notice for one in chosen), len(due) - len(chosen))
    subjects = {one.notice.subject for one in chosen}
    return replace(
        outbox,
        pending=tuple(one for one in outbox.pending if one.notice.subject not in subjects),
        told=outbox.told | (subjects & outbox.held_subjects),
        sending=bulletin,
        outdated=frozenset(),
        tries=0,
        made_at=now,
    )


def may_send(outbox: Outbox, now: float, *, is_quiet: bool) -> bool:
    """Tell whether the bulletin that is under way is to be sent now.

    In quiet hours, one without anything urgent waits, unless something urgent waits behind it: if it were
    taken back, the receiver might be told twice, because the answer to a try may have been lost.
    """
    if outbox.sending is None or now < outbox.retry_at:
        return False
    waiting = [*outbox.sending.notices, *(one.notice for one in outbox.pending)]
    return not is_quiet or any(notice.is_urgent for notice in waiting)


def note_sent(outbox: Outbox) -> Outbox:
    """The receiver has taken the bulletin."""
    return replace(outbox, sending=None, outdated=frozenset(), tries=0, failures=0, retry_at=0.0)


def note_failure(outbox: Outbox, now: float, wait_s: float) -> Outbox:
    """The receiver has not taken it: wait, and after `MAX_TRIES` make another of what holds then."""
    failed = replace(
        outbox, tries=outbox.tries + 1, failures=outbox.failures + 1, retry_at=now + min(wait_s, MAX_WAIT_S)
    )
    return _take_back(failed) if failed.tries >= MAX_TRIES else failed


def choose_wait_s(failures: int, chance: float, asked_s: float = 0.0) -> float:
    """Return the seconds before the next try, after `failures` in a row: exponential, with full jitter.

    `chance` is random, 0..1; `asked_s` is what the receiver asked for (`Retry-After`), and is kept to.
    """
    longest = min(MAX_WAIT_S, _FIRST_WAIT_S * 2.0 ** min(failures, 32))
    return min(MAX_WAIT_S, max(asked_s, longest * chance))


def _take_back(outbox: Outbox) -> Outbox:
    """Put the notices of the bulletin that was under way back, those that still hold."""
    assert outbox.sending is not None
    assert outbox.made_at is not None
    held, newer = outbox.held_subjects, {one.notice.subject for one in outbox.pending}
    back = [
        Pending(notice, outbox.made_at)
        for notice in outbox.sending.notices
        if notice.subject not in newer | outbox.outdated and _still_holds(notice, held)
    ]
    subjects = {one.subject for one in outbox.sending.notices}
    return replace(
        outbox,
        pending=_sort([*outbox.pending, *back]),
        told=outbox.told - subjects,
        sending=None,
        outdated=frozenset(),
        tries=0,
    )


def _still_holds(notice: Notice, held: Collection[str]) -> bool:
    """Tell whether a condition has not ended. Of sessions, `outdated` tells."""
    return notice.kind not in {"store_unreachable", "disk_low"} or notice.subject in held


def _sort(pending: Iterable[Pending]) -> tuple[Pending, ...]:
    return tuple(sorted(pending, key=lambda one: one.since))
