"""The session screen: the confidence, the offset of every angle, and one button."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from time import monotonic
from typing import ClassVar

from textual import work
from textual.binding import BindingType
from textual.containers import Center, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button

from mcsyncd.api import (
    ApproveRequest,
    DecisionRequest,
    LogEntryBody,
    OriginalsBody,
    RejectRequest,
    ReopenRequest,
    ResyncRequest,
    RetryRequest,
    SealRequest,
    SessionBody,
    WorkerBody,
)
from mcsyncd.errors import McsyncError
from mcsyncd.model.text import escape_text
from mcsyncd.present.originals import needs_look_at_originals
from mcsyncd.present.progress import format_progress
from mcsyncd.present.session import (
    format_facts,
    format_subject,
    label_session,
    list_camera_labels,
    list_off_timeline,
)
from mcsyncd.present.standing import list_resync_costs
from mcsyncd.tui.content import LONG_BAR_CELLS, build_content, format_bar
from mcsyncd.tui.dialogs import ConsentDialog, ListDialog, ReasonDialog
from mcsyncd.tui.keymap import build_binding
from mcsyncd.tui.live_screen import LiveScreen
from mcsyncd.tui.open_review import open_review
from mcsyncd.tui.review.draft import format_moves
from mcsyncd.tui.session.clips import ClipsDialog
from mcsyncd.tui.session.details import build_details, build_history
from mcsyncd.tui.session.summary import ButtonAction, SessionSummary, build_summary
from mcsyncd.tui.widgets.confidence import ConfidenceBar
from mcsyncd.tui.widgets.decision_button import PRESS, DecisionButton
from mcsyncd.tui.widgets.lazy_static import LazyStatic
from mcsyncd.tui.widgets.offsets import OffsetsLine
from mcsyncd.tui.world import World

_SCROLL_LINES = 3
"""Lines scrolled with one key. Judgement: fewer feel slow, more lose the place."""

_LOOK_INTERVAL_S = 60.0
"""Seconds between two looks at the originals of a session that is shown. Judgement: what is said has its
time; each look costs a `stat` of every file."""

_DECISIONS: dict[ButtonAction, type[ApproveRequest | RetryRequest | ResyncRequest | SealRequest]] = {
    "approve": ApproveRequest,
    "retry": RetryRequest,
    "resync": ResyncRequest,
    "seal": SealRequest,
}

_REJECTABLE_STATES = {"in_review", "failed", "quarantined", "stale"}
"""States that `x` rejects; the daemon has the last word."""

_DECIDED_STATES = {"approved", "publishing", "published", "rejected"}
"""States that `o` can reopen; the daemon has the last word."""


_KEYS = (
    build_binding("why", "w", "details", "why: evidence, clips, latest events", "Why"),
    build_binding("up", "up,k", "scroll(-1)", "scroll"),
    build_binding("down", "down,j", "scroll(1)", "scroll"),
    build_binding("waveforms", "v", "review", "waveforms of the session", "Waveforms"),
    build_binding("clips", "c", "clips", "clips: set one aside, leave it out, place it", "Clips"),
    build_binding("history", "h", "history", "history: what happened, who decided", "History"),
    build_binding("reject", "x", "reject", "reject, with a reason", "Reject"),
    build_binding("reopen", "o", "reopen", "reopen a decided session, with a reason", "Reopen"),
    build_binding("back", "escape", "app.pop_screen", "back to the queue", "Queue"),
)


class SessionScreen(LiveScreen):
    """Enter presses the button. Everything else stays in the background until a key asks for it."""

    BINDINGS: ClassVar[list[BindingType]] = list(_KEYS)
    KEYS = (PRESS, *_KEYS)

    def __init__(self, session: str) -> None:
        super().__init__()
        self._session_id = session
        self._entries: list[LogEntryBody] = []
        self._log_key: tuple[str, int] | None = None
        self._originals: OriginalsBody | None = None
        self._look_key: tuple[str, int, str] | None = None
        self._looked_at = -_LOOK_INTERVAL_S
        self._summary: SessionSummary | None = None

    def compose_body(self) -> Iterable[Widget]:
        """Yield the confidence, the offsets, the button and the facts, and the folded details below."""
        with VerticalScroll(id="page", can_focus=False):
            yield LazyStatic(id="news")
            yield LazyStatic(id="headline")
            yield ConfidenceBar()
            yield LazyStatic(id="why")
            yield OffsetsLine()
            with Center(id="decision"):
                yield DecisionButton(Content(""), id="main", classes="main")
            yield LazyStatic(id="objection")
            yield LazyStatic(id="facts")
            yield LazyStatic(id="details")

    def on_mount(self) -> None:
        """Start with the details folded."""
        self.query_one("#details").display = False

    def show_world(self, world: World) -> None:
        """Show the session's current state."""
        session = world.get_session(self._session_id)
        if session is None:
            return
        self._read_log(session)
        self._look_at_originals(session)
        workers = world.status.workers if world.status is not None else []
        now = self.shell.get_now()
        self._summary = build_summary(
            session, workers, self._entries, now, self.key_labels, originals=self._originals
        )
        sight = (self._session_id, session.revision, self._summary.headline, self._summary.action)
        self.shell.stillness.note_sight(sight)
        self._update_headline(session, self._summary)
        self._update_button(self._summary)
        offsets = self.query_one(OffsetsLine)
        offsets.session, offsets.review_below = session, world.status.review_below if world.status else 0.0
        offsets.display = bool(session.offsets_ms)
        self.query_one("#facts", LazyStatic).show(build_content((format_facts(session), "muted")))
        if self.query_one("#details").display:
            self.query_one("#details", LazyStatic).show(build_details(session, self._entries, now))
        self._update_keys(session)

    def _update_headline(self, session: SessionBody, summary: SessionSummary) -> None:
        self.top_bar.title = build_content(
            (escape_text(self._session_id, 60), "bold"), "   ", (str(label_session(session)), summary.tone)
        )
        you = self.shell.world.status.you if self.shell.world.status is not None else ""
        other = session.claimed_by if session.claimed_by != you else None
        self.top_bar.note = f"{escape_text(other, 24)} has this open too" if other else ""
        draft = self.shell.drafts.get(self._session_id, {})
        ways = f"({self.key_labels['waveforms']} opens your draft)"
        unsent = [f"Not sent yet: {format_moves(session, draft)} {ways}"] if draft else []
        news = [*summary.news, *unsent]
        self.query_one("#news", LazyStatic).show(build_content(("\n".join(news), "warning")))
        self.query_one("#news").display = bool(news)
        in_review = session.state == "in_review"
        confidence = self.query_one(ConfidenceBar)
        # The number says nothing about an offset that a person set.
        confidence.display = in_review and not session.hand_set
        self.query_one("#headline").display = not in_review
        confidence.confidence, confidence.tone = session.sync_confidence, summary.tone
        self.query_one("#headline", LazyStatic).show(build_content((summary.headline, "bold")))
        why = self.query_one("#why", LazyStatic)
        labels = list_camera_labels(session)
        steps = [_build_step(worker, labels) for worker in summary.steps]
        why.show(Content("\n").join([*(Content(line) for line in summary.lines), *steps]))
        why.display = bool(summary.lines or summary.steps)
        why.set_class(bool(summary.steps), "-steps")

    def _update_button(self, summary: SessionSummary) -> None:
        button = self.query_one("#main", DecisionButton)
        button.is_decision = summary.action != "review"
        self.query_one("#decision").display = summary.button is not None
        if summary.button is not None:
            button.label = Content(summary.button)
        button.set_class(summary.action not in {"approve", None}, "-unsure")
        # Anyone may review; only a decision needs permission.
        objection = "" if summary.action in {"review", None} else self.shell.find_objection()
        button.disabled = bool(objection)
        self.query_one("#objection", LazyStatic).show(build_content((objection, "muted")))
        self.query_one("#objection").display = bool(objection)
        if summary.button is not None and not button.disabled and self.focused is None:
            # What failed is read before it is retried, also where the button is below the last line.
            button.focus(scroll_visible=summary.action != "retry")

    def _update_keys(self, session: SessionBody) -> None:
        ready = self._summary is not None and not self.query_one("#main", Button).disabled
        button = self._summary.button if ready and self._summary else None
        keys = [*(["press"] if button else []), "why"]
        keys += ["waveforms"] if session.angles else []
        if not self.shell.find_objection():
            is_stopped_by_clip = session.error is not None and bool(session.error.clip)
            is_incomplete = self._originals is not None and bool(self._originals.faults)
            keys += ["clips"] if list_off_timeline(session) or is_stopped_by_clip or is_incomplete else []
            keys += ["reject"] if session.state in _REJECTABLE_STATES else []
            keys += ["reopen"] if session.state in _DECIDED_STATES else []
        self.show_hints([*keys, "back"], press=button or "")

    def _read_log(self, session: SessionBody) -> None:
        """Read the events once for each state and revision: they say who decided, and when."""
        if self._log_key != (session.state, session.revision):
            self._log_key = (session.state, session.revision)
            self._fetch_log()

    @work(exclusive=True, group="log")
    async def _fetch_log(self) -> None:
        try:
            self._entries = [entry async for entry in self.shell.client.read_log(self._session_id)]
        except McsyncError:  # the screen works without; the banner shows a lost connection
            return
        self.show_world(self.shell.world)

    def _look_at_originals(self, session: SessionBody) -> None:
        """Have the originals looked at where they matter; what was seen of another state is dropped."""
        key = (session.state, session.revision, session.error.message if session.error is not None else "")
        if key != self._look_key:
            self._look_key, self._originals, self._looked_at = key, None, -_LOOK_INTERVAL_S
        if needs_look_at_originals(session) and monotonic() - self._looked_at >= _LOOK_INTERVAL_S:
            self._looked_at = monotonic()
            self._fetch_originals(key)

    @work(exclusive=True, group="originals")
    async def _fetch_originals(self, key: tuple[str, int, str]) -> None:
        try:
            found = await self.shell.client.check_originals(self._session_id)
        except McsyncError:  # nobody could look, so nothing is said
            return
        if key == self._look_key:
            self._originals = found
            self.show_world(self.shell.world)

    def on_button_pressed(self) -> None:
        """Do what the button says."""
        session = self.shell.world.get_session(self._session_id)
        action = self._summary.action if self._summary is not None else None
        if session is None or action is None:
            return
        if action == "review":
            self.action_review()
            return
        self._send_decision(session, _DECISIONS[action]())

    @work(exclusive=True, group="decision")
    async def _send_decision(self, session: SessionBody, decision: DecisionRequest) -> None:
        costs = list_resync_costs(session) if isinstance(decision, ResyncRequest) else []
        if costs and not await self.app.push_screen_wait(ConsentDialog("Sync this session again?", costs)):
            return
        await self.shell.send_decision(session, decision)

    def action_details(self) -> None:
        """Unfold or fold the evidence."""
        panel = self.query_one("#details", LazyStatic)
        panel.display = not panel.display
        self.show_world(self.shell.world)
        if panel.display:
            self.call_after_refresh(panel.scroll_visible, top=True, animate=False)

    def action_history(self) -> None:
        """Show everything that happened to the session, newest first."""
        session = self.shell.world.get_session(self._session_id)
        if session is not None:
            lines = build_history(self._entries, list_camera_labels(session), self.shell.get_now())
            self.app.push_screen(ListDialog("History", lines))

    def action_scroll(self, lines: int) -> None:
        """Scroll the page if it is longer than the screen."""
        self.query_one("#page").scroll_relative(y=_SCROLL_LINES * lines, animate=False)

    def action_review(self) -> None:
        """Open the review."""
        session = self.shell.world.get_session(self._session_id)
        if session is not None and session.angles:
            open_review(self.app, self._session_id)

    @work(exclusive=True, group="decision")
    async def action_clips(self) -> None:
        """Show what becomes of each clip, and send what a person decides about one."""
        session = self.shell.world.get_session(self._session_id)
        if session is None or not (session.angles or session.error):
            return
        decision = await self.app.push_screen_wait(ClipsDialog(session))
        if decision is None:
            return
        if objection := self.shell.find_objection():
            self.shell.show_notice(objection)
            return
        await self.shell.send_decision(session, decision)

    def action_reject(self) -> None:
        """Reject the session if it is in review, or halted."""
        session = self.shell.world.get_session(self._session_id)
        if session is not None and session.state in _REJECTABLE_STATES:
            self._ask_reason(
                session, "Reject this session?", "Nothing is deleted; it can be reopened.", RejectRequest
            )

    def action_reopen(self) -> None:
        """Send a decided session back to review."""
        session = self.shell.world.get_session(self._session_id)
        if session is not None and session.state in _DECIDED_STATES:
            self._ask_reason(session, "Reopen this session?", "This cancels its approval.", ReopenRequest)

    @work(exclusive=True, group="decision")
    async def _ask_reason(
        self, session: SessionBody, question: str, hint: str, kind: type[RejectRequest | ReopenRequest]
    ) -> None:
        if objection := self.shell.find_objection():
            self.shell.show_notice(objection)
            return
        if reason := await self.app.push_screen_wait(ReasonDialog(question, hint)):
            await self.shell.send_decision(session, kind(reason=reason))


def _build_step(worker: WorkerBody, labels: Mapping[str, str]) -> Content:
    """Return a running job in two lines: stage and clip, then its progress."""
    head = f"{escape_text(worker.stage, 12):<10}{escape_text(format_subject(worker.subject, labels), 60)}"
    step = worker.progress
    if step is None:
        return build_content(("… ", "primary"), head)
    return build_content(
        ("… ", "primary"),
        f"{head}\n  ",
        (format_bar(step.done, LONG_BAR_CELLS), "primary"),
        f"  {format_progress(step)}",
    )
