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

from mcsyncd.api import Approve, Reject, SessionBody
from mcsyncd.errors import McsyncError
from mcsyncd.model.text import visible
from mcsyncd.tui import view
from mcsyncd.tui.desk import MS_US, Desk
from mcsyncd.tui.lens import Lens
from mcsyncd.tui.listen import Listening, paired
from mcsyncd.tui.paint import words
from mcsyncd.tui.screens.base import LiveScreen
from mcsyncd.tui.screens.dialogs import ReasonDialog
from mcsyncd.tui.screens.review_keys import ALL_KEYS, BINDINGS, KEYS
from mcsyncd.tui.screens.review_words import lane_left, lane_right, place, said_beside
from mcsyncd.tui.sound import Sound
from mcsyncd.tui.widgets.lane import Lane
from mcsyncd.tui.widgets.said import Said
from mcsyncd.tui.widgets.strip import MatchStrip
from mcsyncd.tui.widgets.waveform import Picture
from mcsyncd.tui.window import Window, axis
from mcsyncd.tui.world import World

_CLAIM_S = 25.0  # a claim lives for a minute; one lost renewal must not lose it
_LISTEN_MS, _LEAD_MS = 4000.0, 500.0


class ReviewScreen(LiveScreen):
    """Look, nudge, listen, decide."""

    BINDINGS: ClassVar = BINDINGS
    ALL_KEYS: ClassVar = ALL_KEYS

    def __init__(self, session: str) -> None:
        super().__init__()
        self._session_id = session
        self._desk: Desk | None = None
        self._lens = Lens()
        self._lanes: list[Lane] = []
        self._ghost = True
        self._taken = False
        self._sending = False
        self._listening = Listening()

    def body(self) -> Iterable[Widget]:
        """Why, the lanes, the time, the match, and the button with what it is about beside it."""
        yield Said(id="why")
        yield VerticalScroll(id="lanes", can_focus=False)
        yield Said(id="axis")
        yield MatchStrip()
        with Horizontal(id="deeds"):
            yield Button(Content(view.REVIEW_SYNC), id="main", classes="main")
            yield Said(id="beside")

    # --- what is shown -----------------------------------------------------------------------

    def show(self, world: World) -> None:
        """Take in the session as it now is, unless the hand has moved what it was."""
        body = world.session(self._session_id)
        if body is None:
            return
        if self._desk is None:
            self._open(body, world)
        elif not self._sending and self._desk.accepts(body):
            self._adopt(self._desk, body)
        self._draw()

    def _open(self, body: SessionBody, world: World) -> None:
        self._desk = Desk(body, world.status.review_below if world.status is not None else 0.0)
        self._sound = Sound(self.shell.client, self._session_id)
        self._lanes = [Lane(key, view.colour(index)) for index, key in enumerate(self._desk.walk.angles)]
        self.query_one("#lanes").mount(*self._lanes)
        self.query_one("#main").focus()
        self.set_interval(_CLAIM_S, self._claim)
        self._claim()
        self.call_after_refresh(self._find_moment)

    def _adopt(self, desk: Desk, body: SessionBody) -> None:
        for camera in desk.adopt(body):
            self._sound.forget(camera)

    def _draw(self) -> None:
        desk = self._desk
        if desk is None or not self._lanes or not self._lanes[0].wave.size.width:
            return
        self._lens.resize(self._lanes[0].wave.size.width)
        for index, lane in enumerate(self._lanes):
            lane.head.left = lane_left(desk, index, lane.camera)
            lane.head.right = lane_right(desk, lane.camera)
            lane.wave.show(self._picture(desk, lane.camera))
        self.query_one("#axis", Said).say(words((axis(self._lens.window), "muted")))
        self._draw_match(desk)
        self._draw_words(desk)

    def _picture(self, desk: Desk, camera: str) -> Picture | None:
        """Draw a lane from what is known, and have read what is not."""
        window, shift_ms = self._lens.window, desk.nudges.shift_us(camera) / MS_US
        wanted = self._sound.wants(camera, window, shift_ms)
        if wanted is not None:
            self.run_worker(self._read(camera, wanted), group=f"peaks-{camera}", exclusive=True)
        known = self._sound.of(camera)
        if known is None:
            return None
        reference = desk.session.reference
        ghost = self._sound.of(reference) if self._ghost and reference and reference != camera else None
        return Picture(known, window, shift_ms, ghost, self._lens.cursor_cell)

    def _draw_match(self, desk: Desk) -> None:
        strip = self.query_one(MatchStrip)
        strip.evidence = desk.session.angles.get(desk.camera)
        strip.machine_ms = (desk.machine_us(desk.camera) or 0) / MS_US
        strip.here_ms = (desk.nudges.offset_us(desk.camera) or 0) / MS_US
        strip.tone = view.colour(desk.walk.angles.index(desk.camera)) if desk.camera else ""

    def _draw_words(self, desk: Desk) -> None:
        session, status = desk.session, self.shell.world.status
        self.top.place = place(session)
        mine = status is not None and session.claimed_by == status.you
        self.top.note = "claimed by you" if session.claimed_by and mine else ""
        said = view.why(session)
        self.query_one("#why", Said).say(words(("Why: ", "bold"), said or view.facts(session)))
        reason = self._why_not()
        button = self.query_one("#main", Button)
        button.label = Content(desk.walk.button(session))
        button.set_class(bool(desk.walk.unsettled(session)), "-unsure")
        button.disabled = bool(reason)
        self.query_one("#beside", Said).say(said_beside(desk, reason))
        self.keys(KEYS)

    def _why_not(self) -> str:
        session = self._desk.session if self._desk is not None else None
        if session is None:
            return "not read yet"
        if reason := self.shell.why_not(None if self._taken else session):
            return f"{reason} · t takes over" if reason.endswith("is reviewing this") else reason
        return "" if session.state == "in_review" else f"no decision is due: {view.look(session).word}"

    def on_resize(self) -> None:
        """Draw for the new width."""
        self.call_after_refresh(self._draw)

    # --- what is read ------------------------------------------------------------------------

    async def _read(self, camera: str, wanted: Window) -> None:
        try:
            await self._sound.read(camera, wanted)
        except McsyncError as error:
            lane = next(lane for lane in self._lanes if lane.camera == camera)
            lane.head.right = words(("✖ no waveform: ", "error"), visible(error.message, 60))
            return
        self._draw()

    @work(exclusive=True, group="moment")
    async def _find_moment(self) -> None:
        """Open close to a moment at which a nudge can be seen."""
        if self._desk is None:
            return
        dots = 2 * max(1, self._lanes[0].wave.size.width)
        try:
            self._lens.point(*await self._sound.opening(self._desk.session, self._desk.camera, dots))
        except McsyncError as error:
            self.shell.complain(error)
        self._draw()

    @work(exclusive=True, group="claim")
    async def _claim(self) -> None:
        """Tell others who is here. Gates nothing, so a refusal is no news."""
        if self._why_not():
            return
        try:
            await self.shell.client.claim(self._session_id)
        except McsyncError as error:
            self.log.debug(str(error))

    # --- the hand ----------------------------------------------------------------------------

    def action_nudge_dots(self, dots: int) -> None:
        """Move the angle by dots of this zoom: always to be seen."""
        self.action_nudge_us(round(dots * self._lens.window.dot_ms * MS_US))

    def action_nudge_frames(self, frames: int) -> None:
        """Move the angle by pictures of the session's rate."""
        if self._desk is not None:
            self.action_nudge_us(frames * view.frame_us(self._desk.session.rate))

    def action_nudge_us(self, by_us: int) -> None:
        """Move the angle later (positive) or earlier."""
        if (desk := self._movable()) is not None:
            desk.nudges.move(desk.camera, by_us)
            self._draw()

    def action_candidate(self, by: int) -> None:
        """Lay the angle at the next place that explains the sound, best first."""
        if (desk := self._movable()) is not None:
            desk.to_candidate(by)
            self._draw()

    def action_machine(self) -> None:
        """Back to the machine's answer."""
        if (desk := self._movable()) is not None:
            desk.to_machine()
            self._draw()

    def action_undo(self) -> None:
        """Take the last move back."""
        if self._desk is not None and not self._sending:
            self._desk.nudges.undo()
            self._draw()

    def action_redo(self) -> None:
        """Do again what was taken back."""
        if self._desk is not None and not self._sending:
            self._desk.nudges.redo()
            self._draw()

    def _movable(self) -> Desk | None:
        """The desk, if its angle may be moved now; else say why not."""
        if self._desk is None or self._sending:
            return None
        if reason := self._desk.stands_still():
            self.shell.say(reason)
            return None
        return self._desk

    # --- the eye and the ear -----------------------------------------------------------------

    def action_angle(self, by: int) -> None:
        """Look at another angle."""
        if self._desk is None:
            return
        self._desk.walk.step(by)
        self._draw()
        for lane in self._lanes:
            if lane.camera == self._desk.camera:
                lane.scroll_visible(animate=False)

    def action_zoom(self, steps: int) -> None:
        """Closer or farther, around the cursor."""
        self._lens.zoom(steps)
        self._draw()

    def action_fit(self) -> None:
        """The whole session; again, close to the cursor."""
        self._lens.fit(self._desk.session.duration_s if self._desk is not None else None)
        self._draw()

    def action_cursor(self, cells: int) -> None:
        """Move the cursor; the window follows."""
        self._lens.move(cells)
        self._draw()

    def action_ghost(self) -> None:
        """Show or hide the reference behind the others."""
        self._ghost = not self._ghost
        self._draw()

    @work(exclusive=True, group="listen")
    async def action_listen(self) -> None:
        """Play from just before the cursor, with the angle where the hand has it."""
        if self._desk is None:
            return
        camera, start_ms = self._desk.camera, self._lens.cursor_ms - _LEAD_MS
        moved_ms = self._desk.nudges.shift_us(camera) / MS_US
        try:
            sound = await self._audio(camera, start_ms)
            if moved_ms:
                sound = paired(sound, await self._audio(camera, start_ms - moved_ms))
            await self._listening.play(sound)
        except McsyncError as error:
            self.shell.complain(error)

    async def _audio(self, camera: str, start_ms: float) -> bytes:
        client = self.shell.client
        return await client.audio(self._session_id, camera, start_ms=start_ms, duration_ms=_LISTEN_MS)

    # --- decisions ---------------------------------------------------------------------------

    def on_button_pressed(self) -> None:
        """One angle after the other; then all of it."""
        if self._desk is None:
            return
        if self._desk.walk.press(self._desk.session):
            self.action_approve()
        self._draw()

    def action_approve(self) -> None:
        """Send what was moved, then approve."""
        if reason := self._why_not():
            self.shell.say(reason)
        elif self._desk is not None and not self._sending:
            self._send(self._desk)

    @work(exclusive=True, group="decision")
    async def _send(self, desk: Desk) -> None:
        self._sending = True
        try:
            approved = await self._send_all(desk)
        finally:
            self._sending = False
        if approved:
            self.dismiss()
            return
        # Refused: whatever was laid on the desk, look at the session as it is now.
        if (body := self.shell.world.session(self._session_id)) is not None:
            self._adopt(desk, body)
        self._draw()

    async def _send_all(self, desk: Desk) -> bool:
        """Send each move on the revision that the one before returned. False when one was refused."""
        for nudge in desk.decisions():
            body = await self.shell.decide(desk.session, nudge, unsent=desk.unsent())
            if body is None:
                return False
            self._adopt(desk, body)
        return await self.shell.decide(desk.session, Approve()) is not None

    @work(exclusive=True, group="decision")
    async def action_reject(self) -> None:
        """Reject, with a reason."""
        if self._desk is None or (reason := self._why_not()):
            self.shell.say(reason if self._desk is not None else "not read yet")
            return
        seen = self._desk.session
        dialog = ReasonDialog("Reject this session?", "Nothing is deleted; it can be reopened.")
        given = await self.app.push_screen_wait(dialog)
        if given and await self.shell.decide(seen, Reject(reason=given)) is not None:
            self.dismiss()

    def action_take_over(self) -> None:
        """Review it although somebody else does."""
        self._taken = True
        self._claim()
        self._draw()

    def on_unmount(self) -> None:
        """Silence with the screen."""
        self._listening.stop()
