"""Sessions and the daemon's status as lines of text. Everything from outside is made safe first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from mcsyncd.api import (
    ClipBody,
    FolderBody,
    LogEntryBody,
    OriginalsBody,
    SessionBody,
    StatusBody,
    StreamEventBody,
    WorkerBody,
)
from mcsyncd.model.text import escape_text
from mcsyncd.present.events import format_event, format_kind
from mcsyncd.present.numbers import (
    format_drift,
    format_free_space,
    format_offset,
    format_percent,
    format_size,
    format_time,
    format_timestamp,
)
from mcsyncd.present.originals import format_original_faults, format_originals
from mcsyncd.present.progress import format_progress
from mcsyncd.present.session import (
    format_off_timeline,
    format_subject,
    format_witnesses,
    get_camera_label,
    label_action,
    label_disposition,
    label_method,
    label_session,
    label_state,
    list_camera_labels,
    list_reasons,
    order_cameras,
)
from mcsyncd.present.standing import format_hand_set, format_next_try, format_reopened, format_why
from mcsyncd.present.standstill import explain_standstill, format_standstill
from mcsyncd.present.status import format_cluster, format_ledger
from mcsyncd.present.stores import format_safety

_SHOWN_STANDSTILLS = 4
"""What a status says at its top of what the daemon waits for. Judgement: with their actions, eight of the
24 lines of a small terminal."""
_SHOWN_OF_A_KIND = 1
"""Files of a folder, workers and strays in a status. Judgement: with two, three cards and their workers do
not fit the 24 lines of a small terminal."""


def format_session_line(session: SessionBody) -> str:
    """Return one session in one line."""
    state = label_session(session).word
    parts = [f"{session.id}  {state:<11} {format_percent(session.sync_confidence):>4}"]
    if action := label_action(session):
        parts.append(action)
    elif session.error:
        parts.append(escape_text(session.error.message, 80))
    elif session.progress:
        parts.append(format_progress(session.progress))
    elif session.approved_by:
        parts.append(f"by {escape_text(session.approved_by)} {_format_local(session.approved_at)}")
    return "  ".join(parts)


def format_session(session: SessionBody, originals: OriginalsBody | None = None) -> Iterator[str]:
    """Yield one session in full, a line each: state, offsets, reasons and the next command.

    `originals` is what a look at them found, None if nobody looked.
    """
    yield f"{session.id}  {label_session(session).word}  revision {session.revision}"
    now = _get_local_now()
    yield from (
        f"  {line}" for line in (*format_hand_set(session, now), format_reopened(session, now)) if line
    )
    if session.sync_confidence is not None:
        off = format_off_timeline(session)
        percent = format_percent(session.sync_confidence)
        about = "for the machine's own offsets" if session.hand_set else f"({label_method(session)})"
        yield f"Sync Confidence: {percent}  {about}{f'; {off}' if off else ''}"
    for key in order_cameras(session):
        yield from _format_camera(session, key)
    yield from (f"  Why: {why}" for why in list_reasons(session) or [format_why(session)] if why)
    if session.progress:
        yield f"  {escape_text(session.progress.stage, 40)} · {format_progress(session.progress)}"
    if session.error:
        yield f"  {escape_text(session.error.stage, 40)}: {escape_text(session.error.message, 400)}"
        yield f"  → {escape_text(session.error.hint, 400)}"
        if next_try := format_next_try(session.error, now):
            yield f"  {next_try}"
    labels = list_camera_labels(session)
    has_halted = session.error is not None
    seen = (
        format_originals(originals, labels, now) if has_halted else format_original_faults(originals, labels)
    )
    yield from (f"  {line}" for line in seen)
    if session.approved_by:
        yield f"  approved by {escape_text(session.approved_by)} {_format_local(session.approved_at)}"
    yield from (f"  {line}" for line in format_safety(session))
    if action := label_action(session):
        approve = f"approve {session.id} --revision {session.revision}"
        command = approve if session.call_to_action == "looks_good" else f"review {session.id}"
        yield f"  {action}: mcsyncd {command}"


def format_candidates(session: SessionBody) -> Iterator[str]:
    """Yield a line for each angle but the reference: its confidence and its possible offsets."""
    for camera, evidence in session.angles.items():
        if camera == session.reference:
            continue
        found = ", ".join(f"{format_offset(one.offset_ms)} ({one.score:.2f})" for one in evidence.candidates)
        confidence = format_percent(evidence.confidence)
        label = get_camera_label(session, camera)
        name = label if label == camera else f"{label} ({escape_text(camera, 40)})"  # a nudge takes the key
        yield f"  {name}: confidence {confidence}; candidates: {found or 'none'}"
        yield from (f"    {said}" for said in format_witnesses(session, camera))


def _format_camera(session: SessionBody, key: str) -> Iterator[str]:
    clips = session.cameras[key].clips
    offset = format_offset(session.offsets_ms[key]) if key in session.offsets_ms else ""
    drift_ppm = session.drift_ppm.get(key, 0.0)
    drift = f"  drift {format_drift(drift_ppm)}" if drift_ppm else ""
    names = (
        escape_text(clips[0].name, 60)
        if len(clips) == 1
        else f"{len(clips)} clips"
        if clips
        else "no clip yet"
    )
    yield f"  {get_camera_label(session, key):<10} {offset:>12}{drift}  {names}"
    if len(clips) > 1 or any(label_disposition(session, clip) for clip in clips):
        for clip in clips:
            yield _format_clip_line(session, clip)
            if clip.fault and clip.disposition is None:
                yield f"        → {escape_text(clip.fault_hint, 300)}"
                name = f"{key}/{escape_text(clip.name, 60)}"
                yield f"        → or without it: mcsyncd clip {session.id} {name} leave-out --reason TEXT"
    if verified := _format_verified(clips):
        yield f"      {verified}"
    for clip in clips:
        if clip.former_sha256:
            now = escape_text(clip.sha256 or "not hashed yet", 64)
            former = escape_text(clip.former_sha256, 64)
            yield f"      {escape_text(clip.name, 40)}: sha256 {now}, before: {former}"
        for one in clip.hash_checks:
            if one.verdict == "failed":
                said = f"not what {escape_text(one.hash_list, 60)} says ({one.algorithm})"
                yield f"      {escape_text(clip.name, 40)}: {said}"
        yield from (
            f"      {escape_text(clip.name, 40)}: {escape_text(warning)}" for warning in clip.warnings
        )


def _format_verified(clips: Sequence[ClipBody]) -> str:
    """Return how many clips are what the hash lists of their card say; empty where no list names any."""
    verified = [clip for clip in clips if any(one.verdict == "verified" for one in clip.hash_checks)]
    lists = sorted({one.hash_list for clip in verified for one in clip.hash_checks})
    if not lists:
        return ""
    more = f" and {len(lists) - 1} more lists" if len(lists) > 1 else ""
    return f"{len(verified)} of {len(clips)} clips verified by {escape_text(lists[0], 60)}{more}"


def _format_clip_line(session: SessionBody, clip: ClipBody) -> str:
    offset = format_offset(clip.offset_ms) if clip.offset_ms is not None else ""
    why = f": {escape_text(clip.disposition_reason, 200)}" if clip.disposition_reason else ""
    return (
        f"      {offset:>12}  {escape_text(clip.name, 60)}  {label_disposition(session, clip)}{why}".rstrip()
    )


def format_status(
    status: StatusBody, sessions: Sequence[SessionBody] = (), *, in_full: bool = False
) -> Iterator[str]:
    """Yield the daemon's status on one screen, a line each: first what it waits for, and who must act.

    `sessions` are those that are not finished, newest first. `in_full` leaves out nothing.
    """
    most, most_alike = (len(sessions) + 999, None) if in_full else (_SHOWN_STANDSTILLS, _SHOWN_OF_A_KIND)
    yield from format_standstill(explain_standstill(status, sessions, _get_local_now()), most)
    for key, folder in status.folders.items():
        yield from _format_folder(key, folder, most_alike)
    unknown = "no camera has this name; rename it, or add it to `cameras`"
    yield from _list_first([f"{escape_text(one)}: {unknown}" for one in status.unknown_folders], most_alike)
    loose = "lies beside the camera folders; move it into one"
    yield from _list_first([f"{escape_text(one)}: {loose}" for one in status.loose_files], most_alike)
    yield from _list_first([f"{escape_text(name)} holds the seal" for name in status.held], most_alike)
    counts = ", ".join(f"{count} {label_state(state).word}" for state, count in status.sessions.items())
    yield f"sessions: {counts or 'none yet'}"
    yield f"workers: {len(status.workers)} of {status.worker_slots} busy"
    labels = {key: folder.label for key, folder in status.folders.items()}
    yield from _list_first([_format_worker(worker, labels) for worker in status.workers], most_alike)
    if status.cluster is not None:
        yield from format_cluster(status.cluster)
    if status.publisher is not None:
        yield f"publisher: {escape_text(status.publisher, 300)}"
    storage = status.storage
    free = format_free_space(storage.work_free_bytes)
    yield f"storage: {storage.kind} {_format_health(storage.target, storage.health)}"
    for store in status.further_stores:
        state = "" if store.uploads == "open" else f" ({store.uploads.replace('_', ' ')})"
        yield f"copies: {escape_text(store.name)} {_format_health(store.target, store.health)}{state}"
    yield f"work disk: {free}"
    yield f"ledger: {format_ledger(status.ledger)}"
    since = _format_local(status.started_at)
    yield f"mcsyncd {status.version} on {escape_text(status.host, 60)}, process {status.pid}, since {since}"


def _format_health(target: str, health: str) -> str:
    """Return a store and its health. What a folder reports begins with its path, which is said once."""
    return f"{escape_text(target)}: {escape_text(health.removeprefix(f'{target}: '))}"


def _format_worker(worker: WorkerBody, labels: Mapping[str, str]) -> str:
    progress = f" · {format_progress(worker.progress)}" if worker.progress else ""
    subject = format_subject(worker.subject, labels)
    return f"{worker.session} {subject}: {escape_text(worker.stage, 40)}{progress}"


def _format_folder(key: str, folder: FolderBody, most: int | None) -> Iterator[str]:
    yield f"{key}  {escape_text(folder.path)}: {escape_text(folder.health)}"
    yield from _list_first(
        [
            f"{file.state:<10} {escape_text(file.name, 60)}  {format_size(file.bytes)}"
            + (f" ({escape_text(file.note)})" if file.note else "")
            for file in folder.settling
        ],
        most,
    )


def _list_first(lines: Sequence[str], most: int | None) -> Iterator[str]:
    """Yield the first `most` lines, indented; the last of them says how many more there are."""
    shown = lines[:most]
    more = f", and {len(lines) - len(shown)} more (--all)" if len(lines) > len(shown) else ""
    yield from (f"  {line}{more if line is shown[-1] else ''}" for line in shown)


def format_log_line(entry: LogEntryBody, labels: Mapping[str, str] | None = None) -> str:
    """Return one event of the ledger in one line: number, local time, session, what happened.

    `labels` are what people call the cameras, by key.
    """
    at = format_timestamp(entry.at, _get_local_now())
    return f"{entry.seq:>6}  {at}  {entry.session}  {format_event(entry, labels)}"


def format_stream_event(event: StreamEventBody) -> str | None:
    """Return an event of the live stream in one line; None for what only programs need."""
    if event.what == "event":
        at = format_timestamp(event.at, _get_local_now())
        return f"{at}  {event.session}  {format_kind(event.kind or '')}"
    if event.what == "progress" and event.progress is not None:
        step = event.progress
        return f"{'':>19}  {event.session}  {escape_text(step.stage, 40)} · {format_progress(step)}"
    return None


def _format_local(at: str | None) -> str:
    return format_time(at, _get_local_now())


def _get_local_now() -> datetime:
    return datetime.now().astimezone()
