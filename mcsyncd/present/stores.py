"""What the stores hold of a published session, for people."""

from __future__ import annotations

from typing import assert_never

from mcsyncd.api import CopyBody, SessionBody
from mcsyncd.model.text import escape_text


def format_safety(session: SessionBody) -> tuple[str, ...]:
    """Return a line that says that a published session is safe, and one for each store that is not done."""
    proven = [escape_text(one.store, 40) for one in session.copies if one.state == "safe"]
    lines = [f"Safe: read back from {', '.join(proven)}"] if session.is_safe else []
    return (*lines, *(_format_copy(one) for one in session.copies if one.state != "safe"))


def _format_copy(copy: CopyBody) -> str:
    store = escape_text(copy.store, 40)
    match copy.state:
        case "behind":
            if copy.stored < copy.objects:
                return f"{store}: {copy.stored} of {copy.objects} files copied"
            return f"{store}: has all files, but not the newest manifest yet"
        case "published":
            return f"{store}: {copy.read_back} of {copy.objects} files read back"
        case "damaged":
            return f"{store}: DAMAGED: {escape_text(copy.message, 300)} → {escape_text(copy.hint, 100)}"
        case "halted":
            return f"{store}: stopped: {escape_text(copy.message, 300)} → {escape_text(copy.hint, 200)}"
        case "safe":
            return f"{store}: read back"
        case _:
            assert_never(copy.state)
