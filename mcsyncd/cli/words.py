"""Bodies as lines of text for a person. Everything from outside is made visible first."""

from __future__ import annotations

from collections.abc import Iterator

from mcsyncd.api import FolderBody, LogEntryBody, ProgressBody, SessionBody, StatusBody
from mcsyncd.model.alignment import floor_percent
from mcsyncd.model.text import escape_invisible

_ACTIONS = {"looks_good": "Looks Good", "review_sync": "Review Sync"}
_UNITS = {"frames": "frames", "bytes": "B"}


def percent(confidence: float | None) -> str:
    """A confidence as people see it: floored, as on every screen."""
    return "—" if confidence is None else f"{floor_percent(confidence)}%"


def offset(ms: float | None) -> str:
    """An offset with its sign: `+87 ms`, `-134 ms`; tenths only where there are any."""
    if ms is None:
        return "not placed"
    rounded = round(ms, 1)
    return f"{rounded:+.0f} ms" if rounded == round(rounded) else f"{rounded:+.1f} ms"


def size(count: float) -> str:
    """Bytes for a person."""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(count) < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def duration(seconds: float) -> str:
    """Seconds as `42 s`, `3:10` or `1:02:03`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def progress(step: ProgressBody) -> str:
    """A step with what it counts, its rate and the time to go."""
    parts = [step.stage, percent(step.done)]
    if step.unit == "bytes":
        parts.append(f"{size(step.count)} of {size(step.total)}")
        if step.rate:
            parts.append(f"{size(step.rate)}/s")
    elif step.unit == "frames":
        parts.append(f"{step.count} of {step.total} frames")
        if step.rate:
            parts.append(f"{step.rate:.0f} fps")
    if step.eta_s is not None:
        parts.append(f"{duration(step.eta_s)} to go")
    return " · ".join(parts)


def session_line(session: SessionBody) -> str:
    """One session in one line."""
    parts = [f"{session.id}  {session.state.replace('_', ' '):<11} {percent(session.sync_confidence):>4}"]
    if session.call_to_action:
        parts.append(_ACTIONS[session.call_to_action])
    elif session.error:
        parts.append(escape_invisible(session.error.message, 80))
    elif session.progress:
        parts.append(progress(session.progress))
    elif session.approved_by:
        parts.append(f"by {escape_invisible(session.approved_by)}")
    return "  ".join(parts)


def session_lines(session: SessionBody) -> Iterator[str]:
    """One session in full."""
    yield f"{session.id}  {session.state.replace('_', ' ')}  revision {session.revision}"
    if session.sync_confidence is not None:
        yield f"Sync Confidence: {percent(session.sync_confidence)}  ({session.sync_method})"
    for key, camera in session.cameras.items():
        names = ", ".join(escape_invisible(clip.name, 60) for clip in camera.clips) or "no clip yet"
        placed = f"{offset(session.offsets_ms[key]):>12}" if key in session.offsets_ms else f"{'':>12}"
        yield f"  {escape_invisible(camera.label):<10} {placed}{_drift(session, key)}  {names}"
        for clip in camera.clips:
            yield from (
                f"      {escape_invisible(clip.name, 40)}: {escape_invisible(warning)}"
                for warning in clip.warnings
            )
    yield from (f"  Why: {escape_invisible(reason)}" for reason in session.reasons)
    if session.progress:
        yield f"  {progress(session.progress)}"
    if session.error:
        yield f"  {session.error.stage}: {escape_invisible(session.error.message, 400)}"
        yield f"  → {escape_invisible(session.error.hint, 400)}"
        yield "  Nothing is lost: the originals are kept as they were dropped."
    if session.approved_by:
        yield f"  approved by {escape_invisible(session.approved_by)} at {session.approved_at}"
    if session.call_to_action:
        action = _ACTIONS[session.call_to_action]
        yield f"  {action}: mcsyncd approve {session.id} --revision {session.revision}"


def _drift(session: SessionBody, camera: str) -> str:
    ppm = session.drift_ppm.get(camera, 0.0)
    return f"  drift {ppm:+.1f} ppm" if ppm else ""


def status_lines(status: StatusBody) -> Iterator[str]:
    """What is going on, in full."""
    yield f"mcsyncd {status.version} on {status.host}, process {status.pid}, since {status.started_at}"
    for key, folder in status.folders.items():
        yield from _folder_lines(key, folder)
    for name in status.unknown_folders:
        yield f"  unknown folder {escape_invisible(name)}: no such camera; rename it, or add it to `cameras`"
    counts = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in status.sessions.items())
    yield f"sessions: {counts or 'none yet'}"
    for worker in status.workers:
        told = progress(worker.progress) if worker.progress else worker.stage
        yield f"  {worker.session} {escape_invisible(worker.subject, 60)}: {told}"
    yield f"workers: {len(status.workers)} of {status.worker_slots} busy"
    storage = status.storage
    yield f"storage: {storage.kind} {escape_invisible(storage.target)}: {escape_invisible(storage.health)}"
    yield f"work disk: {size(storage.work_free_bytes)} free"


def _folder_lines(key: str, folder: FolderBody) -> Iterator[str]:
    yield f"{key}  {folder.path}: {escape_invisible(folder.health)}"
    for file in folder.settling:
        note = f" ({escape_invisible(file.note)})" if file.note else ""
        yield f"  {file.state:<9} {escape_invisible(file.name, 60)}  {size(file.bytes)}{note}"


def log_line(entry: LogEntryBody) -> str:
    """One event in one line."""
    told = {key: value for key, value in entry.body.items() if key not in {"at", "kind"}}
    return f"{entry.seq:>6}  {entry.at}  {entry.session}  {entry.kind:<18} {escape_invisible(str(told), 120)}"
