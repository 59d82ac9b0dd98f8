"""The lanes of a review, one for each angle, over one window of the session clock."""

from __future__ import annotations

from typing import Literal

from textual.containers import VerticalScroll

from mcsyncd.client import Client
from mcsyncd.errors import McsyncError
from mcsyncd.model.text import escape_text
from mcsyncd.tui.content import build_content
from mcsyncd.tui.review.draft import US_PER_MS, ReviewDraft
from mcsyncd.tui.review.labels import build_lane_left, build_lane_right
from mcsyncd.tui.review.lane import AngleLane
from mcsyncd.tui.review.peaks import PeaksSegment
from mcsyncd.tui.review.peaks_cache import PeaksCache, Place
from mcsyncd.tui.review.viewport import Viewport
from mcsyncd.tui.review.waveform import WaveformImage
from mcsyncd.tui.review.window import ViewWindow

Layer = Literal["ghost", "rival", "onsets"]
"""What can be shown in the lanes: the reference behind the other angles, the current angle at its rival
position too, and onsets in place of the sound."""


class LaneStack(VerticalScroll):
    """Draws a draft and reads the peaks for it. Empty until `open_draft`."""

    def __init__(self) -> None:
        super().__init__(id="lanes", can_focus=False)
        self.viewport = Viewport()
        self.angle_lanes: list[AngleLane] = []
        self._draft: ReviewDraft | None = None
        self._layers: set[Layer] = {"ghost"}
        self._faults: dict[str, str] = {}
        self.playhead_ms: float | None = None
        """Where the sound is; it is drawn in the place of the cursor."""

    def open_draft(self, draft: ReviewDraft, client: Client) -> None:
        """Show a lane for each angle of the draft."""
        self._draft = draft
        self._peaks_cache = PeaksCache(client, draft.session.id)
        self.angle_lanes = [AngleLane(key, index) for index, key in enumerate(draft.checklist.angles)]
        self.mount(*self.angle_lanes)

    @property
    def lane_width(self) -> int:
        """The cells of a lane; 0 before the first layout."""
        return self.angle_lanes[0].size.width if self.angle_lanes else 0

    def draw_lanes(self) -> None:
        """Draw the draft as it now is."""
        if self._draft is None or not self.lane_width:
            return
        self.viewport.resize(self.lane_width)
        for index, lane in enumerate(self.angle_lanes):
            rival_us = self._get_rival_us(self._draft, lane.camera)
            left = build_lane_left(self._draft, index, lane.camera, rival_us)
            if fault := self._faults.get(lane.camera):
                right = build_content(("✖ no waveform: ", "error"), fault)
            else:
                right = build_lane_right(self._draft, lane.camera)
            lane.header.show_ends(left, right)
            lane.waveform.show(self._build_image(self._draft, lane.camera))

    def forget_peaks(self, camera: str) -> None:
        """Drop a camera's peaks, because the daemon's offset for it has changed."""
        self._peaks_cache.forget(camera)

    def toggle(self, layer: Layer) -> None:
        """Show or hide a layer."""
        self._layers ^= {layer}

    def scroll_to_angle(self, camera: str) -> None:
        """Scroll until the lane of a camera is on screen."""
        for lane in self.angle_lanes:
            if lane.camera == camera:
                lane.scroll_visible(animate=False)

    async def show_sharpest_moment(self) -> None:
        """Point the viewport at the moment where a nudge shows best. Raises McsyncError."""
        if self._draft is None:
            return
        dots = 2 * max(1, self.lane_width)
        view = await self._peaks_cache.find_opening_view(self._draft.session, self._draft.camera, dots)
        self.viewport.show(*view)

    def _build_image(self, draft: ReviewDraft, camera: str) -> WaveformImage | None:
        """Return the image of a lane from the cached peaks, and start to read the missing ones."""
        window, shift_ms = self.viewport.window, draft.nudges.get_shift_us(camera) / US_PER_MS
        peaks = self._fetch_peaks(camera, shift_ms)
        if peaks is None:
            return None
        reference = draft.session.reference
        has_ghost = "ghost" in self._layers and reference is not None and reference != camera
        ghost = self._choose_peaks(reference, "own") if has_ghost and reference else None
        playhead = None if self.playhead_ms is None else window.cell_from_ms(self.playhead_ms)
        cursor = self.viewport.cursor_cell if playhead is None else playhead
        rival_us = self._get_rival_us(draft, camera)
        if rival_us is None:
            return WaveformImage(peaks, window, shift_ms, ghost, cursor)
        rival_shift_ms = (rival_us - (draft.nudges.recorded.get(camera) or 0)) / US_PER_MS
        rival = self._fetch_peaks(camera, rival_shift_ms, "rival")
        return WaveformImage(peaks, window, shift_ms, ghost, cursor, rival, rival_shift_ms)

    def _fetch_peaks(self, camera: str, shift_ms: float, place: Place = "own") -> PeaksSegment | None:
        """Return what is drawn of a camera, and start to read what is missing of it."""
        wanted = self._peaks_cache.plan_read(camera, self.viewport.window, shift_ms, place)
        if wanted is not None:
            load = self._load_peaks(camera, wanted, place)
            self.run_worker(load, group=f"peaks-{camera}-{place}", exclusive=True)
        return self._choose_peaks(camera, place)

    def _choose_peaks(self, camera: str, place: Place) -> PeaksSegment | None:
        """Return the sound of a camera, or the onsets in it; None while it is not read yet."""
        peaks = self._peaks_cache.get(camera, place)
        return peaks.onsets if peaks is not None and "onsets" in self._layers else peaks

    def _get_rival_us(self, draft: ReviewDraft, camera: str) -> int | None:
        """Return where else the current angle is drawn; None if that is not asked for, or for others."""
        return draft.get_rival_us() if "rival" in self._layers and camera == draft.camera else None

    async def _load_peaks(self, camera: str, wanted: ViewWindow, place: Place) -> None:
        try:
            await self._peaks_cache.load(camera, wanted, place)
        except McsyncError as error:
            self._faults[camera] = escape_text(error.message, 60)
        else:
            self._faults.pop(camera, None)
        self.draw_lanes()
