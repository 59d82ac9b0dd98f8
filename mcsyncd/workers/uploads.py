"""The publishing jobs: one object, or the manifest and the pointer at it."""

from __future__ import annotations

from mcsyncd.errors import StorageError
from mcsyncd.model.jobs import PublishManifest, Upload
from mcsyncd.model.rendition import StoredObject
from mcsyncd.model.session import Publication
from mcsyncd.publish.open_store import open_store
from mcsyncd.publish.release import release_manifest
from mcsyncd.settings.schema import Storage
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.workers.progress import ReportProgress


def upload_object(job: Upload, layout: WorkLayout, report_progress: ReportProgress) -> StoredObject:
    """Store one file. Raises what the store raises; SourceChanged if the file is not what it was."""
    store = open_store(layout.storage)
    store.put_file(
        job.key,
        layout.resolve_path(job.path),
        sha256=job.sha256,
        size=job.bytes,
        metadata=job.facts,
        report_progress=report_progress,
    )
    return StoredObject(job.key, job.kind, job.bytes, job.sha256, job.clip)


def upload_manifest(job: PublishManifest, layout: WorkLayout) -> Publication:
    """Release the manifest that was written for this revision. Raises what the store raises."""
    document = layout.locate_manifest(job.session, job.revision).read_bytes()
    return release_manifest(open_store(layout.storage), document)


def check_store(storage: Storage) -> str:
    """Return "ok", or a sentence on why nothing can be stored."""
    try:
        return open_store(storage).check()
    except StorageError as error:
        return str(error)
