"""What a decision does to every file of a session, a line each."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from mcsyncd.api import ClipBody, OriginalFaultBody, OriginalsBody, SessionBody
from mcsyncd.model.text import escape_text


def format_file_fates(
    action: str, before: SessionBody, after: SessionBody, originals: OriginalsBody | None
) -> Iterator[str]:
    """Yield what happens to each file by a decision; nothing for one that concerns no file.

    `action` is the decision's, `before` and `after` are the session around it. `originals` is what a look at
    them found after it (before they are given back), None if nobody looked: then it is only said where they
    belong.
    """
    if action not in {"retry", "resync", "reject", "reopen", "return"}:
        return
    faults = {fault.file: fault for fault in originals.faults} if originals is not None else {}
    is_seen = originals is not None and originals.count > 0
    for key, camera in after.cameras.items():
        known = {clip.name: clip for clip in before.cameras[key].clips} if key in before.cameras else {}
        for clip in camera.clips:
            fault = faults.get(f"{key}/{clip.name}")
            if not clip.original and after.originals_taken and fault is None:
                continue  # a better copy is on its way, or only the stores have it: the daemon says which
            fate = _describe_fate(action, known.get(clip.name), clip, fault, is_seen=is_seen)
            yield f"  {key}/{escape_text(clip.name, 60)}: {fate}"
    if action == "reject" and after.originals_taken:
        yield from _format_way_back(after, {key for key, one in faults.items() if one.kind == "missing"})


def _format_way_back(session: SessionBody, missing: AbstractSet[str]) -> Iterator[str]:
    """Yield how to get the originals of a rejected session back, if there are any."""
    here = {
        f"{key}/{clip.name}" for key, one in session.cameras.items() for clip in one.clips if clip.original
    }
    if not here:
        yield f"  to get them back: mcsyncd restore {session.id} --into DIR --anyway"
    elif here - missing:
        yield f"  to get them back: mcsyncd return-originals {session.id}"


def _describe_fate(
    action: str, before: ClipBody | None, after: ClipBody, fault: OriginalFaultBody | None, *, is_seen: bool
) -> str:
    if fault is not None:
        return _describe_fault(action, fault)
    if not after.original:
        return "stays in its drop folder"
    place = f"work/{escape_text(after.original, 200)}"
    if action == "return":
        return f"moves back from {place}"
    if action in {"retry", "resync"} and before is not None:
        if (before.bytes, before.sha256) != (after.bytes, after.sha256):
            return f"changed since it was taken in: analysed again, at {place}"
        return f"{'is' if is_seen else 'belongs'} at {place}; what is known of it still counts"
    return f"{'is' if is_seen else 'belongs'} at {place}"


def _describe_fault(action: str, fault: OriginalFaultBody) -> str:
    """What is wrong with a file. It need not be put right where the session does not go on."""
    message = escape_text(fault.message, 200)
    if action == "reject":
        return message
    if action == "return":
        return f"{message}; it does not come back"
    return f"{message} ({escape_text(fault.hint, 300)})"
