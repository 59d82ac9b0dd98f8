"""Answers of a store that are cut or stand still, and a store whose name nobody knows."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

import pytest
from botocore.config import Config

from mcsyncd.errors import StoreOffline
from mcsyncd.publish import r2
from mcsyncd.publish.r2 import R2Store
from mcsyncd.settings.stores import R2Storage
from r2strict.bucket import ACCESS

KEY = "v1/orig/20261127-090000-abc/cam_a/clip.mov"
Answer = Callable[[socket.socket, bytes], None]


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    """One try, and an answer within a third of a second."""
    config = Config(read_timeout=0.3, connect_timeout=0.3, retries={"total_max_attempts": 1})
    monkeypatch.setattr(r2, "_CLIENT_CONFIG", r2._CLIENT_CONFIG.merge(config))


@contextmanager
def serve(answer: Answer) -> Iterator[R2Store]:
    """A store on the loopback that answers every request in this way."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def run():
            with suppress(OSError):
                while True:
                    caller, _ = listener.accept()
                    with closing(caller), suppress(OSError):
                        answer(caller, caller.recv(1 << 16))

        threading.Thread(target=run, daemon=True).start()
        yield open_store(f"http://127.0.0.1:{listener.getsockname()[1]}")


def open_store(endpoint: str) -> R2Store:
    return R2Store(R2Storage(kind="r2", account_id="0f" * 16, bucket="shoots", endpoint=endpoint), ACCESS)


def head(length: int) -> bytes:
    return f'HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nETag: "{"0" * 32}"\r\n\r\n'.encode()


def cut_short(caller: socket.socket, _: bytes) -> None:
    caller.sendall(head(1000) + b"x" * 400)


def stand_still(caller: socket.socket, _: bytes) -> None:
    caller.sendall(head(1000) + b"x" * 400)
    time.sleep(1)


def say_nothing(caller: socket.socket, _: bytes) -> None:
    time.sleep(1)


@pytest.mark.parametrize("answer", [cut_short, stand_still, say_nothing])
def test_an_object_that_does_not_come_whole_is_no_object(answer):
    with serve(answer) as store, pytest.raises(StoreOffline) as caught:
        b"".join(store.read_object(KEY, 0, 1000))
    assert caught.value.hint


def test_a_name_that_nobody_knows_is_a_store_that_is_away(monkeypatch):
    def find_nobody(*_: object, **__: object):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", find_nobody)
    with pytest.raises(StoreOffline):
        open_store("http://127.0.0.1:9").stat_object(KEY)
