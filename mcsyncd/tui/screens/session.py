"""One session: how sure we are, where every angle lies, and one button."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import work
from textual.binding import BindingType
from textual.containers import Center, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button

from mcsyncd.api import (
    Approve,
    Decision,
    LogEntryBody,
    Reject,
    Reopen,
    Resync,
    Retry,
    Seal,
    SessionBody,
    WorkerBody,
)
from mcsyncd.errors import McsyncError
from mcsyncd.model.text import visible
from mcsyncd.tui import view
from mcsyncd.tui.details import details
from mcsyncd.tui.paint import words
from mcsyncd.tui.screens.base import Keys, LiveScreen
from mcsyncd.tui.screens.dialogs import ReasonDialog
from mcsyncd.tui.screens.review import ReviewScreen
from mcsyncd.tui.story import Action, Story, story
from mcsyncd.tui.widgets.confidence import Confidence
from mcsyncd.tui.widgets.offsets import Offsets
from mcsyncd.tui.widgets.said import Said
from mcsyncd.tui.world import World

_BAR = 20
_DEEDS: dict[Action, type[Approve | Retry | Resync | Seal]] = {
    "approve": Approve,
    "retry": Retry,
    "resync": Resync,
    "seal": Seal,
}
_DECIDED = {"approved", "publishing", "published", "rejected"}


class SessionScreen(LiveScreen):
    """Enter is the button. Everything else is quiet until it is asked for."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "app.pop_screen", "Queue"),
        ("w", "details", "Why"),
        ("j,down", "scroll(1)", "Down"),
        ("k,up", "scroll(-1)", "Up"),
        ("v", "review", "Waveforms"),
        ("x", "reject", "Reject"),
        ("o", "reopen", "Reopen"),
    ]
    ALL_KEYS: ClassVar[Keys] = (
        ("enter", "press the button"),
        ("w", "why: the evidence, the clips, what happened"),
        ("↑ ↓  k j", "scroll what is unfolded"),
        ("v", "waveforms"),
        ("x", "reject, with a reason"),
        ("o", "reopen what was decided, with a reason"),
        ("esc", "back to the queue"),
    )

    def __init__(self, session: str) -> None:
        super().__init__()
        self._session_id = session
        self._entries: list[LogEntryBody] = []
        self._logged: tuple[str, int] | None = None
        self._story: Story | None = None

    def body(self) -> Iterable[Widget]:
        """From the number down to the facts; the details below, folded."""
        with VerticalScroll(id="page", can_focus=False):
            yield Said(id="headline")
            yield Confidence()
            yield Said(id="why")
            yield Offsets()
            with Center(id="deed"):
                yield Button(Content(""), id="main", classes="main")
            yield Said(id="whynot")
            yield Said(id="facts")
            yield Said(id="details")

    def on_mount(self) -> None:
        """The details are folded at first."""
        self.query_one("#details").display = False

    def show(self, world: World) -> None:
        """Show the session as it now is."""
        session = world.session(self._session_id)
        if session is None:
            return
        self._read_log(session)
        workers = world.status.workers if world.status is not None else []
        self._story = story(session, workers, self._entries, self.shell.now())
        self._say_headline(session, self._story)
        self._say_button(self._story)
        offsets = self.query_one(Offsets)
        offsets.session, offsets.review_below = session, world.status.review_below if world.status else 0.0
        offsets.display = bool(session.offsets_ms)
        self.query_one("#facts", Said).say(words((view.facts(session), "muted")))
        if self.query_one("#details").display:
            self.query_one("#details", Said).say(details(session, self._entries, self.shell.now()))
        self._say_keys(session)

    def _say_headline(self, session: SessionBody, told: Story) -> None:
        self.top.place = words(
            (visible(self._session_id, 60), "bold"), "   ", (str(view.look(session)), told.tone)
        )
        you = self.shell.world.status.you if self.shell.world.status is not None else ""
        other = session.claimed_by if session.claimed_by != you else None
        self.top.note = f"{visible(other, 24)} is looking too" if other else ""
        asked = session.state == "in_review"
        confidence = self.query_one(Confidence)
        confidence.display, self.query_one("#headline").display = asked, not asked
        confidence.confidence, confidence.tone = session.sync_confidence, told.tone
        self.query_one("#headline", Said).say(words((told.headline, "bold")))
        why = self.query_one("#why", Said)
        why.say(Content("\n").join([*(Content(line) for line in told.lines), *map(_step, told.steps)]))
        why.display = bool(told.lines or told.steps)
        why.set_class(bool(told.steps), "-steps")

    def _say_button(self, told: Story) -> None:
        button = self.query_one("#main", Button)
        self.query_one("#deed").display = told.button is not None
        if told.button is not None:
            button.label = Content(told.button)
        button.set_class(told.action not in {"approve", None}, "-unsure")
        # To look is always allowed; only a decision needs the right to decide.
        reason = "" if told.action in {"review", None} else self.shell.why_not()
        button.disabled = bool(reason)
        self.query_one("#whynot", Said).say(words((reason, "muted")))
        self.query_one("#whynot").display = bool(reason)
        if told.button is not None and not button.disabled and self.focused is None:
            button.focus()

    def _say_keys(self, session: SessionBody) -> None:
        ready = self._story is not None and not self.query_one("#main", Button).disabled
        button = [("enter", self._story.button)] if ready and self._story and self._story.button else []
        keys: list[tuple[str, str]] = [*button, ("w", "Why")]
        keys += [("v", "Waveforms")] if session.angles else []
        if not self.shell.why_not():
            keys += [("x", "Reject")] if session.state == "in_review" else []
            keys += [("o", "Reopen")] if session.state in _DECIDED else []
        self.keys([*keys, ("esc", "Queue")])

    def _read_log(self, session: SessionBody) -> None:
        """Read what happened, once for each state and revision: who decided, and when."""
        if self._logged != (session.state, session.revision):
            self._logged = (session.state, session.revision)
            self._fetch_log()

    @work(exclusive=True, group="log")
    async def _fetch_log(self) -> None:
        try:
            self._entries = (await self.shell.client.log(self._session_id)).entries
        except McsyncError:  # the screen is whole without; the banner tells when the daemon is gone
            return
        self.show(self.shell.world)

    def on_button_pressed(self) -> None:
        """Do what the button says."""
        session = self.shell.world.session(self._session_id)
        action = self._story.action if self._story is not None else None
        if session is None or action is None:
            return
        if action == "review":
            self.action_review()
            return
        self._decide(session, _DEEDS[action]())

    @work(exclusive=True, group="decision")
    async def _decide(self, session: SessionBody, decision: Decision) -> None:
        await self.shell.decide(session, decision)

    def action_details(self) -> None:
        """Unfold or fold the evidence."""
        panel = self.query_one("#details", Said)
        panel.display = not panel.display
        self.show(self.shell.world)
        if panel.display:
            self.call_after_refresh(panel.scroll_visible, top=True, animate=False)

    def action_scroll(self, lines: int) -> None:
        """Scroll the page, when it is longer than the screen."""
        self.query_one("#page").scroll_relative(y=3 * lines, animate=False)

    def action_review(self) -> None:
        """Open the waveforms."""
        session = self.shell.world.session(self._session_id)
        if session is not None and session.angles:
            self.app.push_screen(ReviewScreen(self._session_id))

    def action_reject(self) -> None:
        """Reject what is in review."""
        session = self.shell.world.session(self._session_id)
        if session is not None and session.state == "in_review":
            self._ask(session, "Reject this session?", "Nothing is deleted; it can be reopened.", Reject)

    def action_reopen(self) -> None:
        """Put what was decided back to review."""
        session = self.shell.world.session(self._session_id)
        if session is not None and session.state in _DECIDED:
            self._ask(session, "Reopen this session?", "Its approval is void from then on.", Reopen)

    @work(exclusive=True, group="decision")
    async def _ask(self, session: SessionBody, question: str, hint: str, kind: type[Reject | Reopen]) -> None:
        if reason := self.shell.why_not():
            self.shell.say(reason)
            return
        if given := await self.app.push_screen_wait(ReasonDialog(question, hint)):
            await self.shell.decide(session, kind(reason=given))


def _step(worker: WorkerBody) -> Content:
    """A running job: what, on which clip, how far, how fast, until when."""
    head = f"{visible(worker.stage, 12):<10}{visible(worker.subject, 40)}"
    step = worker.progress
    if step is None:
        return words(("… ", "primary"), head)
    return words(
        ("… ", "primary"), f"{head}\n  ", (view.bar(step.done, _BAR), "primary"), f"  {view.progress(step)}"
    )
