"""The review screen: every angle's waveform over the ghost of the reference, nudged until they agree.

Nudges stay in the draft until they are sent. Approving sends one nudge for each camera that was
moved, each on the revision that the previous one returned, and then the approval. So what is
recorded is exactly what was on screen.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import work
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget

from mcsyncd.api import ApproveRequest, RejectRequest, SessionBody
from mcsyncd.errors import McsyncError, UsageError
from mcsyncd.present.numbers import format_offset, read_rate
from mcsyncd.present.session import REVIEW_SYNC, get_camera_label
from mcsyncd.present.standing import format_hand_set, format_why
from mcsyncd.review.nudge import parse_offset
from mcsyncd.tui.content import build_content
from mcsyncd.tui.dialogs import LeaveDialog, ReasonDialog
from mcsyncd.tui.live_screen import LiveScreen
from mcsyncd.tui.review.claim import ReviewClaim
from mcsyncd.tui.review.draft import US_PER_MS, ReviewDraft
from mcsyncd.tui.review.frame_row import FrameRow
from mcsyncd.tui.review.keys import REVIEW_KEYS, STEP_HINTS
from mcsyncd.tui.review.labels import build_button_note, build_title, explain_decided, explain_unplaced
from mcsyncd.tui.review.lanes import LaneStack, Layer
from mcsyncd.tui.review.listening import Listening
from mcsyncd.tui.review.match_strip import MatchStrip
from mcsyncd.tui.review.playback import Heard
from mcsyncd.tui.review.window import format_axis
from mcsyncd.tui.widgets.decision_button import PRESS, DecisionButton
from mcsyncd.tui.widgets.fixed_text import FixedText
from mcsyncd.tui.widgets.lazy_static import LazyStatic
from mcsyncd.tui.world import World

_NOT_LOADED = "session not loaded yet"

PICTURE = "-picture"
"""The class of the screen while the frames are shown; review.tcss makes room for them."""


class ReviewScreen(LiveScreen):
    """Compare, nudge, listen, decide."""

    BINDINGS: ClassVar[list[BindingType]] = list(REVIEW_KEYS)
    KEYS: ClassVar = (PRESS, *REVIEW_KEYS)

    def __init__(self, session: str) -> None:
        super().__init__()
        self._session_id = session
        self._draft: ReviewDraft | None = None
        self._lanes = LaneStack()
        self._frames = FrameRow(self._update)
        self._listening = Listening(self, self._show_playhead)
        self._claim = ReviewClaim(self, session, lambda: not self._find_objection())
        self._taken_over = False
        self._sending = False

    def compose_body(self) -> Iterable[Widget]:
        """Yield the reason, the lanes, their axis, the frames, the match strip, the button and its note."""
        yield LazyStatic(id="why")
        yield self._lanes
        yield LazyStatic(id="axis")
        yield self._frames
        yield MatchStrip()
        with Horizontal(id="decision"):
            yield DecisionButton(Content(REVIEW_SYNC), id="main", classes="main")
            yield FixedText(id="note")

    def show_world(self, world: World) -> None:
        """Show the session's current state, unless nudges on an earlier revision are pending."""
        body = world.get_session(self._session_id)
        if body is None:
            return
        if self._draft is None:
            self._open_draft(body, world)
        elif not self._sending and self._draft.can_adopt(body):
            self._adopt_session(self._draft, body)
        self._update()

    def _open_draft(self, body: SessionBody, world: World) -> None:
        self._draft = ReviewDraft(body, world.status.review_below if world.status is not None else 0.0)
        self._draft.nudges.restore(self.shell.drafts.pop(self._session_id, {}))
        self._lanes.open_draft(self._draft, self.shell.client)
        self._frames.open_draft(self._draft, self._lanes.viewport, self.shell.client)
        self.query_one("#main").focus()
        self._claim.start()
        self.call_after_refresh(self._show_sharpest_moment)

    def _adopt_session(self, draft: ReviewDraft, body: SessionBody) -> None:
        for camera in draft.adopt(body):
            self._lanes.forget_peaks(camera)
            self._frames.forget(camera)

    def _update(self) -> None:
        draft = self._draft
        if draft is None or not self._lanes.lane_width:
            return
        self._lanes.draw_lanes()
        self._frames.show_frames()
        axis = format_axis(self._lanes.viewport.window)
        self.query_one("#axis", LazyStatic).show(build_content((axis, "muted")))
        self.query_one(MatchStrip).show_draft(draft)
        self._update_texts(draft)
        self._listening.follow(draft, self._lanes.viewport)
        unchecked = tuple(draft.checklist.list_unchecked(draft.session))
        sight = (self._session_id, draft.session.revision, draft.session.state, draft.camera, unchecked)
        self.shell.stillness.note_sight(sight)

    def _show_playhead(self, playhead_ms: float | None) -> None:
        """Show where the sound is, or (None) the cursor again."""
        self._lanes.playhead_ms = playhead_ms
        if not self.is_active:
            return
        self._lanes.draw_lanes()
        if playhead_ms is None:
            self._update()

    def _update_texts(self, draft: ReviewDraft) -> None:
        session, status = draft.session, self.shell.world.status
        self.top_bar.title = build_title(draft)
        is_mine = status is not None and session.claimed_by == status.you
        self.top_bar.note = "claimed by you" if session.claimed_by and is_mine else ""
        news = format_hand_set(session, self.shell.get_now())
        why = build_content(("Why: ", "bold"), format_why(session))
        said = build_content(("\n".join(news), "bold")) if news else why
        self.query_one("#why", LazyStatic).show(said)
        objection = self._find_objection()
        button = self.query_one("#main", DecisionButton)
        button.label = Content(draft.label_button())
        button.is_decision = not draft.awaits_place
        button.set_class(bool(draft.checklist.list_unchecked(session)), "-unsure")
        if self._sending:
            button.label = Content("Sending …")
        button.disabled = bool(objection) or self._sending
        note = build_button_note(draft, self.key_labels, objection, self._listening.said)
        self.query_one("#note", FixedText).show(note)
        self.show_hints(**(STEP_HINTS if self.has_class(PICTURE) else {}))

    def _find_objection(self) -> str:
        """Return why no decision can be sent; empty if it can."""
        session = self._draft.session if self._draft is not None else None
        if session is None:
            return _NOT_LOADED
        if objection := self.shell.find_objection(None if self._taken_over else session):
            ways = f" · {self.key_labels['take_over']} takes over"
            return objection + (ways if objection.endswith("is reviewing this") else "")
        return "" if session.state == "in_review" else explain_decided(session, self.shell.get_now())

    def on_resize(self) -> None:
        """Draw for the new width."""
        self.call_after_refresh(self._update)

    def on_angle_lane_resized(self) -> None:
        """Draw for the new width of the lanes."""
        self._update()

    @work(exclusive=True, group="moment")
    async def _show_sharpest_moment(self) -> None:
        try:
            await self._lanes.show_sharpest_moment()
        except McsyncError as error:
            self.shell.show_error(error)
        self._update()

    def action_nudge_dots(self, dots: int) -> None:
        """Move the angle by dots of the current zoom, so that every nudge is visible."""
        self.action_nudge_us(round(dots * self._lanes.viewport.window.dot_ms * US_PER_MS))

    def action_nudge_frames(self, frames: int) -> None:
        """Move the angle by frames of the session's rate."""
        if self._draft is not None:
            self.action_nudge_us(round(frames * read_rate(self._draft.session.rate).tick_us))

    def action_nudge_us(self, by_us: int) -> None:
        """Move the angle later (positive) or earlier (negative)."""
        if (draft := self._get_placed_draft()) is not None:
            draft.nudges.move(draft.camera, by_us)
            self._update()

    def action_candidate(self, by: int) -> None:
        """Move the angle to its next or previous candidate, best first."""
        if (draft := self._get_placed_draft()) is not None:
            draft.select_candidate(by)
            self._update()

    @work(exclusive=True, group="decision")
    async def action_type_offset(self) -> None:
        """Ask for the angle's offset; the only way to place one that has none."""
        if (draft := self._get_movable_draft()) is None:
            return
        label = get_camera_label(draft.session, draft.camera)
        found = ", ".join(format_offset(offset_ms) for offset_ms in draft.list_candidates())
        hint = f"Possible by sound: {found}." if found else "Nothing was heard that says where it belongs."
        dialog = ReasonDialog(
            f"At which offset does {label} begin?", hint, "-134 ms, 4f, 1.5 s or 00:00:12:05"
        )
        answer = await self.app.push_screen_wait(dialog)
        if answer is None:
            return
        try:
            draft.nudges.set_offset(draft.camera, parse_offset(answer, read_rate(draft.session.rate)))
        except UsageError as error:
            self.shell.show_error(error)
        self._update()

    def action_swap(self) -> None:
        """Move the angle to its rival candidate, or back."""
        if (draft := self._get_placed_draft()) is not None:
            draft.swap_candidate()
            self._update()

    def action_reset(self) -> None:
        """Move the angle back to its computed offset."""
        if (draft := self._get_movable_draft()) is not None:
            draft.reset_to_computed()
            self._update()

    def action_undo(self) -> None:
        """Take the last nudge back."""
        if self._draft is not None and not self._sending:
            self._draft.nudges.undo()
            self._update()

    def action_redo(self) -> None:
        """Repeat the nudge that was taken back last."""
        if self._draft is not None and not self._sending:
            self._draft.nudges.redo()
            self._update()

    def _get_movable_draft(self) -> ReviewDraft | None:
        """Return the draft if its current angle may be moved; otherwise show why not."""
        if self._draft is None or self._sending:
            return None
        if reason := self._draft.explain_immovable():
            self.shell.show_notice(reason)
            return None
        return self._draft

    def _get_placed_draft(self) -> ReviewDraft | None:
        """Return the same if the angle has a place to move it from."""
        draft = self._get_movable_draft()
        if draft is not None and not draft.is_placed:
            self.shell.show_notice(explain_unplaced(draft, self.key_labels))
            return None
        return draft

    def action_angle(self, by: int) -> None:
        """Go to the next or previous angle."""
        if self._draft is None:
            return
        self._draft.checklist.step(by)
        self._update()
        self._lanes.scroll_to_angle(self._draft.camera)

    def action_zoom(self, steps: int) -> None:
        """Zoom in or out around the cursor."""
        self._lanes.viewport.zoom(steps)
        self._update()

    def action_fit(self) -> None:
        """Show the whole session; again, zoom back in to the cursor."""
        self._lanes.viewport.fit(self._draft.session.duration_s if self._draft is not None else None)
        self._update()

    def action_cursor(self, cells: int) -> None:
        """Move the cursor by cells, or by frames while they are shown; the window follows."""
        if self.has_class(PICTURE):
            self._frames.step_cursor(cells)
        else:
            self._lanes.viewport.move_cursor(cells)
        self._update()

    def action_picture(self) -> None:
        """Show or hide what each angle shows at the cursor."""
        self.toggle_class(PICTURE)
        self.call_after_refresh(self._update)

    def action_show(self, layer: Layer) -> None:
        """Show or hide a layer of the lanes."""
        self._lanes.toggle(layer)
        self._update()

    def action_listen(self, heard: Heard = "apart") -> None:
        """Play from just before the cursor, again and again; the same key stops it."""
        if self._listening.is_running and self._listening.heard == heard:
            self._listening.stop()
        elif self._draft is not None:
            self._listening.start(self._draft, self._lanes.viewport, heard)
        self._update()

    def on_button_pressed(self) -> None:
        """Check the current angle, or approve once all are checked."""
        if self._draft is None:
            return
        if self._draft.awaits_place:
            self.action_type_offset()
        elif self._draft.checklist.advance(self._draft.session):
            self._approve()
        self._update()

    def action_approve(self) -> None:
        """Send the pending nudges, then approve, if the key was not held."""
        self.shell.decide_if_still(self._approve_checked)

    def _approve_checked(self) -> None:
        """Approve with the current angle checked, unless another one was not looked at yet."""
        if (draft := self._draft) is None or self._find_objection():
            self._approve()  # says why not
            return
        if draft.awaits_place:
            self.shell.show_notice(explain_unplaced(draft, self.key_labels))
            return
        draft.checklist.advance(draft.session)
        if left := draft.checklist.list_unchecked(draft.session):
            self.shell.show_notice(f"{get_camera_label(draft.session, left[0])} is not checked yet")
            self._update()
            return
        self._approve()

    def _approve(self) -> None:
        if objection := self._find_objection():
            self.shell.show_notice(objection.replace("\n", "; "))
        elif self._draft is not None and not self._sending:
            self._send_draft(self._draft)

    @work(exclusive=True, group="decision")
    async def _send_draft(self, draft: ReviewDraft) -> None:
        self._sending = True
        self._update()
        try:
            approved = await self._send_decisions(draft)
        finally:
            self._sending = False
        if approved:
            self.dismiss()
            return
        # Refused: whatever is pending, show the session's current state.
        if (body := self.shell.world.get_session(self._session_id)) is not None:
            self._adopt_session(draft, body)
        self._update()

    async def _send_decisions(self, draft: ReviewDraft) -> bool:
        """Send nudges and approval, each on the revision the previous one returned. False if refused."""
        for nudge in draft.build_nudges():
            body = await self.shell.send_decision(draft.session, nudge, unsent=draft.format_unsent())
            if body is None:
                return False
            self._adopt_session(draft, body)
        return await self.shell.send_decision(draft.session, ApproveRequest()) is not None

    @work(exclusive=True, group="decision")
    async def action_reject(self) -> None:
        """Ask for a reason and reject the session."""
        objection = self._find_objection()
        if self._draft is None or objection:
            self.shell.show_notice(objection.replace("\n", "; "))
            return
        shown = self._draft.session
        dialog = ReasonDialog("Reject this session?", "Nothing is deleted; it can be reopened.")
        reason = await self.app.push_screen_wait(dialog)
        if reason and await self.shell.send_decision(shown, RejectRequest(reason=reason)) is not None:
            self.dismiss()

    def action_take_over(self) -> None:
        """Review the session although somebody else is doing so."""
        self._taken_over = True
        self._claim.renew()
        self._update()

    @work(exclusive=True, group="leave")
    async def action_leave(self) -> None:
        """Go back; ask first what becomes of moves that were not sent."""
        draft = self._draft
        if draft is not None and draft.nudges.pending:
            keeps = await self.app.push_screen_wait(LeaveDialog(draft.format_unsent()))
            if keeps is None:
                return
            if keeps:
                self.shell.drafts[self._session_id] = draft.nudges.pending
        self.dismiss()

    def on_unmount(self) -> None:
        """Stop the sound and end the claim when the screen closes."""
        self._listening.stop()
        self._claim.release()
