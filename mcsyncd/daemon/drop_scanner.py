"""The drop-folder scanner: scan, settle, submit the files to the loop. Events only trigger a scan earlier."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import structlog

from mcsyncd.api import AlertBody, FolderBody, StreamEventBody
from mcsyncd.daemon.bounded_calls import run_in_thread
from mcsyncd.daemon.event_hub import EventHub
from mcsyncd.daemon.folder_bodies import build_folder_bodies
from mcsyncd.daemon.intake import Intake
from mcsyncd.daemon.list_checker import ListChecker
from mcsyncd.daemon.loop import SessionLoop
from mcsyncd.errors import Conflict, LedgerUnavailable, UsageError, is_passing
from mcsyncd.ingest.moves import find_moved_files
from mcsyncd.ingest.names import extend_suffixes
from mcsyncd.ingest.network import is_network_mount
from mcsyncd.ingest.observation import FileKey
from mcsyncd.ingest.observe import observe_drop_folders
from mcsyncd.ingest.pairing import build_drop_file, is_seal_due, list_complete_files, list_held_files
from mcsyncd.ingest.scan import DropScan
from mcsyncd.ingest.settle import SettleState
from mcsyncd.ingest.watch import DropWatcher
from mcsyncd.model.clip import DropFile, HeldFile
from mcsyncd.model.session import Actor, Session
from mcsyncd.model.text import escape_text
from mcsyncd.settings.active_config import ActiveConfig

BUSY_SCAN_S = 1.0
"""Seconds between two scans while files are settling or a session only waits for quiet.

