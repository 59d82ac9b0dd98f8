"""Listening in the review: the sound loops around the cursor and follows it, until it is stopped."""

from __future__ import annotations

from collections.abc import Callable

from textual.timer import Timer
from textual.worker import Worker

from mcsyncd.errors import McsyncError
from mcsyncd.present.session import get_camera_label
from mcsyncd.tui.live_screen import LiveScreen
from mcsyncd.tui.review.draft import US_PER_MS, ReviewDraft
from mcsyncd.tui.review.playback import EXPORT_HINT, AudioPlayback, Excerpt, Heard, fetch_excerpt
from mcsyncd.tui.review.viewport import Viewport

_PLAYHEAD_INTERVAL_S = 0.05
"""Seconds between two places of the playhead. Judgement: smooth to the eye; drawing takes 3 ms."""

IN_A_BROWSER = "In a browser there is no sound: it would play on the server."


class Listening:
    """Plays the excerpt at a review's cursor; `show_playhead` is called with its place, None at the end."""

    def __init__(self, screen: LiveScreen, show_playhead: Callable[[float | None], None]) -> None:
        self._screen = screen
        self._show_playhead = show_playhead
        self._playback = AudioPlayback()
        self._excerpt: Excerpt | None = None
        self._worker: Worker[None] | None = None
        self._timer: Timer | None = None
        self._session = ""
        self.said = ""
        """What is heard, in one line; empty while nothing is."""

    @property
    def is_running(self) -> bool:
        """Whether anything plays, or is about to."""
        return self._excerpt is not None

    @property
    def heard(self) -> Heard | None:
        """What goes to the ears; None while nothing does."""
        return self._excerpt.heard if self._excerpt is not None else None

    def start(self, draft: ReviewDraft, viewport: Viewport, heard: Heard) -> None:
        """Play the draft's current angle at the cursor, until `stop`; in a browser, say why not."""
        if self._screen.app.is_web:
            self._screen.shell.show_notice(IN_A_BROWSER, hint=EXPORT_HINT)
            return
        self._session = draft.session.id
        self._excerpt = _choose_excerpt(draft, viewport, heard)
        self.said = _describe(draft, heard)
        self._worker = self._screen.run_worker(self._loop(self._excerpt), exclusive=True, group="listen")
        if self._timer is None:
            self._timer = self._screen.set_interval(_PLAYHEAD_INTERVAL_S, self._move_playhead)

    def follow(self, draft: ReviewDraft, viewport: Viewport) -> None:
        """Play another excerpt if the cursor, the angle or its offset is another one by now."""
        if self._excerpt is None or _choose_excerpt(draft, viewport, self._excerpt.heard) == self._excerpt:
            return
        self.start(draft, viewport, self._excerpt.heard)

    def stop(self) -> None:
        """Stop the sound."""
        self._excerpt, self.said = None, ""
        if self._worker is not None:
            self._worker.cancel()
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
            self._show_playhead(None)
        self._playback.stop()

    async def _loop(self, excerpt: Excerpt) -> None:
        try:
            wav = await fetch_excerpt(self._screen.shell.client, self._session, excerpt)
            while self._excerpt == excerpt:
                await self._playback.play(wav)
        except McsyncError as error:
            if self._excerpt == excerpt:
                self._screen.shell.show_error(error)
                self.stop()

    def _move_playhead(self) -> None:
        elapsed_s = self._playback.elapsed_s
        if self._excerpt is not None and elapsed_s is not None:
            self._show_playhead(self._excerpt.start_ms + elapsed_s * 1000)


def _choose_excerpt(draft: ReviewDraft, viewport: Viewport, heard: Heard) -> Excerpt:
    shift_ms = draft.nudges.get_shift_us(draft.camera) / US_PER_MS
    return Excerpt(draft.camera, viewport.cursor_ms, shift_ms, heard)


def _describe(draft: ReviewDraft, heard: Heard) -> str:
    angle = get_camera_label(draft.session, draft.camera)
    reference = get_camera_label(draft.session, draft.session.reference or "")
    said = {
        "apart": f"{reference} left, {angle} right",
        "mixed": f"{reference} and {angle} mixed",
        "reference": reference,
        "angle": angle,
    }
    return f"▶ {said[heard]}"
