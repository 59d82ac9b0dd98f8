"""The publishing jobs: one object, or the manifest and the pointer at it."""

from __future__ import annotations

from mcsyncd.daemon.places import Places
from mcsyncd.daemon.progress import Tell
from mcsyncd.errors import StorageError
from mcsyncd.model.jobs import PublishManifest, Put
from mcsyncd.model.rendition import StoredObject
from mcsyncd.model.session import Publication
from mcsyncd.publish.release import release
from mcsyncd.publish.stores import open_store
from mcsyncd.settings.schema import Storage


def put(job: Put, places: Places, tell: Tell) -> StoredObject:
    """Store one file. Raises what the store raises; SourceChanged if the file is not what it was."""
    store = open_store(places.storage)
    store.put(
        job.key,
        places.file(job.path),
        sha256=job.sha256,
        size=job.bytes,
        facts=job.facts,
        progress=tell,
    )
    return StoredObject(job.key, job.kind, job.bytes, job.sha256, job.clip)


def put_manifest(job: PublishManifest, places: Places) -> Publication:
    """Release the manifest that was written for this revision. Raises what the store raises."""
    document = places.manifest(job.session, job.revision).read_bytes()
    return release(open_store(places.storage), document)


def check(storage: Storage) -> str:
    """Return "ok", or a sentence on why nothing can be stored."""
    try:
        return open_store(storage).check()
    except StorageError as error:
        return str(error)
