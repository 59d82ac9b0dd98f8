"""The peaks behind the lanes, read ahead around the window so that a nudge draws at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

from mcsyncd.api import SessionBody
from mcsyncd.client import Client
from mcsyncd.tui.review.peaks import PeaksSegment, find_sharpest_moment
from mcsyncd.tui.review.window import REVIEW_ZOOM_MS, ViewWindow, fit_window

Place = Literal["own", "rival"]
"""Where a camera is drawn."""

_DEFAULT_SEARCH_MS = 60_000.0
"""Milliseconds searched for a sharp sound when the session's duration is unknown. Judgement."""

_COARSE_COLUMNS = 2000
"""Columns of the first search, over the whole session: 1.8 s each in an hour.

Judgement: enough that the rise of a clap stands out, and one small request. The second search
covers four of them.
"""

_FINE_COLUMNS = 1000
"""Columns of the second search: 7 ms each in a session of an hour, well within the opening window."""


class PeaksCache:
    """Segments of a session, three windows wide: the one shown, one before, one after.

    There is one for each camera and each place where it is drawn: at its offset, and at its `rival`.
    """

    def __init__(self, client: Client, session: str) -> None:
        self._client = client
        self._session = session
        self._segments: dict[tuple[str, Place], PeaksSegment] = {}
        self._requested: dict[tuple[str, Place], ViewWindow] = {}

    def get(self, camera: str, place: Place = "own") -> PeaksSegment | None:
        """Return what is cached of a camera, or None.

        It may be at another zoom or cover only part of the window: drawing that beats drawing nothing.
        """
        return self._segments.get((camera, place))

    def plan_read(
        self, camera: str, window: ViewWindow, shift_ms: float, place: Place = "own"
    ) -> ViewWindow | None:
        """Return what `load` must read before `window` can be drawn; None if it is cached or on its way.

        `shift_ms` is how far the draft has moved the camera later than the daemon has it.
        """
        cached, requested = self._segments.get((camera, place)), self._requested.get((camera, place))
        if cached is not None and cached.can_cover(window, shift_ms):
            return None
        start_ms = window.start_ms - shift_ms
        if requested is not None and requested.dot_ms == window.dot_ms:
            end_ms = requested.start_ms + requested.span_ms
            if requested.start_ms <= start_ms and start_ms + window.span_ms <= end_ms:
                return None
        wanted = replace(window, start_ms=start_ms - window.span_ms, dots=3 * window.dots)
        self._requested[camera, place] = wanted
        return wanted

    async def load(self, camera: str, wanted: ViewWindow, place: Place = "own") -> None:
        """Read what `plan_read` returned. Raises McsyncError; the next `plan_read` then asks again."""
        try:
            self._segments[camera, place] = await self._fetch_segment(camera, wanted)
        except BaseException:  # also when cancelled by a later request
            self._requested.pop((camera, place), None)
            raise

    def forget(self, camera: str) -> None:
        """Drop a camera's peaks, because the daemon's offset for it has changed."""
        for place in get_args(Place):
            self._segments.pop((camera, place), None)
            self._requested.pop((camera, place), None)

    async def find_opening_view(
        self, session: SessionBody, camera: str, dots: int
    ) -> tuple[ViewWindow, float]:
        """Find the moment where a nudge of `camera` shows best. Raises McsyncError.

        Returns a close window around it and the moment, in milliseconds on the session clock. It
        searches the whole session coarsely, then again around what was found: two requests for
        each camera, however long the session is.
        """
        reference = session.reference or camera
        whole = fit_window((session.duration_s or 0.0) * 1000.0 or _DEFAULT_SEARCH_MS, _COARSE_COLUMNS)
        moment_ms = await self._find_sharpest_moment(reference, camera, whole)
        near = ViewWindow(
            moment_ms - 2 * whole.dot_ms, max(1.0, 4 * whole.dot_ms / _FINE_COLUMNS), _FINE_COLUMNS
        )
        moment_ms = await self._find_sharpest_moment(reference, camera, near)
        return ViewWindow(0.0, REVIEW_ZOOM_MS, dots).centre_on(moment_ms), moment_ms

    async def _find_sharpest_moment(self, reference: str, camera: str, window: ViewWindow) -> float:
        segment = await self._fetch_segment(reference, window)
        other = await self._fetch_segment(camera, window) if camera != reference else None
        return find_sharpest_moment(segment, other)

    async def _fetch_segment(self, camera: str, wanted: ViewWindow) -> PeaksSegment:
        body = await self._client.fetch_peaks(
            self._session, camera, start_ms=wanted.start_ms, step_ms=wanted.dot_ms, columns=wanted.dots
        )
        return PeaksSegment.from_body(body)
