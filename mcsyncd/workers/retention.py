"""The jobs that remove originals: every check is made again, right before anything is moved or deleted."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mcsyncd.errors import McsyncError
from mcsyncd.integrity.derived_file import make_folders, sync_folder
from mcsyncd.integrity.file_times import is_same_time
from mcsyncd.integrity.hashing import compute_digest
from mcsyncd.model.clip import Clip
from mcsyncd.model.facts import Removal
from mcsyncd.model.jobs import EmptyTrash, RemovalJob, TrashOriginals
from mcsyncd.model.publishing import HeadState
from mcsyncd.publish.manifest_reader import translate_manifest_error
from mcsyncd.publish.object_store import ObjectStore
from mcsyncd.publish.open_store import open_known_store
from mcsyncd.publish.published_manifest import PublishedManifest, read_published_manifest
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.workers.progress import ReportProgress


def remove_originals(
    job: TrashOriginals | EmptyTrash, layout: WorkLayout, report_progress: ReportProgress
) -> Removal:
    """Move the originals to the trash, or delete them there; if any check says no, nothing is touched.

    What was moved right before a crash is put back then: no record says where it is. Raises OSError.
    """
    try:
        with _put_back_on_error(job, layout):
            places = _find_removable(job, layout, report_progress)
            if isinstance(job, EmptyTrash):
                return Removal(tuple((clip.key, _delete(place)) for clip, place in places))
            moved = ((clip.key, _trash(clip, place, job.session, layout)) for clip, place in places)
            return Removal(tuple(moved))
    except McsyncError as error:
        return Removal(refused=str(error))


@contextmanager
def _put_back_on_error(job: RemovalJob, layout: WorkLayout) -> Iterator[None]:
    try:
        yield
    except (McsyncError, OSError):
        for clip in job.clips if isinstance(job, TrashOriginals) else ():
            place, in_trash = layout.resolve_path(clip.place), _locate_in_trash(clip, job.session, layout)
            if not os.path.lexists(place) and _is_as_recorded(clip, in_trash):
                _move(in_trash, place)
        raise


def _is_as_recorded(clip: Clip, place: Path) -> bool:
    try:
        found = place.stat(follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return False
    is_same = found.st_size == clip.bytes and is_same_time(found.st_mtime_ns, clip.mtime_ns)
    return stat.S_ISREG(found.st_mode) and is_same


def _find_removable(
    job: RemovalJob, layout: WorkLayout, report_progress: ReportProgress
) -> list[tuple[Clip, Path]]:
    """Return where each original is, all of them proven. Raises McsyncError if any may not go."""
    for store in job.stores:
        _require_stored(job, open_known_store(layout, store))
    if not job.stores:
        raise McsyncError("no store holds all of it")
    total, done = sum(clip.bytes for clip in job.clips), 0
    places = []
    for clip in job.clips:
        place = _find_original(clip, job.session, layout)
        if place.is_file() or not isinstance(job, EmptyTrash):  # else it was deleted before a crash
            _require_unchanged(clip, place)
        places.append((clip, place))
        done += clip.bytes
        report_progress(done, total)
    return places


def _require_stored(job: RemovalJob, store: ObjectStore) -> None:
    """Raise McsyncError unless a store's pointer and manifest hold, and name exactly these originals."""
    published = read_published_manifest(store, job.session)
    if published.head.state is not HeadState.CURRENT or published.sha256 != job.publication.sha256:
        raise McsyncError(f"{published.key}: is not the manifest that was approved, or no longer holds")
    named = _list_originals(published)
    here = {(clip.key, clip.digest.sha256 if clip.digest else "") for clip in job.clips}
    if {(clip, sha256) for clip, sha256, _, _ in named} != here:
        raise McsyncError(f"{published.key}: does not name exactly the originals that are here")
    for clip, _, key, size in named:
        found = store.stat_object(key)
        if found is None or found.bytes != size:
            raise McsyncError(f"{clip}: {key} is not in the store as the manifest says")


def _list_originals(published: PublishedManifest) -> list[tuple[str, str, str, int]]:
    """Return clip, sha256, key and bytes of each original that a manifest names."""
    with translate_manifest_error():
        return [
            (clip["id"], one["sha256"], one["key"], one["bytes"])
            for camera in published.document["cameras"]
            for clip in camera["clips"]
            if (one := clip["original"]) is not None
        ]


def _find_original(clip: Clip, session: str, layout: WorkLayout) -> Path:
    """Return where an original is: as recorded, or in the trash if it was moved right before a crash."""
    place, in_trash = layout.resolve_path(clip.place), _locate_in_trash(clip, session, layout)
    return in_trash if not place.is_file() and in_trash.is_file() else place


def _require_unchanged(clip: Clip, place: Path) -> None:
    """Hash an original. Raises McsyncError for one that is not what was published, or is missing."""
    digest = compute_digest(place)
    if clip.digest is None or (digest.sha256, digest.xxh128) != (clip.digest.sha256, clip.digest.xxh128):
        raise McsyncError(f"{place}: is not the file that was published")


def _locate_in_trash(clip: Clip, session: str, layout: WorkLayout) -> Path:
    return layout.locate_trash(session) / clip.camera / clip.name


def _trash(clip: Clip, place: Path, session: str, layout: WorkLayout) -> str:
    """Move an original to the trash of its session, on the same filesystem; return its path as recorded."""
    target = _locate_in_trash(clip, session, layout)
    if place != target:
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        _move(place, target)
    return layout.make_relative(target)


def _move(place: Path, target: Path) -> None:
    make_folders(target.parent)
    place.rename(target)
    sync_folder(target.parent)
    sync_folder(place.parent)


def _delete(place: Path) -> str:
    place.unlink(missing_ok=True)
    sync_folder(place.parent)
    return ""
