"""The gates before all stores: which of the due jobs may ask their store now.

Each store fails, and is refused, by itself. A pause is about all of them: a person who pauses the uploads
wants the line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import structlog

from mcsyncd.daemon.object_names import find_object_key
from mcsyncd.daemon.store_gate import StoreFailure, StoreGate
from mcsyncd.model.jobs import Job, find_store_name
from mcsyncd.publish.line_limit import read_minute_of_day
from mcsyncd.settings.active_config import ActiveConfig
from mcsyncd.settings.stores import LocalStorage, Storage

log = structlog.get_logger("mcsyncd.store")


class StoreGates:
    """Holds a gate for each store that a job has asked. Used by the event loop alone."""

    def __init__(self, config: Callable[[], ActiveConfig]) -> None:
        self._config = config
        self._gates: dict[str, StoreGate] = {}

    @property
    def main(self) -> StoreGate:
        """The gate of the main store; a pause is kept there."""
        return self.find_gate("")

    def find_gate(self, store: str) -> StoreGate:
        """Return the gate of a store, by the name that the ledger has for it."""
        if store not in self._gates:
            state = self._config().settings.paths.state
            path = state / (f"store-gate-{store}.json" if store else "store-gate.json")
            storage = self._find_storage(store)
            self._gates[store] = StoreGate(path, is_folder=isinstance(storage, LocalStorage))
        return self._gates[store]

    def may_ask(self, store: str) -> bool:
        """Tell whether jobs that need a store may start now."""
        if self._find_storage(store) is None or self.main.paused is not None:
            return False
        return self.find_gate(store).is_open and not self.is_off_hours(store)

    def works(self, store: str) -> bool:
        """Tell whether a store may be asked for what nobody waits for: it is open, and has not failed."""
        return self.may_ask(store) and not self.find_gate(store).allows_one

    def is_off_hours(self, store: str) -> bool:
        """Tell whether nothing may go to a store at this time of day, by the settings."""
        if isinstance(self._find_storage(store), LocalStorage):
            return False
        return self._config().settings.uploads.timetable.choose_rate(read_minute_of_day()) == 0

    @property
    def opens_at(self) -> str | None:
        """The time of day at which uploads to the main store may begin again; None if they may now."""
        if not self.is_off_hours(""):
            return None
        opening = self._config().settings.uploads.timetable.find_opening(read_minute_of_day())
        return f"{opening // 60:02}:{opening % 60:02}" if opening is not None else "the settings change"

    def choose_allowed(self, due: Iterable[Job], running: Iterable[Job]) -> list[Job]:
        """Return the due jobs without those that must not ask their store now.

        After trouble, one job at a time asks, to see whether it is over.
        """
        asking = {find_store_name(job) for job in running}
        allowed: list[Job] = []
        for job in due:
            store = find_store_name(job)
            if store is None:
                allowed.append(job)
            elif self.may_ask(store) and not (store in asking and self.find_gate(store).allows_one):
                allowed.append(job)
                asking.add(store)
        return allowed

    def note_failure(self, job: Job, failure: StoreFailure) -> None:
        """Close the gate of the store that a job asked, and say so."""
        store = find_store_name(job) or ""
        gate = self.find_gate(store)
        gate.note_failure(failure)
        log.warning(
            "the store did not take an object",
            store=store or self._config().settings.storage.key,
            session=job.session,
            subject=job.subject,
            key=find_object_key(job),
            error=failure.message,
            hint=failure.hint,
            next_try=gate.next_try_at,
        )

    def note_success(self, job: Job) -> None:
        """Open the gate of the store that a job asked, if it asked one."""
        store = find_store_name(job)
        if store is not None:
            self.find_gate(store).note_success()

    def try_now(self) -> None:
        """Forget all waits: a person has done something about a store."""
        for gate in self._gates.values():
            gate.try_now()

    def _find_storage(self, store: str) -> Storage | None:
        settings = self._config().settings
        if not store:
            return settings.storage
        return next((one for one in settings.stores[1:] if one.key == store), None)
