"""The peaks behind the lanes: read ahead around what is seen, so that a nudge needs no answer first."""

from __future__ import annotations

from dataclasses import replace

from mcsyncd.api import SessionBody
from mcsyncd.client import Client
from mcsyncd.tui.stretch import Stretch, sharpest
from mcsyncd.tui.window import CLOSE_MS, Window, fitting

_LOOK_MS = 60_000.0  # how much is searched for a moment when the session's length is not known
_COARSE, _FINE = 2000, 1000


class Sound:
    """Stretches of a session's cameras by camera, each three windows wide: one before, one after."""

    def __init__(self, client: Client, session: str) -> None:
        self._client = client
        self._session = session
        self._known: dict[str, Stretch] = {}
        self._asked: dict[str, Window] = {}

    def of(self, camera: str) -> Stretch | None:
        """What is known of a camera; perhaps of another zoom, which is better than nothing."""
        return self._known.get(camera)

    def wants(self, camera: str, window: Window, shift_ms: float) -> Window | None:
        """Return what must be read so that `window` can be drawn; None if it is known or asked for."""
        known, asked = self._known.get(camera), self._asked.get(camera)
        if known is not None and known.covers(window, shift_ms):
            return None
        start_ms = window.start_ms - shift_ms
        if asked is not None and asked.dot_ms == window.dot_ms:
            end_ms = asked.start_ms + asked.span_ms
            if asked.start_ms <= start_ms and start_ms + window.span_ms <= end_ms:
                return None
        wanted = replace(window, start_ms=start_ms - window.span_ms, dots=3 * window.dots)
        self._asked[camera] = wanted
        return wanted

    async def read(self, camera: str, wanted: Window) -> None:
        """Read what `wants` named. Raises what the client raises; the next draw then asks again."""
        try:
            self._known[camera] = await self._fetch(camera, wanted)
        except BaseException:
            self._asked.pop(camera, None)
            raise

    def forget(self, camera: str) -> None:
        """Drop what is known: the daemon lays this camera elsewhere now."""
        self._known.pop(camera, None)
        self._asked.pop(camera, None)

    async def opening(self, session: SessionBody, camera: str, dots: int) -> tuple[Window, float]:
        """Find the moment at which a nudge of `camera` shows best; return a close window and the moment.

        Once over the whole session, then once more around what was found: two questions a
        camera, whatever the session's length.
        """
        reference = session.reference or camera
        whole = fitting((session.duration_s or 0.0) * 1000.0 or _LOOK_MS, _COARSE)
        moment = await self._sharpest(reference, camera, whole)
        near = Window(moment - 2 * whole.dot_ms, max(1.0, 4 * whole.dot_ms / _FINE), _FINE)
        moment = await self._sharpest(reference, camera, near)
        return Window(0.0, CLOSE_MS, dots).around(moment), moment

    async def _sharpest(self, reference: str, camera: str, window: Window) -> float:
        loud = await self._fetch(reference, window)
        other = await self._fetch(camera, window) if camera != reference else None
        return sharpest(loud, other)

    async def _fetch(self, camera: str, wanted: Window) -> Stretch:
        body = await self._client.peaks(
            self._session, camera, start_ms=wanted.start_ms, step_ms=wanted.dot_ms, columns=wanted.dots
        )
        return Stretch.of(body)
