"""Log records as lines for a person at a terminal: local time, level, session, what happened."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from datetime import datetime
from typing import Any

from mcsyncd.model.text import escape_text

_LEVEL_CELLS, _SESSION_CELLS = 7, 19
"""Widths of the columns: the longest level, `warning`, and a session's id; narrower, they would not align."""
_MAX_VALUE_CHARS = 400
"""Characters of one value. Judgement: a path with a message; the journal's form has the rest."""
_COLOURS = {"warning": "\x1b[33m", "error": "\x1b[31m", "critical": "\x1b[31m"}
_DIM, _PLAIN = "\x1b[2m", "\x1b[0m"

Record = MutableMapping[str, Any]


class LineRenderer:
    """The last of structlog's processors. With `colours`, faults stand out and what is read last is dim."""

    def __init__(self, *, colours: bool) -> None:
        self._colours = colours

    def __call__(self, logger: Any, method: str, record: Record) -> str:  # noqa: ARG002  # structlog's form
        """Return the record as a line, and a traceback as more lines below it; `timestamp` is ISO 8601.

        What was recorded in the ledger is told as a sentence (`said`); of anything else the values
        follow the event. Nothing in it can move the cursor or forge a line.
        """
        known = {name: record.pop(name, None) for name in ("event", "said", "level", "session", "exception")}
        level = str(known["level"] or method)
        at = datetime.fromisoformat(record.pop("timestamp")).astimezone()
        time = self._paint(f"{at:%Y-%m-%d %H:%M:%S}", _DIM)
        head = f"{time}  {self._paint(f'{level:<{_LEVEL_CELLS}}', _COLOURS.get(level, ''))}"
        session = escape_text(str(known["session"] or ""), _SESSION_CELLS)
        what = escape_text(str(known["said"] or known["event"]), _MAX_VALUE_CHARS)
        values = "" if known["said"] else self._paint(_format_values(record), _DIM)
        lines = [f"{head}  {session:<{_SESSION_CELLS}}  {what}{values}".rstrip()]
        trace = str(known["exception"] or "").splitlines()
        return "\n".join([*lines, *(f"    {escape_text(line, _MAX_VALUE_CHARS)}" for line in trace)])

    def _paint(self, text: str, style: str) -> str:
        return f"{style}{text}{_PLAIN}" if self._colours and style and text else text


def _format_values(record: Mapping[str, Any]) -> str:
    """Return the values of a record behind its event: `: the disk is full (kind: OSError, uid: 1000)`."""
    error = record.get("error")
    told = f": {escape_text(str(error), _MAX_VALUE_CHARS)}" if error else ""
    others = [
        f"{escape_text(name, 40)}: {escape_text(_format_value(value), _MAX_VALUE_CHARS)}"
        for name, value in record.items()
        if name != "error"
    ]
    return told + (f" ({', '.join(others)})" if others else "")


def _format_value(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
