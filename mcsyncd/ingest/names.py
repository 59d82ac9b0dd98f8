"""What a name in a drop folder means: a clip, a file beside a clip, an unfinished copy, or system litter.

Only names are judged here; probe judges the content. No file is hidden because its suffix is
unknown: a person must be able to see why a file is not taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from posixpath import splitext
from types import MappingProxyType

_VIDEO_SUFFIXES = {".mp4", ".mov", ".mxf", ".mts", ".m2ts", ".mkv", ".avi", ".m4v", ".3gp", ".mpg", ".webm"}
_AUDIO_SUFFIXES = {".wav", ".bwf", ".mp3", ".m4a", ".flac", ".aac", ".aif", ".ogg", ".opus"}

OTHER_SUFFIXES = MappingProxyType(
    {
        ".qt": ".mov",
        ".f4v": ".mp4",
        ".insv": ".mp4",
        ".360": ".mp4",
        ".braw": ".mov",
        ".crm": ".mp4",
        ".nev": ".mov",
        ".ts": ".mts",
        ".m2t": ".mts",
        ".tod": ".mts",
        ".mod": ".mpg",
        ".mpeg": ".mpg",
        ".w64": ".wav",
        ".rf64": ".bwf",
        ".aiff": ".aif",
    }
)
"""Other names of the same containers: camcorders (.tod, .mod), action cameras (.insv, .360), camera raw
(.braw, .crm, .nev), recorders."""

AUDIO_SUFFIXES = frozenset(
    _AUDIO_SUFFIXES | {other for other, known in OTHER_SUFFIXES.items() if known in _AUDIO_SUFFIXES}
)
"""Suffixes of containers without a picture."""

CLIP_SUFFIXES = frozenset(_VIDEO_SUFFIXES | _AUDIO_SUFFIXES | OTHER_SUFFIXES.keys())
"""Suffixes of the containers that cameras, phones and sound recorders write.

`.lrf` must not be among them: it is an MP4 by content, but a camera's own small copy of the clip
beside it. Taken as another recording, it would sync with that clip, perfectly and uselessly."""

UNSUPPORTED_SUFFIXES = frozenset(
    {
        *{".wmv", ".wma", ".asf", ".flv", ".rm", ".rmvb", ".divx", ".ogv"},
        *{".r3d", ".ari", ".arx", ".cine", ".mlv", ".vob", ".dv", ".dif", ".caf", ".amr"},
    }
)
"""Suffixes of recordings that are not taken: nothing writes them today but old programs, and cinema cameras
whose raw formats need their makers' software. A missing one lies beside the clips and is only ignored, so a
session can be sealed without that recording."""

_TEMPORARY_NAME = re.compile(
    r"\..*|~\$.*|.*~|_tmp|_incomplete_.*"
    r"|.*\.(part|partial|filepart|tmp|temp|copying|upload|uploading|pending|inprogress|incomplete"
    r"|unfinished|download|downloading|crdownload|opdownload|fdmdownload|!qb|!ut|bc!|!sync"
    r"|bts|aria2|aspera-ckpt|lftp-pget-status)",
    re.IGNORECASE | re.DOTALL,
)
"""Names that programs give unfinished files: copy programs, browsers, torrents (`.!qb`, `.!ut`, `.bc!`),
Resilio Sync (`.!sync`), editors. Those of the last line lie beside a file as long as its download is
unfinished. A missing one means that a session is sealed while a clip of it is still on its way; a wrong one
means that a clip is never taken."""

_UNFINISHED_STEM = re.compile(
    r".*([._](tmp|temp)|\.(part|partial|incomplete|inprogress|unfinished|uploading|downloading)"
    r"| \(copying\))",
    re.IGNORECASE | re.DOTALL,
)
"""What programs call unfinished files whose suffix must stay as it is, without that suffix,
as in `C0001.temp.MP4`. A missing one or a wrong one means the same as above."""

_SYSTEM_NAME = re.compile(
    r"\._.*|\.DS_Store|\.AppleDouble|\.Spotlight-V100|\.Trashes|\.Trash-.*|\.fseventsd|\.TemporaryItems"
    r"|Thumbs\.db|desktop\.ini|System Volume Information|\$RECYCLE\.BIN"
    r"|@eaDir|#recycle|lost\+found|\.nfs.*|\.smbdelete.*",
    re.IGNORECASE | re.DOTALL,
)
"""Files and folders of macOS, Windows, NAS systems and network filesystems. These are never shown."""

_LITTER_NAME = re.compile(r"\._.*|\.DS_Store|Thumbs\.db|desktop\.ini", re.IGNORECASE | re.DOTALL)
"""Files that operating systems make again and nobody misses. Nothing in a system's own folders is among them:
a trash holds what a person may want back."""


class FileRole(StrEnum):
    """What a file is, judged by its name."""

    CLIP = "clip"
    BESIDE = "beside"
    """A part of a card if a clip is beside it; otherwise not a file of this product."""
    TEMPORARY = "temporary"
    """An unfinished copy, which gets its final name when it is complete."""
    SYSTEM = "system"
    """A file of an operating system; never shown."""


@lru_cache(maxsize=1 << 16)  # called for every file in every scan
def classify_name(name: str, suffixes: frozenset[str] = CLIP_SUFFIXES) -> FileRole:
    """Classify a path below a camera's folder. A folder's name applies to everything in it.

    `suffixes` are those of clips, in lower case.
    """
    parts = name.split("/")
    if any(_SYSTEM_NAME.fullmatch(part) for part in parts):
        return FileRole.SYSTEM
    if any(_TEMPORARY_NAME.fullmatch(part) for part in parts):
        return FileRole.TEMPORARY
    stem, suffix = splitext(parts[-1])
    if suffix.lower() not in suffixes:
        return FileRole.BESIDE
    return FileRole.TEMPORARY if _UNFINISHED_STEM.fullmatch(stem) else FileRole.CLIP


def extend_suffixes(further: Iterable[str]) -> frozenset[str]:
    """Return the suffixes of clips with those that the settings add."""
    return CLIP_SUFFIXES.union(further)


def is_unsupported_recording(name: str, suffixes: frozenset[str] = CLIP_SUFFIXES) -> bool:
    """Return whether a file is a recording by its suffix, but none that is taken as a clip."""
    return splitext(name)[1].lower() in UNSUPPORTED_SUFFIXES - suffixes


def is_litter(name: str) -> bool:
    """Return whether a file, by its name without folders, is one that an operating system left."""
    return _LITTER_NAME.fullmatch(name) is not None


def is_unfinished_clip(name: str, suffixes: frozenset[str] = CLIP_SUFFIXES) -> bool:
    """Return whether a temporary name is that of a clip: `.A001.MOV.Xk3d9`, `A001.MOV.part`, `A001.MP4~`."""
    if classify_name(name, suffixes) is not FileRole.TEMPORARY:
        return False
    parts = name.rpartition("/")[2].lower().rstrip("~").split(".")[1:]
    return any(f".{part}" in suffixes for part in parts)


def find_name_fault(name: str) -> str:
    """Return why a path below a camera's folder cannot be taken; empty if it can.

    Spaces, newlines, escapes and markup are allowed: a name is never interpreted, and control
    characters are made visible wherever it is shown. Bytes that are not UTF-8 are refused, because
    neither the ledger nor the manifest can hold them.
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        return "the name is not valid UTF-8: rename it"
    parts = name.split("/")
    if not name or name.startswith("/") or {"", ".", ".."} & set(parts) or "\0" in name:
        return "not a path below the camera's folder"
    return ""
