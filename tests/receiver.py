"""A receiver of webhooks: a real HTTP server on the loopback that fails as it is told to."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()

Answer = Callable[[BaseHTTPRequestHandler], None]
"""Answers one request instead of taking it."""


@dataclass
class Post:
    headers: dict[str, str]
    body: bytes
    taken: bool

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def notices(self) -> list[dict]:
        return json.loads(self.body)["data"]["notices"]


def verifies(post: Post) -> bool:
    """As the specification tells a receiver to do it, by hand and not by the sender's own functions."""
    stamp = post.headers["webhook-timestamp"]
    signed = post.id.encode() + b"." + stamp.encode() + b"." + post.body
    wanted = hmac.digest(KEY, signed, hashlib.sha256)
    version, _, given = post.headers["webhook-signature"].partition(",")
    return version == "v1" and base64.b64decode(given) == wanted and abs(time.time() - int(stamp)) < 300


def refuse(status: int, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(b"not now, \x1b[31mplease")

    return answer


class Receiver:
    """Takes every post, but for the next ones as `faults` says. Use it as a context."""

    def __init__(self) -> None:
        self.posts: list[Post] = []
        self.faults: list[Answer] = []
        self.released = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                fault = receiver.faults.pop(0) if receiver.faults else None
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.posts.append(Post({"path": self.path, **headers}, body, fault is None))
                (fault or refuse(204))(self)

            do_GET = do_POST  # noqa: N815  # the name that http.server asks for

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/hook?to=ops"

    @property
    def taken(self) -> list[Post]:
        return [post for post in self.posts if post.taken]

    def hang(self, handler: BaseHTTPRequestHandler) -> None:
        self.released.wait(20)

    def drip(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer a byte at a time: no single read takes long, and all of it takes for ever."""
        while not self.released.wait(0.05):
            handler.wfile.write(b"x")
            handler.wfile.flush()

    def flood(self, handler: BaseHTTPRequestHandler) -> None:
        """Refuse with an answer that has no end."""
        handler.send_response(500)
        handler.end_headers()
        while not self.released.is_set():
            handler.wfile.write(b"x" * 65536)
