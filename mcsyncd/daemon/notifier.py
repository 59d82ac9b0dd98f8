"""The notifier: what the ledger, the stores and the disk say goes to each receiver.

The ledger's numbers are its memory: what was not looked at before a restart is looked at after it.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import structlog

from mcsyncd.api import AlertBody
from mcsyncd.daemon.bounded_calls import CachedLookup, run_in_thread
from mcsyncd.daemon.clock import utc_now
from mcsyncd.daemon.loop import SessionLoop
from mcsyncd.errors import LedgerDamaged, LedgerUnavailable, UnknownSession
from mcsyncd.model.notice import Bulletin
from mcsyncd.model.text import escape_text
from mcsyncd.notify.delivery import NotDelivered
from mcsyncd.notify.outbox import (
    Condition,
    Outbox,
    SessionLook,
    choose_wait_s,
    make_bulletin,
    may_send,
    note_conditions,
    note_failure,
    note_sent,
    note_sessions,
)
from mcsyncd.notify.outbox_file import locate_outbox, read_outbox, write_outbox
from mcsyncd.notify.present_notices import (
    STORE_SILENCE_S,
    WORK_DISK,
    describe_disk,
    describe_session,
    describe_store,
    is_disk_low,
    is_entered,
)
from mcsyncd.notify.receivers import new_bulletin_id, send_bulletin
from mcsyncd.publish.line_limit import read_minute_of_day
from mcsyncd.settings.notifications import NotificationReceiver
from mcsyncd.settings.schema import Settings
from mcsyncd.settings.stores import LocalStorage
from mcsyncd.store.chain import LogEntry

LOOK_S = 2.0
"""Seconds between two looks; a look costs one question to the ledger. A notice is late by as much."""
_DISK_LIMIT_S = 1.0
"""Seconds that a look waits for the work disk; a disk that hangs counts as it was last."""
_ALERT_AFTER = 3
"""Failures in a row before an alert. Judgement: a receiver that restarts is back before the third."""

log = structlog.get_logger("mcsyncd.notify")


class Notifier:
    """Used by the event loop alone. `storage_health` says `ok`, or what is wrong with the main store."""

    def __init__(
        self,
        loop: SessionLoop,
        storage_health: Callable[[], str],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._loop = loop
        self._storage_health = storage_health
        self._clock = clock
        self._keys: set[str] | None = None
        self._outboxes: dict[str, Outbox] = {}
        self._faults: dict[str, tuple[NotDelivered, str]] = {}
        """Why nothing could be sent to each receiver, and since when (UTC)."""
        self._free_space = CachedLookup(lambda: _read_free_bytes(loop))

    @property
    def _settings(self) -> Settings:
        return self._loop.config.settings

    async def look_on(self) -> None:
        """Look at what has changed, and send what is due. Called regularly."""
        receivers = self._settings.notifications.to
        keys = {receiver.key for receiver in receivers}
        if keys != self._keys:
            await run_in_thread(partial(self._forget_others, keys))
            self._keys = keys
        if not receivers:
            return
        try:
            head, _ = await self._loop.read_head()
            for key in keys - self._outboxes.keys():
                await self._open_outbox(key, head)
            conditions = await self._list_conditions()
        except (LedgerUnavailable, LedgerDamaged):
            return  # the next look begins where this one did
        # All have ended before the next look: none is sent to twice at once.
        serving = (self._serve(receiver, head, conditions) for receiver in receivers)
        for result in await asyncio.gather(*serving, return_exceptions=True):
            if isinstance(result, BaseException) and not isinstance(
                result, LedgerUnavailable | LedgerDamaged
            ):
                raise result

    def list_alerts(self) -> list[AlertBody]:
        """Return the receivers that have not taken anything for some tries."""
        return [
            AlertBody(
                code="notifications_failing",
                level="warning",
                message=f"notifications to {key} are not sent: {fault.message}",
                hint=fault.hint,
                since=since,
            )
            for key, (fault, since) in self._faults.items()
            if self._outboxes[key].failures >= _ALERT_AFTER
        ]

    async def _serve(self, receiver: NotificationReceiver, head: int, conditions: list[Condition]) -> None:
        key, wanted = receiver.key, self._settings.notifications
        before = self._outboxes[key]
        noted = await self._note_events(before, head)
        noted = note_conditions(noted, conditions, self._clock())
        hours = wanted.hours
        is_quiet = hours is not None and hours.covers(read_minute_of_day())
        ready = make_bulletin(
            noted,
            self._clock(),
            collect_s=wanted.collect,
            is_quiet=is_quiet,
            bulletin_id=new_bulletin_id(),
            at=utc_now(),
        )
        await self._keep(key, before, ready)
        if ready.sending is not None and may_send(ready, self._clock(), is_quiet=is_quiet):
            await self._try_to_send(receiver, ready, ready.sending)

    async def _try_to_send(self, receiver: NotificationReceiver, outbox: Outbox, bulletin: Bulletin) -> None:
        key = receiver.key
        try:
            await run_in_thread(partial(send_bulletin, self._settings, receiver, bulletin))
        except Exception as raised:  # noqa: BLE001  # a library of many services may raise anything
            error = _name_failure(raised)
            chance = random.random()  # noqa: S311  # a wait, no secret
            wait_s = choose_wait_s(outbox.failures, chance, error.retry_after_s)
            after = note_failure(outbox, self._clock(), wait_s)
            since = self._faults[key][1] if key in self._faults else utc_now()
            self._faults[key] = (error, since)
            log.warning("a notification was not sent", receiver=key, id=bulletin.id, error=str(error))
        else:
            after = note_sent(outbox)
            self._faults.pop(key, None)
            log.info("a notification was sent", receiver=key, id=bulletin.id, notices=len(bulletin.notices))
        await self._keep(key, outbox, after)

    async def _note_events(self, outbox: Outbox, head: int) -> Outbox:
        """Take over the sessions that events after the last look are about."""
        while outbox.seq < head:
            entries = await self._loop.read_entries(None, outbox.seq)
            if not entries:
                break
            looks = await self._look_at_sessions(entries)
            outbox = note_sessions(outbox, looks, entries[-1].seq, self._clock())
        return outbox

    async def _look_at_sessions(self, entries: tuple[LogEntry, ...]) -> list[SessionLook]:
        by_session: dict[str, list[LogEntry]] = {}
        for entry in entries:
            if entry.session_id:
                by_session.setdefault(entry.session_id, []).append(entry)
        looks = []
        for session_id, own in by_session.items():
            try:
                session = await self._loop.load_session(session_id)
            except UnknownSession:
                continue
            notice = describe_session(session, own[-1].at)
            if notice is not None and notice.kind not in self._settings.notifications.about:
                notice = None
            looks.append(SessionLook(session_id, notice, is_entered([entry.kind for entry in own])))
        return looks

    async def _list_conditions(self) -> list[Condition]:
        """Return what is wrong now with the stores and the disk, as far as anybody wants to know."""
        found, wanted = self._list_store_conditions(), self._settings.notifications
        free = await self._free_space.ask(_DISK_LIMIT_S)
        if free is not None and free.value is not None:
            limit = wanted.disk_below
            was_low = any(WORK_DISK in outbox.held_subjects for outbox in self._outboxes.values())
            if is_disk_low(free.value, limit, was_low=was_low):
                found.append(Condition(describe_disk(free.value, limit, utc_now())))
        return [one for one in found if one.notice.kind in wanted.about]

    def _list_store_conditions(self) -> list[Condition]:
        settings, gates, found = self._settings, self._loop.store_gates, []
        for storage in settings.stores:
            name = settings.name_store(storage)
            if gates.main.paused is not None or gates.is_off_hours(name):
                continue  # it is not asked, so what was wrong with it may be over
            trouble = gates.find_gate(name).trouble
            message, hint, since = (trouble.message, trouble.hint, trouble.since) if trouble else ("", "", "")
            if trouble is None and not name and isinstance(storage, LocalStorage):
                # A folder is looked at every minute, also while there is nothing to publish.
                health = self._storage_health()
                message, since = "" if health in {"ok", "not checked yet"} else health, utc_now()
            if message:
                notice = describe_store(storage.key, message, hint, since)
                found.append(Condition(notice, STORE_SILENCE_S))
        return found

    async def _open_outbox(self, key: str, head: int) -> None:
        path = locate_outbox(self._settings.paths.state, key)
        outbox, was_kept = await run_in_thread(partial(read_outbox, path, head, self._clock()))
        self._outboxes[key] = outbox
        if not was_kept:
            await self._write(key, outbox)

    async def _keep(self, key: str, before: Outbox, after: Outbox) -> None:
        """Keep an outbox; write it if there is more in it than events that tell nothing."""
        self._outboxes[key] = after
        if replace(after, seq=before.seq) != before:
            await self._write(key, after)

    async def _write(self, key: str, outbox: Outbox) -> None:
        path = locate_outbox(self._settings.paths.state, key)
        try:
            await run_in_thread(partial(write_outbox, path, outbox))
        except OSError as error:
            log.warning("what is to be told could not be kept", receiver=key, error=str(error))

    def _forget_others(self, keys: set[str]) -> None:
        """Remove the outboxes of receivers that the settings do not name: they would begin in the past."""
        state = self._settings.paths.state
        for path in state.glob("outbox-*.json"):
            if path.stem.removeprefix("outbox-") not in keys:
                path.unlink(missing_ok=True)
        self._outboxes = {key: outbox for key, outbox in self._outboxes.items() if key in keys}
        self._faults = {key: fault for key, fault in self._faults.items() if key in keys}


def _name_failure(raised: Exception) -> NotDelivered:
    if isinstance(raised, NotDelivered):
        return raised
    return NotDelivered(f"{type(raised).__name__}: {escape_text(str(raised))}", "see `journalctl -u mcsyncd`")


def _read_free_bytes(loop: SessionLoop) -> int | None:
    """Return the free space of the work folder's disk; None if the disk reports an error. Blocks."""
    try:
        return shutil.disk_usage(loop.config.layout.work).free
    except OSError:
        return None
