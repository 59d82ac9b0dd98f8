"""The drop folders: look, settle, tell the loop. Events only wake the look earlier."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import structlog

from mcsyncd.api import FolderBody, PendingFileBody, StreamEventBody
from mcsyncd.daemon.hub import Hub
from mcsyncd.daemon.live import Live
from mcsyncd.daemon.loop import Loop
from mcsyncd.errors import UsageError
from mcsyncd.ingest.network import is_network_mount
from mcsyncd.ingest.observe import observe_drop_folders
from mcsyncd.ingest.pairing import is_seal_due, list_complete_files
from mcsyncd.ingest.scan import DropScan
from mcsyncd.ingest.settle import FileTrack, SettleState
from mcsyncd.ingest.watch import DropWatcher
from mcsyncd.model.clip import DropFile
from mcsyncd.model.text import visible

BUSY_S = 1.0
"""Between two looks while something is on its way, or a shoot is only waiting for quiet."""
IDLE_S = 5.0
_CALM_AFTER_EVENT_S = 0.25

log = structlog.get_logger("mcsyncd.watching")


class Watching:
    """Looks at the drop folders for ever; what it knows is lost at a restart and found again."""

    def __init__(self, live: Callable[[], Live], loop: Loop, hub: Hub) -> None:
        self._live = live
        self._loop = loop
        self._hub = hub
        self._woken = asyncio.Event()
        self._state = SettleState()
        self._lying: tuple[DropFile, ...] = ()
        self._scan: DropScan | None = None
        self._watch: DropWatcher | None = None
        self.looked_at = time.monotonic()

    def arm(self) -> None:
        """Make the camera folders that are missing and listen for events, unless told to poll."""
        live = self._live()
        for camera in live.settings.cameras:
            (live.places.drop / camera).mkdir(parents=True, exist_ok=True)
        self.disarm()
        if live.settings.ingest.watch == "auto" and not is_network_mount(live.places.drop):
            running = asyncio.get_running_loop()

            def wake() -> None:
                running.call_soon_threadsafe(self._woken.set)

            self._watch = DropWatcher(live.places.drop, wake)
            self._watch.start()

    def disarm(self) -> None:
        """Stop listening for events."""
        if self._watch is not None:
            self._watch.stop()
            self._watch = None

    async def run(self) -> None:
        """Look, and look again."""
        while True:
            try:
                await self.look_once()
            except Exception:
                # Whatever it was (a full state disk, say), the next look may succeed.
                log.exception("a look at the drop folders failed")
            await self._pause()

    async def _pause(self) -> None:
        self._woken.clear()
        try:
            await asyncio.wait_for(self._woken.wait(), BUSY_S if self._busy() else IDLE_S)
        except TimeoutError:
            return
        await asyncio.sleep(_CALM_AFTER_EVENT_S)  # one look for a burst of events, not one for each

    def _busy(self) -> bool:
        """True while time alone can bring something: a file that settles, a shoot that is whole.

        A shoot that waits for a camera waits for files, and they are found by the idle look, too.
        """
        state, quiet = self._state, self._live().settings.ingest.quiet
        return state.has_settling_files or (self._loop.collecting is not None and state.quiet_for_s < quiet)

    async def look_once(self) -> None:
        """One look, in a thread: a dead share may block it, and nothing else."""
        live = self._live()
        ingest = live.settings.ingest
        intakes = self._loop.intakes
        found, state = await asyncio.to_thread(
            observe_drop_folders,
            live.places.drop,
            tuple(live.settings.cameras),
            self._state,
            settle_s=ingest.settle,
            settle_network_s=ingest.settle_network,
        )
        self.looked_at = time.monotonic()
        changed = self._scan is None or _differ(found, self._scan) or _moved(state, self._state)
        if state.files is not self._state.files:
            self._lying = list_complete_files(state)
        self._state, self._scan = state, found
        if self._watch is not None:
            await asyncio.to_thread(self._watch.renew)
        if changed:
            self._hub.tell(StreamEventBody(what="folders"))
        if intakes != self._loop.intakes:
            return  # clips were moved while we looked: what we saw may be there no longer
        collecting = self._loop.collecting
        if collecting is None or collecting.dropped != self._lying:
            await self._loop.settled(self._lying)
        await self._seal_if_due(live)

    async def _seal_if_due(self, live: Live) -> None:
        session = self._loop.collecting
        if session is None or not is_seal_due(
            session.dropped,
            tuple(live.settings.cameras),
            quiet_for_s=self._state.quiet_for_s,
            required_quiet_s=live.settings.ingest.quiet,
            has_settling_files=self._state.has_settling_files,
        ):
            return
        try:
            await self._loop.seal()
        except UsageError:
            log.info("nothing to seal", session=session.id)

    def folders(self) -> dict[str, FolderBody]:
        """Return the folders as the status shows them: whatever lies there and is not taken yet."""
        live = self._live()
        health = self._scan.health if self._scan else {}
        return {
            key: FolderBody(
                path=str(live.places.drop / key),
                label=camera.label,
                health=health.get(key, "not looked at yet"),
                settling=[
                    _settling(track)
                    for (owner, _), track in sorted(self._state.files.items())
                    if owner == key
                ],
            )
            for key, camera in live.settings.cameras.items()
        }

    def unknown_folders(self) -> list[str]:
        """Return folders in the drop root that no camera is set for."""
        return [visible(name) for name in self._scan.unknown_folders] if self._scan else []


def _settling(track: FileTrack) -> PendingFileBody:
    return PendingFileBody(
        name=visible(track.observation.name),
        bytes=track.observation.size,
        state=track.status,
        note=track.note,
    )


def _differ(found: DropScan, before: DropScan) -> bool:
    """Tell whether a person sees other folders than at the last look."""
    return (found.health, found.unknown_folders) != (before.health, before.unknown_folders)


def _moved(state: SettleState, before: SettleState) -> bool:
    """Tell whether a person sees files otherwise than at the last look; seconds of waiting are no news."""
    return state.files is not before.files and _shown(state) != _shown(before)


def _shown(state: SettleState) -> object:
    return {key: (track.status, track.observation.size) for key, track in state.files.items()}
