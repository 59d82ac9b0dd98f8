"""What a contained process says to the one that started it, as bytes that cannot do anything there.

A message is a kind, a length and JSON. Results are checked against their type, and of errors only some keep
theirs: whoever took over the process writes these bytes, too. Pickle would let them run code.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from mcsyncd.errors import BadMedia, ConfigError, IntegrityError, McsyncError, SourceChanged

MAX_MESSAGE_BYTES = 64 << 20
"""Bytes of a message. Judgement: the largest honest one is an excerpt of 30 s of 96 kHz audio, 15 MB in JSON.
Without the limit, a process that was taken over fills the memory of the one that started it."""

_MAX_TEXT = 4000
"""Characters of an error's texts. Judgement: a screen has fewer."""

_HEADER = struct.Struct("<BI")

_TOLD_ERRORS: dict[str, type[McsyncError]] = {
    error.__name__: error for error in (BadMedia, ConfigError, IntegrityError, SourceChanged, McsyncError)
}
"""Errors that are raised as what they were: they end the job. One about a store, or about other files than
the
clip's, is not among them: it would make the daemon act on something else."""


class MessageKind(IntEnum):
    """What a message is about: the progress, the result or the error of a call."""

    PROGRESS = 1
    RESULT = 2
    ERROR = 3


class UnreadableAnswer(McsyncError):
    """What a contained process sent is none of the messages that it may send."""


@dataclass(frozen=True, slots=True)
class ChildMessage:
    """A message, not looked into yet."""

    kind: MessageKind
    body: bytes


class MessageReader:
    """Puts messages together from the chunks in which they arrive."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, chunk: bytes) -> list[ChildMessage]:
        """Take a chunk; return the messages that are complete now. Raises UnreadableAnswer."""
        self._buffer += chunk
        found = []
        while len(self._buffer) >= _HEADER.size:
            kind, length = _HEADER.unpack_from(self._buffer)
            if kind not in iter(MessageKind) or length > MAX_MESSAGE_BYTES:
                raise UnreadableAnswer("its process sent something that is no message")
            end = _HEADER.size + length
            if len(self._buffer) < end:
                break
            found.append(ChildMessage(MessageKind(kind), bytes(self._buffer[_HEADER.size : end])))
            del self._buffer[:end]
        return found


def _pack(kind: MessageKind, body: bytes) -> bytes:
    return _HEADER.pack(kind, len(body)) + body


@cache
def _adapt(result_type: Any) -> TypeAdapter[Any]:
    """Return what writes and checks a result; in a tuple, because the settings are taken over from that."""
    config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64", ser_json_inf_nan="constants")
    return TypeAdapter(tuple[result_type], config=config)


def prepare_type(result_type: Any) -> None:
    """Build once, before a fork, what every call with that result needs: 30 ms for what probe returns."""
    _adapt(result_type)


def pack_result(result: object, result_type: Any) -> bytes:
    """Return the message that has the result of a call."""
    return _pack(MessageKind.RESULT, _adapt(result_type).dump_json((result,)))


def pack_progress(count: int, total: int) -> bytes:
    """Return the message that has the units done and the units in all."""
    return _pack(MessageKind.PROGRESS, json.dumps((count, total)).encode())


def pack_error(error: BaseException) -> bytes:
    """Return the message that says what a call raised."""
    return _pack(MessageKind.ERROR, build_error_body(error))


def build_error_body(error: BaseException) -> bytes:
    """Return what an error's message says, without its header."""
    told: dict[str, object] = {"type": type(error).__name__, "message": str(error)[:_MAX_TEXT]}
    if isinstance(error, McsyncError):
        told |= {"message": error.message[:_MAX_TEXT], "hint": error.hint[:_MAX_TEXT]}
    elif isinstance(error, OSError) and error.errno is not None:
        file = error.filename if isinstance(error.filename, str) else None
        told |= {"errno": error.errno, "message": error.strerror or "", "file": file}
    return json.dumps(told).encode()


def read_result(message: ChildMessage, result_type: Any) -> Any:
    """Return a result that has the type that it must have. Raises UnreadableAnswer."""
    try:
        (result,) = _adapt(result_type).validate_json(message.body)
    except ValidationError as error:
        raise UnreadableAnswer(f"its process sent something that is no {result_type}") from error
    return result


def read_progress(message: ChildMessage) -> tuple[int, int]:
    """Return the units done and the units in all. Raises UnreadableAnswer."""
    try:
        count, total = json.loads(message.body)
    except ValueError as error:
        raise UnreadableAnswer("its process sent a progress that is none") from error
    if type(count) is not int or type(total) is not int:
        raise UnreadableAnswer("its process sent a progress that is none")
    return count, total


def read_error(message: ChildMessage) -> Exception:
    """Return the error of a call, as one that may be raised here. Raises UnreadableAnswer."""
    try:
        told = json.loads(message.body)
        name, text = str(told["type"]), str(told["message"])[:_MAX_TEXT]
        if "errno" in told:
            file = told["file"]
            return OSError(int(told["errno"]), text, *([str(file)] if file is not None else []))
    except (ValueError, TypeError, KeyError) as error:
        raise UnreadableAnswer("its process sent an error that is none") from error
    if "hint" in told:
        return _TOLD_ERRORS.get(name, McsyncError)(text, str(told["hint"])[:_MAX_TEXT])
    return RuntimeError(f"{name[:100]}: {text}")
