"""A look at a session's originals: is each at its place, with the size and the time that were recorded?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mcsyncd.api import OriginalFaultBody
from mcsyncd.errors import CHANGED_SOURCE_HINT
from mcsyncd.integrity.file_times import is_same_time
from mcsyncd.model.session import HALTED, Session
from mcsyncd.settings.work_layout import WorkLayout

_CHANGED_HINT = "put the file back as it was; a resync would take it as it is now, right or wrong"


@dataclass(frozen=True, slots=True)
class RecordedOriginal:
    """An original with its key, its place, its size in bytes and its modification time in ns, as recorded."""

    key: str
    path: Path
    bytes: int
    mtime_ns: int


def list_originals(session: Session, layout: WorkLayout) -> tuple[RecordedOriginal, ...]:
    """Return the session's clips and the files that belong to them, where they lie now.

    They are in the drop folders until they are taken in. None of a session whose originals were given back,
    or are on their way; of one whose originals were deleted here, because the stores have them, what belongs
    to the clips.
    """
    if session.returned or session.returning_to is not None:
        return ()
    return (*_list_clips(session, layout), *_list_others(session, layout))


def _list_clips(session: Session, layout: WorkLayout) -> Iterator[RecordedOriginal]:
    for clip in () if session.are_originals_deleted else session.clips:
        if clip.path:
            path = layout.resolve_path(clip.place)
        elif _is_dropped(session, clip.key):
            path = layout.drop / clip.camera / clip.name
        else:
            continue
        yield RecordedOriginal(clip.key, path, clip.bytes, clip.mtime_ns)


def _list_others(session: Session, layout: WorkLayout) -> Iterator[RecordedOriginal]:
    known = {clip.key for clip in session.clips}
    for file in session.drop_files:
        if file.key not in known:
            dropped = _is_dropped(session, file.key)
            top = layout.drop if dropped else layout.locate_originals(session.id)
            yield RecordedOriginal(file.key, top / file.camera / file.name, file.bytes, file.mtime_ns)


def _is_dropped(session: Session, key: str) -> bool:
    """Tell whether a file is still in its drop folder."""
    return not session.offloaded or any(file.key == key for file in session.incoming)


def find_original_faults(
    session: Session, originals: tuple[RecordedOriginal, ...]
) -> list[OriginalFaultBody]:
    """Return what is not as it was recorded. Blocks; reads no content.

    Only a session that halted is retried once it is put right. Raises OSError for errors of the disk: an
    original that cannot be looked at is not missing.
    """
    is_halted = session.state in HALTED
    return [fault for original in originals if (fault := _find_fault(original, is_halted=is_halted))]


def _find_fault(original: RecordedOriginal, *, is_halted: bool) -> OriginalFaultBody | None:
    path = original.path
    try:
        now = path.stat(follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        hint = f"put it back at {path}{', then retry the session' if is_halted else ''}"
        return OriginalFaultBody(file=original.key, kind="missing", message="is missing", hint=hint)
    if now.st_size != original.bytes:
        message = f"has {now.st_size:,} bytes instead of {original.bytes:,}"
    elif not is_same_time(now.st_mtime_ns, original.mtime_ns):
        message = "was written to: its modification time is not the recorded one"
    else:
        return None
    hint = f"{path}: {CHANGED_SOURCE_HINT if is_halted else _CHANGED_HINT}"
    return OriginalFaultBody(file=original.key, kind="changed", message=message, hint=hint)
