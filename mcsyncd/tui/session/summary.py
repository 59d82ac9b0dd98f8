"""What the session screen says in each state: a headline, a few lines, one button. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from mcsyncd.api import ErrorBody, LogEntryBody, SessionBody, WorkerBody
from mcsyncd.model.text import escape_text
from mcsyncd.present.numbers import format_percent, format_time
from mcsyncd.present.session import format_reasons, get_camera_label, label_action, label_session

ButtonAction = Literal["approve", "review", "retry", "resync", "seal"]

ORIGINALS_SAFE = "The originals are untouched; nothing is deleted."


@dataclass(frozen=True)
class SessionSummary:
    """`headline` stands large, `lines` quietly below; `button` does `action`."""

    headline: str
    tone: str
    lines: tuple[str, ...] = ()
    button: str | None = None
    action: ButtonAction | None = None
    steps: tuple[WorkerBody, ...] = field(default=())


def build_summary(
    session: SessionBody, workers: Sequence[WorkerBody], log: Sequence[LogEntryBody], now: datetime
) -> SessionSummary:
    """Tell how a session stands. `workers` are the jobs that run, `log` its events (may be empty)."""
    if session.state == "in_review":
        return _summarise_review(session)
    if session.state in {"failed", "quarantined", "stale"}:
        return _summarise_halted(session)
    if session.state == "collecting":
        return _summarise_collecting(session)
    if session.state == "working":
        return SessionSummary(
            str(label_session(session)),
            "primary",
            _format_wait(session),
            steps=_collect_steps(session, workers),
        )
    return _summarise_decided(session, workers, log, now)


def _summarise_review(session: SessionBody) -> SessionSummary:
    said = format_reasons(session)
    action: ButtonAction = "approve" if session.call_to_action == "looks_good" else "review"
    tone = "success" if action == "approve" else "warning"
    lines = (f"Why: {said}",) if said and action == "review" else ()
    headline = f"Sync Confidence: {format_percent(session.sync_confidence)}"
    return SessionSummary(headline, tone, lines, label_action(session), action)


def _summarise_halted(session: SessionBody) -> SessionSummary:
    error = session.error
    shown = label_session(session)
    headline = f"{shown} at {escape_text(error.stage, 20)}" if error is not None else str(shown)
    lines = (*_format_error(error), ORIGINALS_SAFE) if error is not None else (ORIGINALS_SAFE,)
    if session.state == "stale":
        return SessionSummary(headline, shown.tone, lines, "Sync Again", "resync")
    if error is not None and not error.retryable:
        return SessionSummary(headline, shown.tone, lines)
    return SessionSummary(headline, shown.tone, lines, "Try Again", "retry")


def _format_error(error: ErrorBody) -> tuple[str, ...]:
    """An error in a line or two: what is wrong, and the operator's next action."""
    hint = (f"What to do: {escape_text(error.hint, 400)}",) if error.hint else ()
    return (escape_text(error.message, 400), *hint)


def _summarise_collecting(session: SessionBody) -> SessionSummary:
    missing = [get_camera_label(session, key) for key, camera in session.cameras.items() if not camera.clips]
    waits = f"Waiting for {', '.join(missing)}." if missing else "Waiting for the folders to be quiet."
    lines = (waits, "It starts by itself when every camera has a clip and no file changes any more.")
    return SessionSummary(str(label_session(session)), "muted", lines, "Start With What Is Here", "seal")


def _summarise_decided(
    session: SessionBody, workers: Sequence[WorkerBody], log: Sequence[LogEntryBody], now: datetime
) -> SessionSummary:
    shown = label_session(session)
    lines = [*_format_history(session, log, now), *_format_wait(session)]
    if session.manifest_key:
        lines.append(f"Manifest: {escape_text(session.manifest_key)}")
    steps = _collect_steps(session, workers) if session.state in {"approved", "publishing"} else ()
    return SessionSummary(str(shown), shown.tone, tuple(lines), steps=steps)


def _format_history(session: SessionBody, log: Sequence[LogEntryBody], now: datetime) -> list[str]:
    """Who decided and when: from the session itself, else from its last such event."""
    lines = []
    if session.approved_by:
        percent = format_percent(session.sync_confidence)
        at = format_time(session.approved_at, now)
        lines.append(
            f"Approved by {escape_text(session.approved_by, 60)} · {at} · the machine said {percent}"
        )
    for entry in log:
        if entry.kind == "session_rejected" and session.state == "rejected":
            lines[:] = [f"Rejected by {_get_actor_name(entry)} · {format_time(entry.at, now)}"]
            if reason := entry.body.get("reason"):
                lines.append(f"“{escape_text(str(reason), 300)}”")
        if entry.kind == "session_published" and session.state == "published":
            lines.append(f"Published · {format_time(entry.at, now)}")
    return lines


def _get_actor_name(entry: LogEntryBody) -> str:
    by = entry.body.get("by")
    name = by.get("name") if isinstance(by, dict) else by
    return escape_text(str(name or "somebody"), 60)


def _format_wait(session: SessionBody) -> tuple[str, ...]:
    """What a running session waits for, in the daemon's words."""
    return (*_format_error(session.error), ORIGINALS_SAFE) if session.error is not None else ()


def _collect_steps(session: SessionBody, workers: Sequence[WorkerBody]) -> tuple[WorkerBody, ...]:
    """The jobs that run for this session; its own progress stands in where none is named."""
    mine = tuple(worker for worker in workers if worker.session == session.id)
    if mine or session.progress is None:
        return mine
    step = session.progress
    return (WorkerBody(stage=step.stage, session=session.id, subject=step.subject, progress=step),)
