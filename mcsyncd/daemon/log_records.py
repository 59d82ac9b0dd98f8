"""Log records in bounded space: no dumps of locals, a limit on size, and repeats are counted, not written.

A fault that comes back with every scan or every connection must not fill the disk that it may be about.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import structlog
from structlog.tracebacks import ExceptionDictTransformer

from mcsyncd.daemon.log_lines import LineRenderer, Record

WINDOW_S = 60.0
"""Seconds in which a warning or an error that is like earlier ones is only counted. Judgement: longer, and
it seems to be over; shorter, and a fault of every second fills the log."""
MAX_ALIKE = 3
"""Records alike that are written within a window. Judgement: enough to see that it is no single case."""
MAX_TEXT = 2000
"""Characters of one text in a record, cut in the middle. Judgement: a message with a path or two; the hint
of an error has 400."""
MAX_ITEMS = 20
"""Entries of one list or mapping in a record. Judgement: more does not help a reader."""
_MAX_FRAMES = 12
"""Frames of a traceback. Judgement: ours, from the loop to the fault; a recursion has a thousand."""
_MAX_KINDS = 500
"""Kinds of records that are told apart at once; the oldest are forgotten and may be written again."""
_MAX_DEPTH = 8
"""Nested lists and mappings of a record. A traceback has five levels."""


class RepeatLimiter:
    """Drops records that repeat earlier ones, and tells with the next one how many were dropped.

    Two records are alike if source, event and the kind of error are the same; other values may differ.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._windows: dict[tuple[str, ...], tuple[float, int]] = {}

    def __call__(self, logger: Any, method: str, record: Record) -> Record:  # noqa: ARG002  # structlog's form
        """Return the record; raise DropEvent if there were enough like it."""
        if method not in {"warning", "error", "critical", "exception"}:
            return record
        error = record.get("exc_info")
        kind = sys.exc_info()[0] if error is True else type(error) if error else None
        key = (str(record.get("source", "")), str(record.get("event", ""))[:200], str(kind))
        began_at, count = self._windows.get(key, (self._clock(), 0))
        if self._clock() - began_at >= WINDOW_S:
            if count > MAX_ALIKE:
                record["repeated"] = count - MAX_ALIKE
            began_at, count = self._clock(), 0
        self._windows.pop(key, None)
        self._windows[key] = (began_at, count + 1)
        while len(self._windows) > _MAX_KINDS:
            del self._windows[next(iter(self._windows))]
        if count >= MAX_ALIKE:
            raise structlog.DropEvent
        return record


def limit_size(logger: Any, method: str, record: Record) -> Record:  # noqa: ARG001  # structlog's form
    """Shorten every text, list and mapping of a record."""
    return {name: _shorten(value, _MAX_DEPTH) for name, value in list(record.items())[:MAX_ITEMS]}


def _shorten(value: object, depth: int) -> object:
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT else f"{value[: MAX_TEXT // 2]} … {value[-MAX_TEXT // 2 :]}"
    if isinstance(value, bool | int | float | None):
        return value
    if depth and isinstance(value, dict):
        return {str(key)[:100]: _shorten(one, depth - 1) for key, one in list(value.items())[:MAX_ITEMS]}
    if depth and isinstance(value, list | tuple | set | frozenset):
        return [_shorten(one, depth - 1) for one in list(value)[:MAX_ITEMS]]
    return _shorten(repr(value), 0)


class _ForeignHandler(logging.Handler):
    """Sends what libraries log through the same processors."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log a library's record under its own name."""
        log = structlog.get_logger(record.name, source=record.name)
        log.log(record.levelno, record.getMessage(), exc_info=record.exc_info)


def configure_logging(clock: Callable[[], float] = time.monotonic) -> None:
    """Log lines for a person where standard error is a terminal, otherwise JSON lines, as for the journal.

    `JOURNAL_STREAM` says no more than that: it counts only where standard error is the journal's own
    socket (systemd.exec(5)), which is no terminal, and what a service starts inherits it.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        RepeatLimiter(clock),
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    transformer = ExceptionDictTransformer(show_locals=False, max_frames=_MAX_FRAMES)
    no_colours = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    tail: list[structlog.typing.Processor] = (
        [structlog.processors.format_exc_info, limit_size, LineRenderer(colours=not no_colours)]
        if sys.stderr.isatty()
        else [
            structlog.processors.ExceptionRenderer(transformer),
            limit_size,
            structlog.processors.JSONRenderer(),
        ]
    )
    structlog.configure(
        processors=[*shared, *tail],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_ForeignHandler()], force=True)