Judgement: sealing is late by up to this much; shorter, and a large card is listed all the time.
"""
IDLE_SCAN_S = 5.0
"""Seconds between two scans otherwise. Judgement: without folder events (network shares), this is how late a
new file is noticed; an idle scan costs a listing of each folder."""
SCAN_STUCK_S = 120.0
"""Seconds after which a scan of the drop folders counts as stuck. Judgement, not
measured: shorter, and a slow scan of a large card raises a false alarm."""
_EVENT_DEBOUNCE_S = 0.25
"""Seconds from a folder event to the scan. Judgement: copying a card sends bursts of events, and one scan is
enough for each burst."""

log = structlog.get_logger("mcsyncd.drop_scanner")


class DropScanner:
    """Scans the drop folders regularly. Its state is lost at a restart, and found again by scanning."""

    def __init__(self, config: Callable[[], ActiveConfig], loop: SessionLoop, hub: EventHub) -> None:
        self._config = config
        self._loop = loop
        self._hub = hub
        self._wake_event = asyncio.Event()
        self._timed = SettleState()
        """The files as time alone judges them; `_state` adds what the hash lists say."""
        self._state = SettleState()
        self._checker = ListChecker(lambda: config().layout.drop, self._wake_event.set)
        self._settled_files: tuple[DropFile, ...] = ()
        self._scan: DropScan | None = None
        self._intake = Intake(loop, lambda: config().layout.drop)
        self._moved: dict[FileKey, FileKey] = {}
        self._watch: DropWatcher | None = None
        self._watch_lock = asyncio.Lock()
        self.scanned_at = time.monotonic()

    async def start_watch(self) -> None:
        """Create missing camera folders and listen for events, unless the settings say to poll.

        Replaces an earlier watch, and accepts the disks that are mounted now. Works in a thread, without
        a time limit: events are only hints, so a reload does not wait for them.
        """
        running = asyncio.get_running_loop()

        def wake() -> None:
            running.call_soon_threadsafe(self._wake_event.set)

        self._timed = replace(self._timed, devices={})  # a person has looked: the disks of now are right
        async with self._watch_lock:
            await self._stop_watch()
            self._watch = await run_in_thread(partial(_open_watch, self._config(), wake))

    async def stop_watch(self) -> None:
        """Stop listening for events."""
        async with self._watch_lock:
            await self._stop_watch()

    async def _stop_watch(self) -> None:
        watch, self._watch = self._watch, None
        if watch is not None:
            await run_in_thread(watch.stop)

    async def run(self) -> None:
        """Scan regularly, until cancelled."""
        while True:
            try:
                await self.scan_once()
            except LedgerUnavailable as error:
                log.warning("the files in the drop folders wait for the ledger", error=str(error))
            except Exception as error:
                # Whatever the reason, the next scan may succeed.
                if isinstance(error, OSError) and is_passing(error):
                    log.warning("the drop-folder scan failed", error=str(error))
                else:
                    log.exception("the drop-folder scan failed")
            await self._wait_for_next_scan()

    async def _wait_for_next_scan(self) -> None:
        self._wake_event.clear()
        try:
            await asyncio.wait_for(self._wake_event.wait(), BUSY_SCAN_S if self._is_busy() else IDLE_SCAN_S)
        except TimeoutError:
            return
        await asyncio.sleep(_EVENT_DEBOUNCE_S)

    def _is_busy(self) -> bool:
        """Tell whether something happens by time alone: a file settles, or a session is sealed.

        A session that waits for another camera waits for files, which idle scans find, too.
        """
        state, quiet = self._state, self._config().settings.ingest.quiet
        return state.awaits_time or (self._loop.collecting_session is not None and state.quiet_for_s < quiet)

    async def scan_once(self) -> None:
        """Scan once, in a thread: a dead network share blocks the scan and nothing else."""
        config = self._config()
        intakes = self._loop.intake_count
        found, timed, state = await run_in_thread(partial(self._observe, config))
        self.scanned_at = time.monotonic()
        changed = (
            self._scan is None
            or _has_folder_change(found, self._scan)
            or _has_file_change(state, self._state)
        )
        if state.files is not self._state.files:
            self._settled_files = list_complete_files(state)
            self._note_moves(timed)
        self._timed, self._state, self._scan = timed, state, found
        self._checker.start_next(timed, extend_suffixes(config.settings.ingest.suffixes))
        async with self._watch_lock:
            if self._watch is not None:
                await run_in_thread(self._watch.renew)
        if state.awaits_time:
            self._loop.workers.warm_up()
        if changed:
            self._hub.broadcast(StreamEventBody(what="folders"))
        if self._loop.ledger.fault is not None:
            return  # nothing can be recorded: the files wait where they are
        if intakes != self._loop.intake_count:
            return  # clips were moved during the scan: what it found may be gone
        self._loop.taken_keys.clear()
        await self._intake.take_settled_files(self._settled_files)
        await self._seal_if_due(config)

    def _observe(self, config: ActiveConfig) -> tuple[DropScan, SettleState, SettleState]:
        """Return the scan, the files as time judges them, and as their hash lists do. Blocks."""
        ingest = config.settings.ingest
        found, timed = observe_drop_folders(
            config.layout.drop,
            tuple(config.settings.cameras),
            self._timed,
            settle_s=ingest.settle,
            settle_network_s=ingest.settle_network,
            suffixes=extend_suffixes(ingest.suffixes),
        )
        return found, timed, self._checker.judge_files(timed)

    def _note_moves(self, timed: SettleState) -> None:
        found = find_moved_files(self._timed.files, timed.files)
        for key, origin in found.items():
            log.warning("moved to another camera", file="/".join(key), origin="/".join(origin))
        known = {key: origin for key, origin in self._moved.items() if key in timed.files}
        self._moved = known | found

    async def _seal_if_due(self, config: ActiveConfig) -> None:
        session, held = self._loop.collecting_session, self._list_held_files()
        if session is None or not is_seal_due(
            session.drop_files,
            tuple(config.settings.cameras),
            quiet_for_s=self._state.quiet_for_s,
            required_quiet_s=0.0 if self._state.is_proven else config.settings.ingest.quiet,
            held=held,
        ):
            return
        try:
            await self._intake.seal_session(held)
        except (UsageError, Conflict):  # a person sealed or emptied it in the meantime
            log.info("nothing to seal", session=session.id)

    def _list_held_files(self) -> tuple[HeldFile, ...]:
        noted = (
            HeldFile(camera, name, self._state.files[camera, name].observation.size, note.text)
            for (camera, name), note in self._intake.notes.items()
            if note.holds_seal and (camera, name) in self._state.files
        )
        return (*list_held_files(self._state), *noted)

    async def seal_session(
        self, by: Actor, *, session: str | None, without: Sequence[str], as_is: Sequence[str]
    ) -> Session:
        """Seal the collecting session for a person, without some held files, or with them as they are.

        `session` must be the collecting one, if it is given. Raises UsageError if another file is held,
        if one that is named is not, or if there is nothing to seal; Conflict if `session` is another.
        """
        if session is not None:
            await self._intake.require_collecting(session)
        tracks = {"/".join(key): track for key, track in self._state.files.items()}
        files = tuple(
            build_drop_file(found)
            for key in as_is
            if (found := tracks.get(key)) is not None and not found.observation.refusal
        )
        if len(files) != len(as_is):
            raise UsageError(
                f"{next(iter(as_is))} cannot be taken as it is", "name a file of a drop folder: CAMERA/NAME"
            )
        return await self._intake.seal_session(
            self._list_held_files(), by, without=tuple(without), as_is=files
        )

    async def join_reel(self, session: str, by: Actor, revision: int | None) -> Session:
        """Let the settled files join a session that was sealed before, for a person.

        Raises UsageError and Conflict, as the session objects to it.
        """
        return await self._intake.join_reel(session, by, revision, self._list_held_files())

    def build_folder_bodies(self) -> dict[str, FolderBody]:
        """Return the drop folders for the status, with the files that are not ingested yet."""
        return build_folder_bodies(
            self._config(),
            self._scan,
            self._state,
            notes=self._intake.notes,
            moved=self._moved,
            taken=self._loop.taken_keys,
        )

    def list_alerts(self) -> list[AlertBody]:
        """Return that the drop folders do not answer, if the last scan does not end."""
        silent_s = time.monotonic() - self.scanned_at
        if silent_s <= SCAN_STUCK_S:
            return []
        return [
            AlertBody(
                code="scan_stuck",
                level="error",
                message=f"the drop folders have not answered for {silent_s / 60:.0f} min",
                hint="restore the disk or network share that they are on; the scan goes on by itself",
            )
        ]

    def list_unknown_folders(self) -> list[str]:
        """Return the folders in the drop root that belong to no camera of the settings."""
        return [escape_text(name) for name in self._scan.unknown_folders] if self._scan else []

    def list_loose_files(self) -> list[str]:
        """Return the files in the drop root, beside the camera folders."""
        return [escape_text(name) for name in self._scan.loose_files] if self._scan else []

    def list_held_names(self) -> list[str]:
        """Return the files that hold the seal, as `CAMERA/NAME`."""
        return [escape_text(file.key) for file in self._list_held_files()]


def _open_watch(config: ActiveConfig, wake: Callable[[], None]) -> DropWatcher | None:
    """Create the camera folders and start a watch on them; None where events are not used. Blocks.

    A disk that fails now must not stop everything else: the scan says what is wrong with it.
    """
    drop = config.layout.drop
    try:
        for camera in config.settings.cameras:
            (drop / camera).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if not is_passing(error):
            raise
        log.warning("the drop folders are not watched for events", error=str(error))
        return None
    folders = (drop, *(drop / camera for camera in config.settings.cameras))
    if config.settings.ingest.watch != "auto" or any(is_network_mount(folder) for folder in folders):
        return None
    watch = DropWatcher(drop, wake)
    watch.start()
    return watch


def _has_folder_change(found: DropScan, before: DropScan) -> bool:
    """Tell whether the folders of the status differ from the last scan."""
    return _summarize_folders(found) != _summarize_folders(before)


def _summarize_folders(scan: DropScan) -> object:
    return scan.health, scan.unknown_folders, scan.loose_files


def _has_file_change(state: SettleState, before: SettleState) -> bool:
    """Tell whether the files of the status differ from the last scan, apart from their waiting times."""
    return state.files is not before.files and _summarize_files(state) != _summarize_files(before)


def _summarize_files(state: SettleState) -> object:
    return {key: (track.status, track.observation.size) for key, track in state.files.items()}
