"""The daemon's hints as the app says them: in the words of its buttons and keys, not as commands. Pure."""

from __future__ import annotations

import re

from mcsyncd.model.text import escape_text

_WAYS = {
    "retry": "Retry",
    "resync": "Sync Again",
    "reopen": "Reopen",
    "reject": "Reject",
    "review": "Waveforms",
    "clip": "Clips",
    "show": "the session and its details",
    "seal": "Start With These Clips",
    "status": "the queue",
    "sessions": "the queue",
    "log": "History",
}
"""What stands in the app for a command: a button, or the word beside its key in the last lines."""

_COMMAND = re.compile(r"`mcsyncd ([a-z-]+)[^`]*`|mcsyncd ([a-z-]+)[^;,`()]*?(?=[;,()]|$)")
"""A command line in a sentence: in backticks, or up to the end of its clause."""


def format_hint(hint: str, max_chars: int = 300) -> str:
    """Return a hint, safe to show; a command that the app has a key or a button for is named by its word."""
    return escape_text(_COMMAND.sub(_name_way, hint), max_chars)


def _name_way(found: re.Match[str]) -> str:
    if "--without" in found[0]:  # the button starts with what is there, and leaves no single file out
        return found[0]
    if found[0].strip("`").startswith("mcsyncd storage resume"):
        return "resume the uploads, in the queue"
    return _WAYS.get(found[1] or found[2], found[0])
