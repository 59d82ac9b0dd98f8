"""Send zeros through a bare TLS socket: `python -m benchmarks.bare_send PORT CA_FILE BYTES`.

What Python, OpenSSL and the kernel take for it is the least that any upload over https can cost here.
"""

from __future__ import annotations

import socket
import ssl
import sys

_CHUNK = bytes(1 << 17)
"""What botocore sends at once."""


def main(port: str, ca_file: str, size: str) -> None:
    """Send one request with that many bytes, and wait for its answer."""
    context, left = ssl.create_default_context(cafile=ca_file), int(size)
    head = (
        "PUT /bare?partNumber=1 HTTP/1.1\r\nHost: localhost\r\nContent-MD5: AA==\r\n"
        f"Content-Length: {left}\r\nConnection: close\r\n\r\n"
    )
    with (
        socket.create_connection(("127.0.0.1", int(port))) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        secure.sendall(head.encode())
        while left:
            secure.sendall(_CHUNK[: min(left, len(_CHUNK))])
            left -= min(left, len(_CHUNK))
        secure.recv(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
