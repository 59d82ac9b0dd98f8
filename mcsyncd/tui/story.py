"""What the session screen says in each state: a headline, a few lines, one button. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from mcsyncd.api import ErrorBody, LogEntryBody, SessionBody, WorkerBody
from mcsyncd.model.text import visible
from mcsyncd.tui import view

Action = Literal["approve", "review", "retry", "resync", "seal"]

SAFE = "The originals are untouched; nothing is deleted."


@dataclass(frozen=True)
class Story:
    """`headline` stands large, `lines` quietly below; `button` does `action`."""

    headline: str
    tone: str
    lines: tuple[str, ...] = ()
    button: str | None = None
    action: Action | None = None
    steps: tuple[WorkerBody, ...] = field(default=())


def story(
    session: SessionBody, workers: Sequence[WorkerBody], log: Sequence[LogEntryBody], now: datetime
) -> Story:
    """Tell how a session stands. `workers` are the jobs that run, `log` its events (may be empty)."""
    if session.state == "in_review":
        return _in_review(session)
    if session.state in {"failed", "quarantined", "stale"}:
        return _halted(session)
    if session.state == "collecting":
        return _collecting(session)
    if session.state == "working":
        return Story(str(view.look(session)), "primary", _waits(session), steps=_steps(session, workers))
    return _decided(session, workers, log, now)


def _in_review(session: SessionBody) -> Story:
    said = view.why(session)
    action: Action = "approve" if session.call_to_action == "looks_good" else "review"
    tone = "success" if action == "approve" else "warning"
    lines = (f"Why: {said}",) if said and action == "review" else ()
    headline = f"Sync Confidence: {view.percent(session.sync_confidence)}"
    return Story(headline, tone, lines, view.button(session), action)


def _halted(session: SessionBody) -> Story:
    error = session.error
    shown = view.look(session)
    headline = f"{shown} at {visible(error.stage, 20)}" if error is not None else str(shown)
    lines = (*_told(error), SAFE) if error is not None else (SAFE,)
    if session.state == "stale":
        return Story(headline, shown.tone, lines, "Sync Again", "resync")
    if error is not None and not error.retryable:
        return Story(headline, shown.tone, lines)
    return Story(headline, shown.tone, lines, "Try Again", "retry")


def _told(error: ErrorBody) -> tuple[str, ...]:
    """An error in a line or two: what is wrong, and the operator's next action."""
    hint = (f"What to do: {visible(error.hint, 400)}",) if error.hint else ()
    return (visible(error.message, 400), *hint)


def _collecting(session: SessionBody) -> Story:
    missing = [view.label(session, key) for key, camera in session.cameras.items() if not camera.clips]
    waits = f"Waiting for {', '.join(missing)}." if missing else "Waiting for the folders to be quiet."
    lines = (waits, "It starts by itself when every camera has a clip and no file changes any more.")
    return Story(str(view.look(session)), "muted", lines, "Start With What Is Here", "seal")


def _decided(
    session: SessionBody, workers: Sequence[WorkerBody], log: Sequence[LogEntryBody], now: datetime
) -> Story:
    shown = view.look(session)
    lines = [*_history(session, log, now), *_waits(session)]
    if session.manifest_key:
        lines.append(f"Manifest: {visible(session.manifest_key)}")
    steps = _steps(session, workers) if session.state in {"approved", "publishing"} else ()
    return Story(str(shown), shown.tone, tuple(lines), steps=steps)


def _history(session: SessionBody, log: Sequence[LogEntryBody], now: datetime) -> list[str]:
    """Who decided and when: from the session itself, else from its last such event."""
    lines = []
    if session.approved_by:
        percent = view.percent(session.sync_confidence)
        at = view.when(session.approved_at, now)
        lines.append(f"Approved by {visible(session.approved_by, 60)} · {at} · the machine said {percent}")
    for entry in log:
        if entry.kind == "session_rejected" and session.state == "rejected":
            lines[:] = [f"Rejected by {_who(entry)} · {view.when(entry.at, now)}"]
            if reason := entry.body.get("reason"):
                lines.append(f"“{visible(str(reason), 300)}”")
        if entry.kind == "session_published" and session.state == "published":
            lines.append(f"Published · {view.when(entry.at, now)}")
    return lines


def _who(entry: LogEntryBody) -> str:
    by = entry.body.get("by")
    name = by.get("name") if isinstance(by, dict) else by
    return visible(str(name or "somebody"), 60)


def _waits(session: SessionBody) -> tuple[str, ...]:
    """What a running session waits for, in the daemon's words."""
    return (*_told(session.error), SAFE) if session.error is not None else ()


def _steps(session: SessionBody, workers: Sequence[WorkerBody]) -> tuple[WorkerBody, ...]:
    """The jobs that run for this session; its own progress stands in where none is named."""
    mine = tuple(worker for worker in workers if worker.session == session.id)
    if mine or session.progress is None:
        return mine
    step = session.progress
    return (WorkerBody(stage=step.stage, session=session.id, subject=step.subject, progress=step),)
