"""Whether a server answers `Expect: 100-continue`, which clients wait for before they send a body."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from urllib.parse import urlsplit

INTERIM_PATIENCE_S = 2.0
"""Seconds to wait for the answer. boto3 gives up after one; a far store needs some hundred milliseconds."""
_CONNECT_S = 10.0


def has_interim_answer(url: str, patience_s: float, ca_file: Path | None = None) -> bool:
    """Announce a PUT to a presigned URL, and tell whether the server asks for its body within some seconds.

    None is ever sent. Raises OSError if there is no connection.
    """
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    host = parts.hostname or ""
    with socket.create_connection((host, port), _CONNECT_S) as plain:
        if parts.scheme == "https":
            context = ssl.create_default_context(cafile=ca_file)
            with context.wrap_socket(plain, server_hostname=host) as secure:
                return _ask(secure, f"{parts.path}?{parts.query}", parts.netloc, patience_s)
        return _ask(plain, f"{parts.path}?{parts.query}", parts.netloc, patience_s)


def _ask(connection: socket.socket, target: str, host: str, patience_s: float) -> bool:
    head = (
        f"PUT {target} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1\r\n"
        "Expect: 100-continue\r\nConnection: close\r\n\r\n"
    )
    connection.sendall(head.encode("ascii"))
    connection.settimeout(patience_s)
    try:
        answer = connection.recv(64)
    except TimeoutError:
        return False
    return answer.startswith(b"HTTP/1.1 100 ")
