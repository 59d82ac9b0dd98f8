"""The peaks behind the lanes: read ahead around what is seen, so that a nudge needs no answer first."""

from __future__ import annotations

from dataclasses import replace

from mcsyncd.api import SessionBody
from mcsyncd.client import Client
from mcsyncd.tui.review.peaks import PeaksSegment, find_sharpest_moment
from mcsyncd.tui.review.window import REVIEW_ZOOM_MS, ViewWindow, fit_window

_DEFAULT_SEARCH_MS = 60_000.0  # how much is searched for a moment when the session's length is not known
_COARSE_COLUMNS, _FINE_COLUMNS = 2000, 1000


class PeaksCache:
    """Stretches of a session's cameras by camera, each three windows wide: one before, one after."""

    def __init__(self, client: Client, session: str) -> None:
        self._client = client
        self._session = session
        self._segments: dict[str, PeaksSegment] = {}
        self._requested: dict[str, ViewWindow] = {}

    def get(self, camera: str) -> PeaksSegment | None:
        """What is known of a camera; perhaps of another zoom, which is better than nothing."""
        return self._segments.get(camera)

    def plan_read(self, camera: str, window: ViewWindow, shift_ms: float) -> ViewWindow | None:
        """Return what must be read so that `window` can be drawn; None if it is known or asked for."""
        known, asked = self._segments.get(camera), self._requested.get(camera)
        if known is not None and known.can_cover(window, shift_ms):
            return None
        start_ms = window.start_ms - shift_ms
        if asked is not None and asked.dot_ms == window.dot_ms:
            end_ms = asked.start_ms + asked.span_ms
            if asked.start_ms <= start_ms and start_ms + window.span_ms <= end_ms:
                return None
        wanted = replace(window, start_ms=start_ms - window.span_ms, dots=3 * window.dots)
        self._requested[camera] = wanted
        return wanted

    async def load(self, camera: str, wanted: ViewWindow) -> None:
        """Read what `wants` named. Raises what the client raises; the next draw then asks again."""
        try:
            self._segments[camera] = await self._fetch_segment(camera, wanted)
        except BaseException:
            self._requested.pop(camera, None)
            raise

    def forget(self, camera: str) -> None:
        """Drop what is known: the daemon lays this camera elsewhere now."""
        self._segments.pop(camera, None)
        self._requested.pop(camera, None)

    async def find_opening_view(
        self, session: SessionBody, camera: str, dots: int
    ) -> tuple[ViewWindow, float]:
        """Find the moment at which a nudge of `camera` shows best; return a close window and the moment.

        Once over the whole session, then once more around what was found: two questions a
        camera, whatever the session's length.
        """
        reference = session.reference or camera
        whole = fit_window((session.duration_s or 0.0) * 1000.0 or _DEFAULT_SEARCH_MS, _COARSE_COLUMNS)
        moment = await self._find_sharpest_moment(reference, camera, whole)
        near = ViewWindow(
            moment - 2 * whole.dot_ms, max(1.0, 4 * whole.dot_ms / _FINE_COLUMNS), _FINE_COLUMNS
        )
        moment = await self._find_sharpest_moment(reference, camera, near)
        return ViewWindow(0.0, REVIEW_ZOOM_MS, dots).centre_on(moment), moment

    async def _find_sharpest_moment(self, reference: str, camera: str, window: ViewWindow) -> float:
        loud = await self._fetch_segment(reference, window)
        other = await self._fetch_segment(camera, window) if camera != reference else None
        return find_sharpest_moment(loud, other)

    async def _fetch_segment(self, camera: str, wanted: ViewWindow) -> PeaksSegment:
        body = await self._client.fetch_peaks(
            self._session, camera, start_ms=wanted.start_ms, step_ms=wanted.dot_ms, columns=wanted.dots
        )
        return PeaksSegment.from_body(body)
