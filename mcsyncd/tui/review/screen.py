"""The review: every angle's waveform over the ghost of the reference, moved until the two agree.

A nudge is the hand's until it is sent. Approving sends one nudge for each camera that was moved,
each on the revision that the one before returned, and then the approval: what is recorded is
exactly what was seen.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import work
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button

from mcsyncd.api import ApproveRequest, RejectRequest, SessionBody
from mcsyncd.errors import McsyncError
from mcsyncd.model.text import escape_text
from mcsyncd.present.session import REVIEW_SYNC, format_facts, format_reasons, label_session
from mcsyncd.tui.angle_marks import get_angle_colour
from mcsyncd.tui.content import build_content
from mcsyncd.tui.dialogs import ReasonDialog
from mcsyncd.tui.live_screen import LiveScreen
from mcsyncd.tui.review.draft import US_PER_MS, ReviewDraft, compute_frame_us
from mcsyncd.tui.review.keys import ALL_KEYS, BINDINGS, KEY_HINTS
from mcsyncd.tui.review.labels import build_button_note, build_lane_left, build_lane_right, build_title
from mcsyncd.tui.review.lane import AngleLane
from mcsyncd.tui.review.match_strip import MatchStrip
from mcsyncd.tui.review.peaks_cache import PeaksCache
from mcsyncd.tui.review.playback import AudioPlayback, pair_channels
from mcsyncd.tui.review.viewport import Viewport
from mcsyncd.tui.review.waveform import WaveformImage
from mcsyncd.tui.review.window import ViewWindow, format_axis
from mcsyncd.tui.widgets.lazy_static import LazyStatic
from mcsyncd.tui.world import World

_CLAIM_INTERVAL_S = 25.0  # a claim lives for a minute; one lost renewal must not lose it
_PLAYBACK_MS, _PREROLL_MS = 4000.0, 500.0


class ReviewScreen(LiveScreen):
    """Look, nudge, listen, decide."""

    BINDINGS: ClassVar = BINDINGS
    ALL_KEYS: ClassVar = ALL_KEYS

    def __init__(self, session: str) -> None:
        super().__init__()
        self._session_id = session
        self._draft: ReviewDraft | None = None
        self._viewport = Viewport()
        self._lanes: list[AngleLane] = []
        self._ghost_shown = True
        self._taken_over = False
        self._sending = False
        self._playback = AudioPlayback()

    def compose_body(self) -> Iterable[Widget]:
        """Why, the lanes, the time, the match, and the button with what it is about beside it."""
        yield LazyStatic(id="why")
        yield VerticalScroll(id="lanes", can_focus=False)
        yield LazyStatic(id="axis")
        yield MatchStrip()
        with Horizontal(id="deeds"):
            yield Button(Content(REVIEW_SYNC), id="main", classes="main")
            yield LazyStatic(id="beside")

    # --- what is shown -----------------------------------------------------------------------

    def show_world(self, world: World) -> None:
        """Take in the session as it now is, unless the hand has moved what it was."""
        body = world.get_session(self._session_id)
        if body is None:
            return
        if self._draft is None:
            self._open_draft(body, world)
        elif not self._sending and self._draft.can_adopt(body):
            self._adopt_session(self._draft, body)
        self._update_lanes()

    def _open_draft(self, body: SessionBody, world: World) -> None:
        self._draft = ReviewDraft(body, world.status.review_below if world.status is not None else 0.0)
        self._peaks_cache = PeaksCache(self.shell.client, self._session_id)
        self._lanes = [
            AngleLane(key, get_angle_colour(index)) for index, key in enumerate(self._draft.checklist.angles)
        ]
        self.query_one("#lanes").mount(*self._lanes)
        self.query_one("#main").focus()
        self.set_interval(_CLAIM_INTERVAL_S, self._claim_session)
        self._claim_session()
        self.call_after_refresh(self._find_moment)

    def _adopt_session(self, draft: ReviewDraft, body: SessionBody) -> None:
        for camera in draft.adopt(body):
            self._peaks_cache.forget(camera)

    def _update_lanes(self) -> None:
        desk = self._draft
        if desk is None or not self._lanes or not self._lanes[0].waveform.size.width:
            return
        self._viewport.resize(self._lanes[0].waveform.size.width)
        for index, lane in enumerate(self._lanes):
            lane.header.left = build_lane_left(desk, index, lane.camera)
            lane.header.right = build_lane_right(desk, lane.camera)
            lane.waveform.show(self._build_image(desk, lane.camera))
        self.query_one("#axis", LazyStatic).show(build_content((format_axis(self._viewport.window), "muted")))
        self._update_match_strip(desk)
        self._update_texts(desk)

    def _build_image(self, draft: ReviewDraft, camera: str) -> WaveformImage | None:
        """Draw a lane from what is known, and have read what is not."""
        window, shift_ms = self._viewport.window, draft.nudges.get_shift_us(camera) / US_PER_MS
        wanted = self._peaks_cache.plan_read(camera, window, shift_ms)
        if wanted is not None:
            self.run_worker(self._load_peaks(camera, wanted), group=f"peaks-{camera}", exclusive=True)
        known = self._peaks_cache.get(camera)
        if known is None:
            return None
        reference = draft.session.reference
        ghost = (
            self._peaks_cache.get(reference)
            if self._ghost_shown and reference and reference != camera
            else None
        )
        return WaveformImage(known, window, shift_ms, ghost, self._viewport.cursor_cell)

    def _update_match_strip(self, draft: ReviewDraft) -> None:
        strip = self.query_one(MatchStrip)
        strip.evidence = draft.session.angles.get(draft.camera)
        strip.machine_ms = (draft.get_machine_offset_us(draft.camera) or 0) / US_PER_MS
        strip.draft_ms = (draft.nudges.get_offset_us(draft.camera) or 0) / US_PER_MS
        strip.tone = get_angle_colour(draft.checklist.angles.index(draft.camera)) if draft.camera else ""

    def _update_texts(self, draft: ReviewDraft) -> None:
        session, status = draft.session, self.shell.world.status
        self.top_bar.title = build_title(session)
        mine = status is not None and session.claimed_by == status.you
        self.top_bar.note = "claimed by you" if session.claimed_by and mine else ""
        said = format_reasons(session)
        self.query_one("#why", LazyStatic).show(
            build_content(("Why: ", "bold"), said or format_facts(session))
        )
        reason = self._find_objection()
        button = self.query_one("#main", Button)
        button.label = Content(draft.checklist.label_button(session))
        button.set_class(bool(draft.checklist.list_unchecked(session)), "-unsure")
        button.disabled = bool(reason)
        self.query_one("#beside", LazyStatic).show(build_button_note(draft, reason))
        self.show_keys(KEY_HINTS)

    def _find_objection(self) -> str:
        session = self._draft.session if self._draft is not None else None
        if session is None:
            return "not read yet"
        if reason := self.shell.find_objection(None if self._taken_over else session):
            return f"{reason} · t takes over" if reason.endswith("is reviewing this") else reason
        return "" if session.state == "in_review" else f"no decision is due: {label_session(session).word}"

    def on_resize(self) -> None:
        """Draw for the new width."""
        self.call_after_refresh(self._update_lanes)

    # --- what is read ------------------------------------------------------------------------

    async def _load_peaks(self, camera: str, wanted: ViewWindow) -> None:
        try:
            await self._peaks_cache.load(camera, wanted)
        except McsyncError as error:
            lane = next(lane for lane in self._lanes if lane.camera == camera)
            lane.header.right = build_content(("✖ no waveform: ", "error"), escape_text(error.message, 60))
            return
        self._update_lanes()

    @work(exclusive=True, group="moment")
    async def _find_moment(self) -> None:
        """Open close to a moment at which a nudge can be seen."""
        if self._draft is None:
            return
        dots = 2 * max(1, self._lanes[0].waveform.size.width)
        try:
            self._viewport.show(
                *await self._peaks_cache.find_opening_view(self._draft.session, self._draft.camera, dots)
            )
        except McsyncError as error:
            self.shell.show_error(error)
        self._update_lanes()

    @work(exclusive=True, group="claim")
    async def _claim_session(self) -> None:
        """Tell others who is here. Gates nothing, so a refusal is no news."""
        if self._find_objection():
            return
        try:
            await self.shell.client.claim_session(self._session_id)
        except McsyncError as error:
            self.log.debug(str(error))

    # --- the hand ----------------------------------------------------------------------------

    def action_nudge_dots(self, dots: int) -> None:
        """Move the angle by dots of this zoom: always to be seen."""
        self.action_nudge_us(round(dots * self._viewport.window.dot_ms * US_PER_MS))

    def action_nudge_frames(self, frames: int) -> None:
        """Move the angle by pictures of the session's rate."""
        if self._draft is not None:
            self.action_nudge_us(frames * compute_frame_us(self._draft.session.rate))

    def action_nudge_us(self, by_us: int) -> None:
        """Move the angle later (positive) or earlier."""
        if (desk := self._get_movable_draft()) is not None:
            desk.nudges.move(desk.camera, by_us)
            self._update_lanes()

    def action_candidate(self, by: int) -> None:
        """Lay the angle at the next place that explains the sound, best first."""
        if (desk := self._get_movable_draft()) is not None:
            desk.select_candidate(by)
            self._update_lanes()

    def action_machine(self) -> None:
        """Back to the machine's answer."""
        if (desk := self._get_movable_draft()) is not None:
            desk.reset_to_machine()
            self._update_lanes()

    def action_undo(self) -> None:
        """Take the last move back."""
        if self._draft is not None and not self._sending:
            self._draft.nudges.undo()
            self._update_lanes()

    def action_redo(self) -> None:
        """Do again what was taken back."""
        if self._draft is not None and not self._sending:
            self._draft.nudges.redo()
            self._update_lanes()

    def _get_movable_draft(self) -> ReviewDraft | None:
        """The desk, if its angle may be moved now; else say why not."""
        if self._draft is None or self._sending:
            return None
        if reason := self._draft.explain_immovable():
            self.shell.show_notice(reason)
            return None
        return self._draft

    # --- the eye and the ear -----------------------------------------------------------------

    def action_angle(self, by: int) -> None:
        """Look at another angle."""
        if self._draft is None:
            return
        self._draft.checklist.step(by)
        self._update_lanes()
        for lane in self._lanes:
            if lane.camera == self._draft.camera:
                lane.scroll_visible(animate=False)

    def action_zoom(self, steps: int) -> None:
        """Closer or farther, around the cursor."""
        self._viewport.zoom(steps)
        self._update_lanes()

    def action_fit(self) -> None:
        """The whole session; again, close to the cursor."""
        self._viewport.fit(self._draft.session.duration_s if self._draft is not None else None)
        self._update_lanes()

    def action_cursor(self, cells: int) -> None:
        """Move the cursor; the window follows."""
        self._viewport.move_cursor(cells)
        self._update_lanes()

    def action_ghost(self) -> None:
        """Show or hide the reference behind the others."""
        self._ghost_shown = not self._ghost_shown
        self._update_lanes()

    @work(exclusive=True, group="listen")
    async def action_listen(self) -> None:
        """Play from just before the cursor, with the angle where the hand has it."""
        if self._draft is None:
            return
        camera, start_ms = self._draft.camera, self._viewport.cursor_ms - _PREROLL_MS
        moved_ms = self._draft.nudges.get_shift_us(camera) / US_PER_MS
        try:
            sound = await self._fetch_audio(camera, start_ms)
            if moved_ms:
                sound = pair_channels(sound, await self._fetch_audio(camera, start_ms - moved_ms))
            await self._playback.play(sound)
        except McsyncError as error:
            self.shell.show_error(error)

    async def _fetch_audio(self, camera: str, start_ms: float) -> bytes:
        client = self.shell.client
        return await client.fetch_audio(self._session_id, camera, start_ms=start_ms, duration_ms=_PLAYBACK_MS)

    # --- decisions ---------------------------------------------------------------------------

    def on_button_pressed(self) -> None:
        """One angle after the other; then all of it."""
        if self._draft is None:
            return
        if self._draft.checklist.advance(self._draft.session):
            self.action_approve()
        self._update_lanes()

    def action_approve(self) -> None:
        """Send what was moved, then approve."""
        if reason := self._find_objection():
            self.shell.show_notice(reason)
        elif self._draft is not None and not self._sending:
            self._send_draft(self._draft)

    @work(exclusive=True, group="decision")
    async def _send_draft(self, draft: ReviewDraft) -> None:
        self._sending = True
        try:
            approved = await self._send_decisions(draft)
        finally:
            self._sending = False
        if approved:
            self.dismiss()
            return
        # Refused: whatever was laid on the desk, look at the session as it is now.
        if (body := self.shell.world.get_session(self._session_id)) is not None:
            self._adopt_session(draft, body)
        self._update_lanes()

    async def _send_decisions(self, draft: ReviewDraft) -> bool:
        """Send each move on the revision that the one before returned. False when one was refused."""
        for nudge in draft.build_nudges():
            body = await self.shell.send_decision(draft.session, nudge, unsent=draft.format_unsent())
            if body is None:
                return False
            self._adopt_session(draft, body)
        return await self.shell.send_decision(draft.session, ApproveRequest()) is not None

    @work(exclusive=True, group="decision")
    async def action_reject(self) -> None:
        """Reject, with a reason."""
        if self._draft is None or (reason := self._find_objection()):
            self.shell.show_notice(reason if self._draft is not None else "not read yet")
            return
        seen = self._draft.session
        dialog = ReasonDialog("Reject this session?", "Nothing is deleted; it can be reopened.")
        given = await self.app.push_screen_wait(dialog)
        if given and await self.shell.send_decision(seen, RejectRequest(reason=given)) is not None:
            self.dismiss()

    def action_take_over(self) -> None:
        """Review it although somebody else does."""
        self._taken_over = True
        self._claim_session()
        self._update_lanes()

    def on_unmount(self) -> None:
        """Silence with the screen."""
        self._playback.stop()
