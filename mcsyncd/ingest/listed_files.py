"""Hashing a file that lies in a drop folder, for the hash lists that name it."""

from __future__ import annotations

import os
from pathlib import Path

from mcsyncd.containers.inspection import find_shortfall
from mcsyncd.errors import SourceChanged
from mcsyncd.ingest.folders import Folder
from mcsyncd.ingest.hash_lists import HashedFile
from mcsyncd.ingest.lease import WriterStatus, query_writers
from mcsyncd.ingest.names import CLIP_SUFFIXES, FileRole, classify_name
from mcsyncd.ingest.observation import Observation
from mcsyncd.integrity.hashing import ReportBytes, digest_descriptor, identity_from_stat
from mcsyncd.integrity.listed_hasher import ListedHasher
from mcsyncd.model.hash_check import HashAlgorithm


def hash_drop_file(
    drop: Path,
    file: Observation,
    algorithms: frozenset[HashAlgorithm],
    report_bytes: ReportBytes | None = None,
    *,
    suffixes: frozenset[str] = CLIP_SUFFIXES,
) -> HashedFile | None:
    """Read a file once and return it with the hashes that lists ask for, and with ours.

    None if it is gone, is not as it was observed, or is open for writing: it is not complete yet. A disk that
    fails is told in the result. Blocks for as long as the file is read.
    """
    path = Path(file.camera, file.name)
    try:
        with (
            Folder.open_root(drop) as root,
            root.open_below(path.parent) as folder,
            folder.hold_file(path.name) as descriptor,
        ):
            if identity_from_stat(os.fstat(descriptor)) != file.identity:
                return None
            if query_writers(descriptor) is WriterStatus.SOME:
                return None
            return _hash_descriptor(descriptor, file, algorithms, report_bytes, suffixes)
    except (FileNotFoundError, SourceChanged):
        return None
    except OSError as error:
        return HashedFile(file.identity, failure=f"cannot be read ({error.strerror}): check the disk")


def _hash_descriptor(
    descriptor: int,
    file: Observation,
    algorithms: frozenset[HashAlgorithm],
    report_bytes: ReportBytes | None,
    suffixes: frozenset[str],
) -> HashedFile:
    hasher = ListedHasher(algorithms - {"sha256", "xxh128"})
    digest = digest_descriptor(descriptor, Path(file.camera, file.name), report_bytes, (hasher.add,))
    hashes = {"sha256": digest.sha256, "xxh128": digest.xxh128, **hasher.finish()}
    short = False
    if classify_name(file.name, suffixes) is FileRole.CLIP:
        with os.fdopen(descriptor, "rb", buffering=0, closefd=False) as opened:
            shortfall = find_shortfall(opened)
        short = shortfall is not None and shortfall.certain
    return HashedFile(file.identity, digest, hashes, short)
