"""Paths as the editor's machine sees them, and as the addresses that editing programs read. Pure."""

from __future__ import annotations

import re
from urllib.parse import quote

_DRIVE = re.compile(r"[A-Za-z]:/")


def join_root(root: str, key: str) -> str:
    """Return the path of a key below a root, which may be of Windows: a drive, or a share."""
    return f"{root.replace(chr(92), '/').rstrip('/')}/{key}"


def build_file_url(path: str, host: str = "") -> str:
    """Return the `file:` address of a path; `host` is what a program expects there (RFC 8089)."""
    if path.startswith("//"):  # a share: its server is the host
        return f"file:{quote(path)}"
    rooted = f"/{path}" if _DRIVE.match(path) else path
    return f"file://{host}{quote(rooted, safe='/:')}"
