"""What a name in a drop folder says: a clip, something beside a clip, a copy under way, litter.

Only names are judged here; what is inside a file is the probe's business. Nothing is hidden
because its suffix is unknown: a person must be able to see why a file is not taken.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from enum import StrEnum
from functools import lru_cache
from posixpath import splitext

_VIDEO_SUFFIXES = {".mp4", ".mov", ".mxf", ".mts", ".m2ts", ".mkv", ".avi", ".m4v", ".3gp", ".mpg", ".webm"}
_AUDIO_SUFFIXES = {".wav", ".bwf", ".mp3", ".m4a", ".flac", ".aac", ".aif", ".aiff", ".ogg", ".opus"}

CLIP_SUFFIXES = frozenset(_VIDEO_SUFFIXES | _AUDIO_SUFFIXES)
"""Containers that cameras, phones and sound recorders write. `.lrf` is an MP4 by content, but a
camera's own small copy of a clip that lies beside it: taken for an angle it would sync with
itself, perfectly and uselessly."""

_TEMPORARY_NAME = re.compile(
    r"\..*|.*\.(part|partial|tmp|crdownload|filepart|download)|.*~|~\$.*", re.IGNORECASE | re.DOTALL
)
_SYSTEM_NAME = re.compile(
    r"\._.*|\.DS_Store|\.AppleDouble|\.Spotlight-V100|\.Trashes|\.Trash-.*|\.fseventsd|\.TemporaryItems"
    r"|Thumbs\.db|desktop\.ini|System Volume Information|\$RECYCLE\.BIN"
    r"|@eaDir|#recycle|lost\+found|\.nfs.*|\.smbdelete.*",
    re.IGNORECASE | re.DOTALL,
)
_SONY_METADATA = re.compile(r"(.+)m\d\d")
_GOPRO_PROXY = re.compile(r"gl(\d{6})")


class FileRole(StrEnum):
    """What a file is by its name."""

    CLIP = "clip"
    BESIDE = "beside"
    """A sidecar if a clip of that name lies beside it; else a stranger."""
    TEMPORARY = "temporary"
    """A copy under way: it will have its real name when it is done."""
    SYSTEM = "system"
    """Litter of an operating system; never shown."""


@lru_cache(maxsize=1 << 16)  # asked for every file at every look
def classify_name(name: str) -> FileRole:
    """Judge a path below a camera's folder; a folder's name counts for everything in it."""
    parts = name.split("/")
    if any(_SYSTEM_NAME.fullmatch(part) for part in parts):
        return FileRole.SYSTEM
    if any(_TEMPORARY_NAME.fullmatch(part) for part in parts):
        return FileRole.TEMPORARY
    return FileRole.CLIP if splitext(name)[1].lower() in CLIP_SUFFIXES else FileRole.BESIDE


def find_name_fault(name: str) -> str:
    """Say why a path below a camera's folder cannot be taken; empty when it can.

    Spaces, newlines, escapes and markup are fine: a name is never interpreted, only shown, and
    where it is shown it is made visible. Bytes that are not UTF-8 are not: neither the ledger
    nor the manifest can hold them.
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        return "the name is not valid UTF-8: rename it"
    parts = name.split("/")
    if not name or name.startswith("/") or {"", ".", ".."} & set(parts) or "\0" in name:
        return "not a path below the camera's folder"
    return ""


@lru_cache(maxsize=1 << 16)  # asked for every clip at every look at which something is on its way
def compute_stem(name: str) -> str:
    """Return the path without its suffix, for telling what belongs together.

    Case is folded: cards are FAT, and `C0001.MP4` with `c0001.xml` is one clip.
    """
    return splitext(name)[0].casefold()


def collect_clip_stems(files: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """Return the stems of the clips among `(camera, name)` pairs, by camera."""
    stems: dict[str, set[str]] = {}
    for camera, name in files:
        if classify_name(name) is FileRole.CLIP:
            stems.setdefault(camera, set()).add(compute_stem(name))
    return stems


def is_sidecar(name: str, clip_stems: Collection[str]) -> bool:
    """Tell whether a file that is no clip lies beside one; `clip_stems` are `stem`s of one camera.

    The same stem; or the whole name of the clip with a suffix after it (`A001.MOV.xmp`); or one
    of two makers' ways: Sony's `C0001M01.XML` beside `C0001.MP4`, and GoPro's `GL010001.LRF`
    beside `GX010001.MP4`.
    """
    return any(candidate in clip_stems for candidate in _list_possible_clip_stems(compute_stem(name)))


def _list_possible_clip_stems(file_stem: str) -> list[str]:
    folder, _, last = file_stem.rpartition("/")
    lasts = [last]
    if splitext(last)[1] in CLIP_SUFFIXES:
        lasts.append(splitext(last)[0])
    if sony := _SONY_METADATA.fullmatch(last):
        lasts.append(sony[1])
    if gopro := _GOPRO_PROXY.fullmatch(last):
        lasts += [f"gx{gopro[1]}", f"gh{gopro[1]}"]
    return [f"{folder}/{each}" if folder else each for each in lasts]
