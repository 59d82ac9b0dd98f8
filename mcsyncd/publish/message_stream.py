"""Messages on a Unix socket: sizes, JSON, perhaps a document, perhaps an open file (SCM_RIGHTS, unix(7))."""

from __future__ import annotations

import os
import socket
import struct
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

MAX_JSON_BYTES = 4 << 20
"""Bytes of a message without its document. Computed: the sums of 9,000 parts have 550 kB, a page of a listing
has at most 3 MB. Higher, and a peer gone wrong fills the memory."""
MAX_DOCUMENT_BYTES = 64 << 20
"""Bytes of the document that comes with a message: as much as is read of one from a bucket."""
_SIZES = struct.Struct("!II")
"""What a message begins with: the bytes of its JSON, and of the document behind that."""

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Received(Generic[M]):
    """A message with its document, and the descriptor that came with it, which the receiver closes."""

    message: M
    document: bytes = b""
    descriptor: int | None = None


class NoMessage(ValueError):
    """What came is no message; nothing more can be understood on that connection."""


def send_message(
    connection: socket.socket, message: BaseModel, document: bytes = b"", descriptor: int | None = None
) -> None:
    """Send a message. Raises OSError, and ValueError for one that is too long to be taken."""
    text = message.model_dump_json().encode()
    if len(text) > MAX_JSON_BYTES or len(document) > MAX_DOCUMENT_BYTES:
        raise ValueError(f"a message of {len(text)} and {len(document)} bytes is too long")
    head = _SIZES.pack(len(text), len(document))
    sent = socket.send_fds(connection, [head], [] if descriptor is None else [descriptor])
    connection.sendall(head[sent:] + text)
    if document:
        connection.sendall(document)


def receive_message(connection: socket.socket, kinds: TypeAdapter[M]) -> Received[M] | None:
    """Return the next message; None at the end of the connection.

    Raises OSError, and NoMessage for anything that is not one of `kinds`.
    """
    descriptors: list[int] = []
    try:
        head = _receive_head(connection, descriptors)
        if head is None:
            return None
        text_bytes, document_bytes = _SIZES.unpack(head)
        if text_bytes > MAX_JSON_BYTES or document_bytes > MAX_DOCUMENT_BYTES:
            raise NoMessage(f"{text_bytes} and {document_bytes} bytes are too many")
        text = _receive_exactly(connection, text_bytes)
        document = _receive_exactly(connection, document_bytes)
        try:
            message = kinds.validate_json(text)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise NoMessage(f"{first['loc']}: {first['msg']}") from error
        return Received(message, document, descriptors.pop() if descriptors else None)
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _receive_head(connection: socket.socket, descriptors: list[int]) -> bytes | None:
    """Return the sizes, and add the descriptors that came with them; None at the end of the connection."""
    head, found, flags, _ = socket.recv_fds(connection, _SIZES.size, 1)
    descriptors += found
    for descriptor in found:
        os.set_inheritable(descriptor, False)
    if not head:
        return None
    if flags & socket.MSG_CTRUNC or len(found) > 1:
        raise NoMessage("more than one descriptor came with it")
    return head + _receive_exactly(connection, _SIZES.size - len(head))


def _receive_exactly(connection: socket.socket, count: int) -> bytes:
    """Return so many bytes. Raises NoMessage if the connection ends before."""
    received = bytearray(count)
    view = memoryview(received)
    while view:
        done = connection.recv_into(view)
        if not done:
            raise NoMessage("it ends in the middle")
        view = view[done:]
    return bytes(received)
