"""The names of objects in the store. Pure.

Retention comes first in a key, because a bucket's rules choose by prefix alone; the content's
hash is in it, so nothing is ever overwritten and doing an upload again is harmless. No text of
a user and no name of a file is in any key: camera keys come from the settings.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath
from typing import Literal

from mcsyncd.errors import StorageError

_KEY_PART = re.compile(r"[a-z0-9][a-z0-9_.-]{0,127}")
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")
_FOLDERS = {"mezzanine": "mezz", "proxy": "proxy"}
_PEAKS_RECIPE = hashlib.sha256(b"audiowaveform 2, 8 bits, 48000/256").hexdigest()[:8]
_SPRITES_RECIPE = hashlib.sha256(b"MCSPRITES1").hexdigest()[:8]
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
}


def build_original_key(session: str, camera: str, sha256: str, name: str) -> str:
    """Return the key of a camera's file; `name` gives its suffix and nothing else."""
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

    The profile and the file's own hash are both in it: encoders are not bit-exact, and a new
    profile must not hide the old files.
    """
    recipe = f"{profile}-{profile_hash[:8]}"
    return _join_key(
        f"v1/{_FOLDERS[kind]}", session, camera, source[:16], recipe, sha256 + _extract_suffix(name)
    )


def build_sidecar_key(rendition: str, sha256: str) -> str:
    """Return the key of the sidecar beside a mezzanine or proxy, whose key is `rendition`.

    The sidecar's own hash is in it too: the same file made twice may have two that differ.
    """
    return validate_key(f"{rendition.rpartition('.')[0]}.{sha256[:16]}.json")


def build_peaks_key(session: str, camera: str, *, source: str, sha256: str) -> str:
    """Return the key of a clip's peaks; in place of a profile stands their format."""
    return _join_key("v1/wave", session, camera, source[:16], f"{_PEAKS_RECIPE}-{sha256[:16]}.dat")


def build_sprites_key(session: str, camera: str, *, source: str, sha256: str, name: str) -> str:
    """Return the key of a sheet of thumbnails, or of the track that names the sheets.

    The last part is the file's own name (part of its hash), because the track names the sheets by it
    and has to find them beside it.
    """
    return _join_key(
        "v1/sprite", session, camera, source[:16], _SPRITES_RECIPE, sha256[:16] + _extract_suffix(name)
    )


def build_manifest_key(session: str, revision: int, sha256: str) -> str:
    """Return the key of one revision's manifest; written once, for ever."""
    return _join_key("v1/manifest", session, f"{revision:06d}-{sha256[:16]}.json")


def build_head_key(session: str) -> str:
    """Return the key of the pointer to a session's newest manifest: the only one that changes."""
    return _join_key("head", f"{session}.json")


def validate_key(key: str) -> str:
    """Return a key as it is. Raises StorageError if it could name anything outside the store."""
    if not all(_KEY_PART.fullmatch(part) for part in key.split("/")) or len(key) > 1024:
        raise StorageError(f"{key!r} is no key of an object", "this is a fault of the daemon: report it")
    return key


def get_content_type(key: str) -> str:
    """Return what a browser is told that the object is."""
    return _CONTENT_TYPES.get(PurePosixPath(key).suffix, "application/octet-stream")


def get_cache_control(key: str) -> str:
    """Return how long an answer may be kept: for ever, except the pointer and the originals."""
    if key.startswith("head/"):
        return "no-cache"
    return "private, no-store" if key.startswith("v1/orig/") else "private, max-age=31536000, immutable"


def _join_key(prefix: str, *parts: str) -> str:
    return validate_key("/".join((prefix, *parts)))


def _extract_suffix(name: str) -> str:
    """Return a harmless suffix of a file's name: `.bin` unless it is a few letters and digits."""
    suffix = PurePosixPath(name).suffix.lower()
    return suffix if _SUFFIX.fullmatch(suffix) else ".bin"
