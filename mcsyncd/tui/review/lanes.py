"""The lanes of a review, one for each angle, over one window of the session clock."""

from __future__ import annotations

from textual.containers import VerticalScroll

from mcsyncd.client import Client
from mcsyncd.errors import McsyncError
from mcsyncd.model.text import escape_text
from mcsyncd.tui.content import build_content
from mcsyncd.tui.review.draft import US_PER_MS, ReviewDraft
from mcsyncd.tui.review.labels import build_lane_left, build_lane_right
from mcsyncd.tui.review.lane import AngleLane
from mcsyncd.tui.review.peaks_cache import PeaksCache
from mcsyncd.tui.review.viewport import Viewport
from mcsyncd.tui.review.waveform import WaveformImage
from mcsyncd.tui.review.window import ViewWindow


class LaneStack(VerticalScroll):
    """Draws a draft and reads the peaks for it. Empty until `open_draft`."""

    def __init__(self) -> None:
        super().__init__(id="lanes", can_focus=False)
        self.viewport = Viewport()
        self.angle_lanes: list[AngleLane] = []
        self._draft: ReviewDraft | None = None
        self._ghost_shown = True
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
            lane.header.left = build_lane_left(self._draft, index, lane.camera)
            lane.header.right = build_lane_right(self._draft, lane.camera)
            lane.waveform.show(self._build_image(self._draft, lane.camera))

    def forget_peaks(self, camera: str) -> None:
        """Drop a camera's peaks, because the daemon's offset for it has changed."""
        self._peaks_cache.forget(camera)

    def toggle_ghost(self) -> None:
        """Show or hide the reference behind the other angles."""
        self._ghost_shown = not self._ghost_shown

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
        wanted = self._peaks_cache.plan_read(camera, window, shift_ms)
        if wanted is not None:
            self.run_worker(self._load_peaks(camera, wanted), group=f"peaks-{camera}", exclusive=True)
        peaks = self._peaks_cache.get(camera)
        if peaks is None:
            return None
        reference = draft.session.reference
        has_ghost = self._ghost_shown and reference is not None and reference != camera
        ghost = self._peaks_cache.get(reference) if has_ghost and reference else None
        playhead = None if self.playhead_ms is None else window.cell_from_ms(self.playhead_ms)
        return WaveformImage(
            peaks, window, shift_ms, ghost, self.viewport.cursor_cell if playhead is None else playhead
        )

    async def _load_peaks(self, camera: str, wanted: ViewWindow) -> None:
        try:
            await self._peaks_cache.load(camera, wanted)
        except McsyncError as error:
            lane = next(lane for lane in self.angle_lanes if lane.camera == camera)
            lane.header.right = build_content(("✖ no waveform: ", "error"), escape_text(error.message, 60))
            return
        self.draw_lanes()
