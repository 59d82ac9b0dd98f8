"""What a decision does to every file of a session, a line each."""

from __future__ import annotations

from collections.abc import Iterator

from mcsyncd.api import ClipBody, SessionBody
from mcsyncd.model.text import escape_text


def format_file_fates(action: str, before: SessionBody, after: SessionBody) -> Iterator[str]:
    """Yield what happens to each file by a decision; nothing for one that concerns no file.

    `action` is the decision's, `before` and `after` are the session around it.
    """
    if action not in {"retry", "resync", "reject", "reopen", "return"}:
        return
    for key, camera in after.cameras.items():
        known = {clip.name: clip for clip in before.cameras[key].clips} if key in before.cameras else {}
        for clip in camera.clips:
            fate = _describe_fate(action, known.get(clip.name), clip)
            yield f"  {key}/{escape_text(clip.name, 60)}: {fate}"
    if action == "reject" and after.originals_taken:
        yield f"  to get them back: mcsyncd return-originals {after.id}"


def _describe_fate(action: str, before: ClipBody | None, after: ClipBody) -> str:
    if not after.original:
        return "stays in its drop folder"
    place = f"work/{escape_text(after.original, 200)}"
    if action == "return":
        return f"moves back from {place}"
    if action in {"retry", "resync"} and before is not None:
        if (before.bytes, before.sha256) != (after.bytes, after.sha256):
            return f"changed since it was taken in: analysed again, at {place}"
        return f"kept at {place}; what is known of it is kept, too"
    return f"kept at {place}"
