"""Why is nothing happening? What the daemon waits for, and who must do what. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mcsyncd.api import AlertBody, AlertCode, FolderBody, PendingFileBody, SessionBody, StatusBody
from mcsyncd.model.text import escape_text
from mcsyncd.present.numbers import format_alert_times
from mcsyncd.present.progress import format_progress
from mcsyncd.present.session import format_subject, label_session, list_camera_labels

Role = Literal["camera operator", "supervisor", "sysadmin", ""]
"""Who must act; empty if it passes by itself."""
Urgency = Literal["error", "waits", "passes", "works", "warning", "idle"]
"""`error`: something does not work until somebody acts. `waits`: for a person. `passes`: by itself. `works`:
something is running. `warning`: nothing waits for it. `idle`: there is nothing to do."""

_ORDER: tuple[Urgency, ...] = ("error", "waits", "passes", "works", "warning", "idle")
_HALTED_STATES = frozenset({"failed", "stale", "quarantined"})
_UNSETTLED_STATES = frozenset({"settling", "waiting"})
_MAX_NAMED = 2
"""Files, cameras or sessions that one line names. Judgement: two names and a count fit 80 cells."""
_ALERT_URGENCIES: Mapping[AlertCode, Urgency] = {
    "store_unreachable": "passes",
    "backup_failed": "warning",
    "snapshot_failed": "warning",
    "cluster_unreachable": "warning",
    "machine_rejected": "warning",
    "notifications_failing": "warning",
}
"""How urgent an alert is that is no error; any other waits for somebody."""
_ALERT_ROLES: Mapping[AlertCode, Role] = {"uploads_paused": "supervisor", "store_unreachable": ""}
"""Who ends an alert, where that is not the sysadmin."""


@dataclass(frozen=True, slots=True)
class Standstill:
    """One thing that the daemon waits for, or does. `action` is what `role` must do; both may be empty."""

    urgency: Urgency
    text: str
    role: Role = ""
    action: str = ""


def explain_standstill(
    status: StatusBody, sessions: Sequence[SessionBody], now: datetime
) -> tuple[Standstill, ...]:
    """Return what the daemon waits for, what must be done first at the top; never nothing.

    `sessions` are those that are not finished, newest first. `now` has the reader's time zone. All text
    from outside is safe to print.
    """
    found = [
        *(_explain_alert(alert, now) for alert in status.alerts),
        *_explain_folders(status.folders),
        *_explain_halted(sessions),
        *_explain_decisions(status, sessions),
        *_explain_collecting(status, sessions),
        *_explain_timetable(status, sessions),
        *_explain_work(status, sessions),
    ]
    if all(one.urgency == "warning" for one in found):
        found.append(_explain_idle(status))
    return tuple(sorted(found, key=lambda one: _ORDER.index(one.urgency)))


def format_standstill(found: Iterable[Standstill], limit: int) -> Iterator[str]:
    """Yield what the daemon waits for as lines: `waits: …`, and below it `  → a supervisor: …`.

    After `limit` of them the others are only counted.
    """
    found = tuple(found)
    for one in found[:limit]:
        label = {"error": "ERROR", "passes": "waits, passes by itself"}.get(one.urgency, one.urgency)
        yield f"{label}: {one.text}"
        if one.action:
            yield f"  → {one.role + ': ' if one.role else ''}{one.action}"
    if len(found) > limit:
        yield f"and {len(found) - limit} more: `mcsyncd status --all`"


def _explain_alert(alert: AlertBody, now: datetime) -> Standstill:
    times = format_alert_times(alert.since, alert.retry_at, now)
    return Standstill(
        "error" if alert.level == "error" else _ALERT_URGENCIES.get(alert.code, "waits"),
        escape_text(alert.message, 400) + (f" ({times})" if times else ""),
        _ALERT_ROLES.get(alert.code, "sysadmin"),
        escape_text(alert.hint, 400),
    )


def _explain_folders(folders: Mapping[str, FolderBody]) -> Iterator[Standstill]:
    for folder in folders.values():
        if folder.health not in {"ok", "not scanned yet"}:
            yield Standstill(
                "error",
                f"the folder of {escape_text(folder.label, 40)} is not read: {escape_text(folder.health)}",
                "sysadmin",
                f"mend {escape_text(folder.path, 120)}; nothing counts as removed meanwhile",
            )


def _explain_halted(sessions: Iterable[SessionBody]) -> Iterator[Standstill]:
    for session in sessions:
        if session.state in _HALTED_STATES:
            why = f": {escape_text(session.error.message, 200)}" if session.error is not None else ""
            hint = escape_text(session.error.hint, 300) if session.error is not None else ""
            text = f"{session.id} {label_session(session).word}{why}"
            yield Standstill("waits", text, "supervisor", hint or f"mcsyncd show {session.id}")


def _explain_decisions(status: StatusBody, sessions: Iterable[SessionBody]) -> Iterator[Standstill]:
    due = [session for session in sessions if session.call_to_action is not None]
    if not due:
        return
    sure = sum(session.call_to_action == "looks_good" for session in due)
    said = ", ".join(
        part for part in (f"{sure} ready" if sure else "", _count_reviews(len(due) - sure)) if part
    )
    one, wait = (due[0].id, "waits") if len(due) == 1 else (f"{len(due)} sessions", "wait")
    # A page has the newest sessions only; the counts have all.
    more = status.sessions.get(due[0].state, 0) - len(due)
    yield Standstill(
        "waits",
        f"{one} {wait} for a decision ({said}{f', and {more} older' if more > 0 else ''})",
        "supervisor",
        "mcsyncd tui" + (f", or mcsyncd review {due[0].id}" if len(due) == 1 else ""),
    )


def _count_reviews(count: int) -> str:
    return f"{count} to review" if count else ""


def _explain_collecting(status: StatusBody, sessions: Iterable[SessionBody]) -> Iterator[Standstill]:
    """Yield what keeps a session from being sealed: obstacles first, then files that settle, then cameras."""
    held = set(status.held)
    pending = [(key, file) for key, folder in status.folders.items() for file in folder.settling]
    stuck = [one for one in pending if _name_file(*one) in held and one[1].state not in _UNSETTLED_STATES]
    moving = [one for one in pending if one[1].state in _UNSETTLED_STATES]
    if stuck:
        name = _name_file(*stuck[0])
        note = f": {escape_text(stuck[0][1].note, 120)}" if stuck[0][1].note else ""
        more = f" (and {len(stuck) - 1} more)" if len(stuck) > 1 else ""
        yield Standstill(
            "waits",
            f"{name} is not ready{note}{more}",
            "camera operator",
            f"mend it or copy it again; without it: mcsyncd seal --without {name}",
        )
    if moving:
        note = next((f": {escape_text(file.note, 120)}" for _, file in moving if file.note), "")
        yield Standstill("passes", f"{_list_names([_name_file(*one) for one in moving])} settling{note}")
    collecting = next((session for session in sessions if session.state == "collecting"), None)
    if collecting is not None:
        yield from _explain_seal(status, collecting, {key for key, _ in (*stuck, *moving)})


def _explain_seal(status: StatusBody, session: SessionBody, pending: Collection[str]) -> Iterator[Standstill]:
    """Yield what else the seal waits for; the cameras with `pending` files are told already."""
    labels = list_camera_labels(session)
    empty = [key for key, camera in session.cameras.items() if not camera.clips and key not in pending]
    if empty:
        folder = status.folders.get(empty[0])
        into = escape_text(folder.path, 120) if folder is not None else "its folder"
        verb = "has" if len(empty) == 1 else "have"
        yield Standstill(
            "waits",
            f"{_list_names([labels[key] for key in empty])} {verb} no clip yet ({session.id})",
            "camera operator",
            f"copy its card into {into}; to start without: mcsyncd seal",
        )
    elif not pending:
        yield Standstill("passes", f"{session.id} starts once the drop folders have been quiet for a moment")


def _explain_work(status: StatusBody, sessions: Iterable[SessionBody]) -> Iterator[Standstill]:
    """Yield what runs, and the sessions that wait for their turn. Those that wait for a store are told."""
    labels = {key: folder.label for key, folder in status.folders.items()}
    for worker in status.workers[:_MAX_NAMED]:
        step = f" · {format_progress(worker.progress)}" if worker.progress is not None else ""
        subject = format_subject(worker.subject, labels)
        yield Standstill("works", f"{worker.session} {escape_text(worker.stage, 40)} {subject}{step}")
    busy = {worker.session for worker in status.workers}
    queued = [
        session
        for session in sessions
        if session.id not in busy
        and session.error is None
        and (session.state in {"working", "approved", "publishing"} or _is_analysed_again(session))
    ]
    if queued:
        names = _list_names([session.id for session in reversed(queued)])
        verb = "waits" if len(queued) == 1 else "wait"
        ahead = f"behind {status.workers[0].session}" if status.workers else "and starts within seconds"
        yield Standstill("passes", f"{names} {verb} for a free worker {ahead}")


def _explain_timetable(status: StatusBody, sessions: Iterable[SessionBody]) -> Iterator[Standstill]:
    """Yield that uploads wait for their hours: it is no alert, because the settings want it so."""
    waiting = [one for one in sessions if one.state == "publishing" and one.error is not None]
    if status.storage.uploads == "off_hours" and waiting and waiting[0].error is not None:
        error = waiting[0].error
        yield Standstill("passes", escape_text(error.message, 200), "sysadmin", escape_text(error.hint, 200))


def _is_analysed_again(session: SessionBody) -> bool:
    return session.state == "in_review" and session.call_to_action is None


def _explain_idle(status: StatusBody) -> Standstill:
    folders = list(status.folders.values())
    if status.loose_files or status.unknown_folders:
        strays = _list_names([escape_text(one, 60) for one in (*status.loose_files, *status.unknown_folders)])
        return Standstill(
            "waits",
            f"no clip in any camera's folder; beside them: {strays}",
            "camera operator",
            "move them into the folder of their camera",
        )
    if any(folder.health != "ok" for folder in folders):
        return Standstill("passes", "the drop folders are being read for the first time")
    if any(folder.settling for folder in folders):
        return Standstill("idle", "nothing new: what lies in the drop folders was taken, or is no clip")
    path = escape_text(folders[0].path, 120) if folders else "its folder"
    return Standstill(
        "idle", "no clip in any drop folder", "camera operator", f"copy each camera's card, as into {path}"
    )


def _name_file(camera: str, file: PendingFileBody) -> str:
    return escape_text(f"{camera}/{file.name}", 80)


def _list_names(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MAX_NAMED])
    return f"{shown} and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else shown
