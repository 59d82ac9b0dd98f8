"""The names of objects in the store. Pure.

Retention comes first in a key, because a bucket's lifecycle rules select by prefix alone. The
content's hash is in it, so nothing is ever overwritten and repeating an upload is harmless. No key
contains user text or a file name: camera keys come from the settings.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from mcsyncd.errors import StorageError

_KEY_PART = re.compile(r"[a-z0-9][a-z0-9_.-]{0,127}")
"""One part of a key: valid as a file name everywhere, and never `..` or hidden."""
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")
"""A file suffix that may be part of a key; the longest in use (`.m2ts`) has five characters."""
_MAX_KEY_BYTES = 1024
"""Longest key that S3 accepts, in bytes of UTF-8; ours are ASCII."""
_FOLDERS = {"mezzanine": "mezz", "proxy": "proxy"}
"""Folder of each kind of rendition: lifecycle rules of buckets in use select by it."""
_SESSION_FOLDERS = ("v1/orig", "v1/mezz", "v1/proxy", "v1/wave", "v1/sprite", "v1/manifest")
"""Where the objects of sessions are, each session in a folder of its own."""
QUARANTINE = "v1/quarantine/"
"""Folder of what a repair set aside; nothing reads it."""
SNAPSHOTS = "v1/db/"
"""Folder of the ledger's snapshots, each machine in a folder of its own."""
_PEAKS_RECIPE = hashlib.sha256(b"audiowaveform 2, 8 bits, 48000/256").hexdigest()[:8]
_SPRITES_RECIPE = hashlib.sha256(b"MCSPRITES1").hexdigest()[:8]
"""Formats of peaks and sprites as part of their keys: a changed format needs a new text here, or its files
would get the keys of the old ones' folder."""
_CONTENT_TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".mkv": "video/x-matroska",
    ".mxf": "application/mxf",
    ".mts": "video/mp2t",
    ".m2ts": "video/mp2t",
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".flac": "audio/flac",
    ".json": "application/json",
    ".jpg": "image/jpeg",
    ".vtt": "text/vtt",
    ".gz": "application/gzip",
}
"""Media types by suffix (IANA); a suffix that is not listed is served as `application/octet-stream`."""


@dataclass(frozen=True, slots=True)
class SnapshotName:
    """Of which machine a snapshot is, when it was made (UTC), and the start of the object's sha256 (hex)."""

    host: str
    made_at: str
    sha16: str


def build_original_key(session: str, camera: str, sha256: str, name: str) -> str:
    """Return the key of a camera's file; only the suffix of `name` is used."""
    return _join_key("v1/orig", session, camera, sha256 + _extract_suffix(name))


def build_rendition_key(
    kind: Literal["mezzanine", "proxy"],
    session: str,
    camera: str,
    *,
    source: str,
    profile: str,
    profile_hash: str,
    sha256: str,
    name: str,
) -> str:
    """Return the key of a mezzanine or proxy; `source` is the original's sha256.

    It contains both the profile and the file's own hash: encoders are not bit-exact, and files of
    a new profile must not replace the old ones.
    """
    recipe = f"{profile}-{profile_hash[:8]}"
    return _join_key(
        f"v1/{_FOLDERS[kind]}", session, camera, source[:16], recipe, sha256 + _extract_suffix(name)
    )


def build_sidecar_key(rendition: str, sha256: str) -> str:
    """Return the key of the sidecar beside a mezzanine or proxy, whose key is `rendition`.

    It contains the sidecar's own hash: two runs may produce the same file with different sidecars.
    """
    return validate_key(f"{rendition.rpartition('.')[0]}.{sha256[:16]}.json")


def build_peaks_key(session: str, camera: str, *, source: str, sha256: str) -> str:
    """Return the key of a clip's published peaks; their format takes the place of a profile."""
    return _join_key("v1/wave", session, camera, source[:16], f"{_PEAKS_RECIPE}-{sha256[:16]}.dat")


