"""The publishing jobs: one object, or the manifest and the pointer at it."""

from __future__ import annotations

import hashlib
import json

from mcsyncd.daemon.places import Places
from mcsyncd.daemon.progress import Tell
from mcsyncd.errors import StorageError
from mcsyncd.model.jobs import PublishManifest, Put
from mcsyncd.model.rendition import StoredObject
from mcsyncd.model.session import Publication
from mcsyncd.publish import keys
from mcsyncd.publish.store import ObjectStore
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
    """Store the manifest that was written for this revision, then point the session's head at it.

    The manifest's key holds its hash and is written once; the head is the one object that
    changes, and only from the version that was read.
    """
    store = open_store(places.storage)
    document = places.manifest(job.session, job.revision).read_bytes()
    sha256 = hashlib.sha256(document).hexdigest()
    key = keys.manifest(job.session, job.revision, sha256)
    store.put_document(key, document)
    _point_head(store, job, key, sha256)
    return Publication(job.revision, key, sha256)


def _point_head(store: ObjectStore, job: PublishManifest, key: str, sha256: str) -> None:
    head = keys.head(job.session)
    pointer = json.dumps(
        {"schema": "1.0.0", "manifest_key": key, "manifest_sha256": sha256, "revision": job.revision},
        sort_keys=True,
    ).encode()
    before = store.stat(head)
    store.put_document(head, pointer, if_match=before.etag if before else None)


def check(storage: Storage) -> str:
    """Return "ok", or a sentence on why nothing can be stored."""
    try:
        return open_store(storage).check()
    except StorageError as error:
        return str(error)
