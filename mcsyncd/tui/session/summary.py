"""What the session screen says in each state: a headline, a few lines, one button. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mcsyncd.api import ErrorBody, LogEntryBody, OriginalsBody, SessionBody, WorkerBody
from mcsyncd.model.text import escape_text
from mcsyncd.present.events import get_actor_name
from mcsyncd.present.numbers import format_percent, format_time
from mcsyncd.present.originals import format_original_faults, format_originals, withhold_looks_good
from mcsyncd.present.session import (
    format_clip,
    format_off_timeline,
    get_camera_label,
    label_action,
    label_session,
    list_camera_labels,
)
from mcsyncd.present.standing import format_hand_set, format_next_try, format_reopened, format_why
from mcsyncd.present.stores import format_safety
from mcsyncd.tui.hints import format_hint

ButtonAction = Literal["approve", "review", "retry", "resync", "seal"]


@dataclass(frozen=True)
class SessionSummary:
    """The `headline` in its `tone`, `lines` and running `steps` below it, and a `button` for `action`."""

    headline: str
    tone: str
    lines: tuple[str, ...] = ()
    button: str | None = None
    action: ButtonAction | None = None
    steps: tuple[WorkerBody, ...] = ()
    news: tuple[str, ...] = ()
    """What a person must know before any number: whose the offsets are, why it is in review again."""


def build_summary(
    session: SessionBody,
    workers: Sequence[WorkerBody],
    log: Sequence[LogEntryBody],
    now: datetime,
    keys: Mapping[str, str],
    *,
    originals: OriginalsBody | None = None,
) -> SessionSummary:
    """Return what to say about a session.

    `workers` are the running jobs of all sessions, `log` is what is known of this session's
    events (perhaps nothing), `now` is on the reader's clock, `keys` has the label of each action's key.
    `originals` is what the last look at them found, None if nobody looked.
    """
    found = format_originals(originals, list_camera_labels(session), now)
    if session.state == "in_review":
        faults = format_original_faults(originals, list_camera_labels(session))
        return _summarise_review(withhold_looks_good(session, originals), now, faults)
    if session.state in {"failed", "quarantined", "stale"}:
        return _summarise_halted(session, keys, now, found)
    if session.state == "collecting":
        return _summarise_collecting(session)
    if session.state == "working":
        steps = _collect_steps(session, workers)
        waits = _format_wait(session, now, found)
        return SessionSummary(str(label_session(session)), "primary", waits, steps=steps)
    return _summarise_decided(session, workers, log, now, found)


def _summarise_review(session: SessionBody, now: datetime, faults: tuple[str, ...]) -> SessionSummary:
    why = format_why(session)
    action: ButtonAction = "approve" if session.call_to_action == "looks_good" else "review"
    tone = "success" if action == "approve" else "warning"
    off = format_off_timeline(session)
    lines = tuple(
        line
        for line in (
            f"{off[:1].upper()}{off[1:]}." if off else "",
            f"Why: {why}" if why else "",
        )
        if line
    )
    headline = f"Sync Confidence: {format_percent(session.sync_confidence)}"
    reopened = format_reopened(session, now)
    news = (*faults, *format_hand_set(session, now), *([reopened] if reopened else []))
    return SessionSummary(headline, tone, lines, label_action(session), action, news=news)


def _summarise_halted(
    session: SessionBody, keys: Mapping[str, str], now: datetime, originals: tuple[str, ...]
) -> SessionSummary:
    error, state = session.error, label_session(session)
    headline = f"{state} at {escape_text(error.stage, 20)}" if error is not None else str(state)
    lines = (*_format_error(error, now), *originals, *_list_ways_on(session, keys))
    if session.state == "stale":
        return SessionSummary(headline, state.tone, lines, "Sync Again", "resync")
    if error is not None and not error.retryable:
        return SessionSummary(headline, state.tone, lines)
    return SessionSummary(headline, state.tone, lines, "Retry", "retry")


def _list_ways_on(session: SessionBody, keys: Mapping[str, str]) -> tuple[str, ...]:
    """Return what else a person can do with a halted session, and what becomes of its files."""
    ways, error = [], session.error
    if error is not None and error.clip:
        clip = format_clip(error.clip, list_camera_labels(session))
        ways.append(f"{keys['clips']} leaves {clip} out: it is not published, and not deleted.")
    return (*ways, f"{keys['reject']} rejects the session: that deletes no file.")


def _format_error(error: ErrorBody | None, now: datetime) -> tuple[str, ...]:
    """Return what is wrong, what the operator can do about it, and when it is tried again."""
    if error is None:
        return ()
    hint = (f"What to do: {format_hint(error.hint, 400)}",) if error.hint else ()
    next_try = format_next_try(error, now)
    return (
        escape_text(error.message, 400),
        *hint,
        *([f"{next_try[:1].upper()}{next_try[1:]}."] if next_try else ()),
    )


def _summarise_collecting(session: SessionBody) -> SessionSummary:
    missing = [get_camera_label(session, key) for key, camera in session.cameras.items() if not camera.clips]
    waiting = f"Waiting for {', '.join(missing)}." if missing else "Waiting for the copies to finish."
    lines = (waiting, "Sync starts automatically once every camera has a clip and no file is changing.")
    return SessionSummary(str(label_session(session)), "muted", lines, "Start With These Clips", "seal")


def _summarise_decided(
    session: SessionBody,
    workers: Sequence[WorkerBody],
    log: Sequence[LogEntryBody],
    now: datetime,
    originals: tuple[str, ...],
) -> SessionSummary:
    state = label_session(session)
    lines = [*_format_history(session, log, now), *_format_wait(session, now, originals)]
    if session.manifest_key:
        lines.append(f"Manifest: {escape_text(session.manifest_key)}")
    lines += format_safety(session)
    steps = _collect_steps(session, workers) if session.state in {"approved", "publishing"} else ()
    news = tuple(format_hand_set(session, now))
    return SessionSummary(str(state), state.tone, tuple(lines), steps=steps, news=news)


def _format_history(session: SessionBody, log: Sequence[LogEntryBody], now: datetime) -> list[str]:
    """Return who decided and when: from the session, or for a rejection from its last such event."""
    lines = []
    if session.approved_by:
        percent = format_percent(session.sync_confidence)
        at = format_time(session.approved_at, now)
        lines.append(f"Approved by {escape_text(session.approved_by, 60)} · {at} · confidence {percent}")
    for entry in log:
        if entry.kind == "session_rejected" and session.state == "rejected":
            actor = get_actor_name(entry) or "unknown"
            lines[:] = [f"Rejected by {actor} · {format_time(entry.at, now)}"]
            if reason := entry.body.get("reason"):
                lines.append(f"“{escape_text(str(reason), 300)}”")
        if entry.kind == "session_published" and session.state == "published":
            lines.append(f"Published · {format_time(entry.at, now)}")
            lines.append(f"Watch it in a browser: mcsyncd preview {session.id}")
    return lines


def _format_wait(session: SessionBody, now: datetime, originals: tuple[str, ...]) -> tuple[str, ...]:
    """Return what a running session waits for, as the daemon reports it, and what is known of its files."""
    return (*_format_error(session.error, now), *originals) if session.error is not None else ()


def _collect_steps(session: SessionBody, workers: Sequence[WorkerBody]) -> tuple[WorkerBody, ...]:
    """Return the session's running jobs; if none is listed, its own progress stands in for one."""
    steps = tuple(worker for worker in workers if worker.session == session.id)
    if steps or session.progress is None:
        return steps
    step = session.progress
    return (WorkerBody(stage=step.stage, session=session.id, subject=step.subject, progress=step),)