def build_sprites_key(session: str, camera: str, *, source: str, sha256: str, name: str) -> str:
    """Return the key of a sprite sheet, or of the WebVTT track that names the sheets.

    The last part is the file's own name (the start of its hash), because the track refers to the
    sheets by that name, in its own folder.
    """
    return _join_key(
        "v1/sprite", session, camera, source[:16], _SPRITES_RECIPE, sha256[:16] + _extract_suffix(name)
    )


def build_manifest_key(session: str, revision: int, sha256: str) -> str:
    """Return the key of one revision's manifest, which is written once."""
    return _join_key("v1/manifest", session, f"{revision:06d}-{sha256[:16]}.json")


def build_head_key(session: str) -> str:
    """Return the key of the pointer to a session's newest manifest: the only object that changes."""
    return _join_key("head", f"{session}.json")


def parse_head_key(key: str) -> str | None:
    """Return the session of a pointer's key; None for the key of anything else."""
    found = re.fullmatch(r"head/([^/]+)\.json", key)
    return found[1] if found else None


def parse_manifest_key(key: str) -> str | None:
    """Return the session of a manifest's key; None for the key of anything else."""
    found = re.fullmatch(r"v1/manifest/([^/]+)/[0-9]{6,}-[0-9a-f]{16}\.json", key)
    return found[1] if found else None


def parse_manifest_revision(key: str) -> int:
    """Return the revision in a manifest's key. Raises ValueError for the key of anything else."""
    return int(key.rpartition("/")[2].partition("-")[0])


def list_session_prefixes(session: str) -> tuple[str, ...]:
    """Return the folders that hold a session's objects and manifests, and nothing of another session."""
    return tuple(validate_key(f"{folder}/{session}") + "/" for folder in _SESSION_FOLDERS)


def build_snapshot_key(host: str, made_at: str, sha256: str) -> str:
    """Return the key of a ledger's snapshot; its time (UTC) is written as YYYYMMDD-HHMMSS.

    `host` is what `slugify_host` returns, `sha256` that of the object.
    """
    return _join_key("v1/db", host, f"{made_at}-{sha256[:16]}.sqlite.gz")


def parse_snapshot_key(key: str) -> SnapshotName | None:
    """Return what a snapshot's key says; None for the key of anything else."""
    found = re.fullmatch(r"v1/db/([^/]+)/([0-9]{8}-[0-9]{6})-([0-9a-f]{16})\.sqlite\.gz", key)
    return SnapshotName(*found.groups()) if found else None


def slugify_host(name: str) -> str:
    """Return a machine's name as a part of a key: a-z, 0-9 and -, 63 characters at most."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower())[:63].strip("-") or "host"


def build_quarantine_key(key: str, sha256: str) -> str:
    """Return the key under which a document is kept that stood in the way of the right one."""
    name, _, suffix = key.rpartition(".")
    return validate_key(f"{QUARANTINE}{name}-{sha256[:16]}.{suffix}")


def validate_key(key: str) -> str:
    """Return the key. Raises StorageError if it could name anything outside the store."""
    if not is_valid_key(key):
        raise StorageError(f"{key!r} is not a valid object key", "this is a bug in mcsyncd: please report it")
    return key


def is_valid_key(key: str) -> bool:
    """Tell whether a text from outside can be a key: it names nothing outside the store."""
    return all(_KEY_PART.fullmatch(part) for part in key.split("/")) and len(key) <= _MAX_KEY_BYTES


def get_content_type(key: str) -> str:
    """Return the media type of an object, by the suffix of its key."""
    return _CONTENT_TYPES.get(PurePosixPath(key).suffix, "application/octet-stream")


def get_cache_control(key: str) -> str:
    """Return the Cache-Control of an object: a year, but never for pointers, originals and snapshots."""
    if key.startswith("head/"):
        return "no-cache"
    return (
        "private, no-store"
        if key.startswith(("v1/orig/", SNAPSHOTS))
        else "private, max-age=31536000, immutable"
    )


def _join_key(prefix: str, *parts: str) -> str:
    return validate_key("/".join((prefix, *parts)))


def _extract_suffix(name: str) -> str:
    """Return the suffix of a file's name in lower case, or `.bin` unless it is a few letters and digits."""
    suffix = PurePosixPath(name).suffix.lower()
    return suffix if _SUFFIX.fullmatch(suffix) else ".bin"
