"""The preview page as files: its modules as they are, and its document with the policy for the browser."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any

_PAGE = Path(__file__).with_name("page")
_INDEX = "index.html"
CONTENT_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".mjs": "text/javascript",
    ".json": "application/json",
}
"""How each kind of file is served. A browser runs a module only as `text/javascript`."""
_DOCUMENT = "session.json"
"""What the page reads, beside it (page/page.mjs)."""


def build_page_files(document: Mapping[str, Any], origins: Iterable[str] = ()) -> dict[str, bytes]:
    """Return the files of the page by name. It may read media from its own origin and from these."""
    files = {path.name: path.read_bytes() for path in sorted(_PAGE.iterdir()) if path.suffix in CONTENT_TYPES}
    policy = escape(build_policy(origins), quote=False)
    files[_INDEX] = files[_INDEX].replace(b"{policy}", policy.encode())
    return files | {_DOCUMENT: json.dumps(document).encode()}


def build_policy(origins: Iterable[str] = ()) -> str:
    """Return the Content-Security-Policy of the page.

    Security boundary: names of clips come from cards, so nothing inline runs, and nothing is loaded from or
    sent to any place but the page's own and the store's.
    """
    media = " ".join(["'self'", *origins])
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; connect-src {media}; "
        f"media-src {media}; img-src {media} data:; base-uri 'none'; form-action 'none'"
    )
