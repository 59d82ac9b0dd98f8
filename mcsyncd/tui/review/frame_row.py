"""The frames of a review: what each angle shows at the cursor, side by side."""

from __future__ import annotations

from collections.abc import Callable

from textual.containers import Horizontal

from mcsyncd.client import Client
from mcsyncd.errors import McsyncError
from mcsyncd.present.numbers import read_rate
from mcsyncd.present.session import get_camera_label
from mcsyncd.tui.angle_marks import get_angle_colour, get_angle_glyph
from mcsyncd.tui.content import build_content
from mcsyncd.tui.review.draft import ReviewDraft
from mcsyncd.tui.review.frame_answers import FrameAnswers, FrameRequest
from mcsyncd.tui.review.frame_labels import (
    LOADING,
    NO_PLACE,
    choose_shown_angles,
    describe_frame,
    explain_absence,
)
from mcsyncd.tui.review.frame_steps import step_cursor_us
from mcsyncd.tui.review.frame_tile import FrameTile
from mcsyncd.tui.review.viewport import Viewport


class FrameRow(Horizontal):
    """Shows a draft's frames and reads them from the daemon, for as long as it is displayed.

    A step leads to the edge of a frame, and from there to its middle, once the daemon has said where that is:
    so the other angles show the frame that has most in common with it, and cameras whose frames begin at
    almost the same moment are not a frame apart. `follow_cursor` is called when the cursor went there.
    """

    def __init__(self, follow_cursor: Callable[[], None]) -> None:
        super().__init__(id="frames")
        self._follow_cursor = follow_cursor
        self._is_stepping = False
        self._tiles: dict[str, FrameTile] = {}
        self._answers = FrameAnswers()
        self._is_loading = False
        self._draft: ReviewDraft | None = None

    def open_draft(self, draft: ReviewDraft, viewport: Viewport, client: Client) -> None:
        """Prepare a tile for each angle of the draft; its cursor is the one of `viewport`."""
        self._draft, self._viewport, self._client = draft, viewport, client
        self._tiles = {camera: FrameTile(camera) for camera in draft.checklist.angles}
        self.mount(*self._tiles.values())

    @property
    def _cursor_us(self) -> int:
        return round(self._viewport.cursor_ms * 1000)

    def forget(self, camera: str) -> None:
        """Drop a camera's frame, because the daemon's offset for it has changed."""
        self._answers.forget(camera)

    def step_cursor(self, frames: int) -> None:
        """Move the cursor by frames of the reference, or of the session where that has no picture."""
        if self._draft is None:
            return
        shown = self._answers.get(self._draft.session.reference or "")
        tick_us = round(read_rate(self._draft.session.rate).tick_us)
        self._viewport.place_cursor(step_cursor_us(self._cursor_us, frames, shown, tick_us) / 1000)
        self._is_stepping = True

    def on_mount(self) -> None:
        """Ask for frames of another size in a theme without colour: a dot is smaller than half a cell."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self.show_frames())

    def on_resize(self) -> None:
        """Ask for frames of the new size."""
        self.call_after_refresh(self.show_frames)

    def show_frames(self) -> None:
        """Show the frames at the cursor, and ask the daemon for those that are missing."""
        draft = self._draft
        if not self.display:
            self._answers.want({})  # and what failed is asked for again, once they are shown again
        if draft is None or not self.display or not self.size.width:
            return
        if self._is_stepping and self._finish_step(draft):
            return
        shown = choose_shown_angles(
            draft.checklist.angles, draft.session.reference, draft.camera, self.size.width
        )
        for camera, tile in self._tiles.items():
            tile.display = camera in shown
        self._answers.want(self._list_requests(draft, shown))
        for camera in shown:
            self._fill_tile(draft, self._tiles[camera])
        if not self._is_loading and self._answers.choose_next() is not None:
            self._is_loading = True
            self.run_worker(self._load_frames(), group="frames")

    def _finish_step(self, draft: ReviewDraft) -> bool:
        """Move the cursor into the middle of the reference's frame; False until that is known."""
        shown = self._answers.get(draft.session.reference or "")
        if shown is None or shown.middle_us is None or not shown.covers_moment(self._cursor_us):
            return False
        self._is_stepping = False
        self._viewport.place_cursor(shown.middle_us / 1000)
        self._follow_cursor()
        return True

    def _list_requests(self, draft: ReviewDraft, shown: list[str]) -> dict[str, FrameRequest]:
        """Return what the daemon is asked for, the reference and the current angle first."""
        first = (draft.session.reference, draft.camera)
        widths, heights = zip(*(self._tiles[camera].canvas.frame_size for camera in shown), strict=True)
        width, height = min(widths), min(heights)  # all are as large as the smallest, to be compared
        if not width or not height:
            return {}
        return {
            camera: FrameRequest(camera, self._cursor_us - draft.nudges.get_shift_us(camera), width, height)
            for camera in sorted(shown, key=lambda key: key not in first)
            if self._has_place(draft, camera)
        }

    @staticmethod
    def _has_place(draft: ReviewDraft, camera: str) -> bool:
        return draft.nudges.get_offset_us(camera) is not None

    async def _load_frames(self) -> None:
        """Read one frame after the other until all that are wanted are there."""
        try:
            while (request := self._answers.choose_next()) is not None:
                await self._load_frame(request)
                self.show_frames()
        finally:
            self._is_loading = False

    async def _load_frame(self, request: FrameRequest) -> None:
        session = self._draft.session.id if self._draft is not None else ""
        try:
            body = await self._client.fetch_frame(
                session,
                request.camera,
                at_ms=request.at_us / 1000,
                width=request.width,
                height=request.height,
            )
            self._answers.accept(request, body)
        except McsyncError as error:
            self._answers.refuse(request, error.message)

    def _fill_tile(self, draft: ReviewDraft, tile: FrameTile) -> None:
        camera = tile.camera
        index = draft.checklist.angles.index(camera)
        name = f"{get_angle_glyph(index)} {get_camera_label(draft.session, camera)}"
        tone = f"{get_angle_colour(index)}{' bold reverse' if camera == draft.camera else ''}"
        tile.title_label.text = build_content((name, tone))
        answer, failure = self._answers.get(camera), self._answers.explain_failure(camera)
        moment = ""
        if not self._has_place(draft, camera):
            tile.canvas.show(None, NO_PLACE)
        elif failure:
            tile.canvas.show(None, f"✖ {failure}")
        elif answer is None:
            tile.canvas.show(None, LOADING)
        else:
            shift_us, width = draft.nudges.get_shift_us(camera), tile.moment_label.size.width
            is_waiting = self._answers.is_waiting(camera)
            moment = describe_frame(answer, shift_us, self._cursor_us, width - len(LOADING) * is_waiting)
            moment += LOADING if is_waiting else ""
            tile.canvas.show(answer.pixels, explain_absence(answer.body, shift_us, self._cursor_us))
        tile.moment_label.text = build_content((moment, "muted"))
