"""Clients that connect and do nothing, send slowly or hammer: everybody else is still served."""

from __future__ import annotations

import asyncio
import json
import resource
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from api_server import serve_api
from daemon.test_api import IN_REVIEW, SESSION

from mcsyncd.api import StreamEventBody
from mcsyncd.daemon import client_gate, problems


@asynccontextmanager
async def connect(socket, count):
    """Open connections that say nothing."""
    opened = [await asyncio.open_unix_connection(socket) for _ in range(count)]
    try:
        yield opened
    finally:
        for _, writer in opened:
            writer.close()


def count_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def test_idle_clients_without_number_leave_room_for_a_real_one(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with serve_api(tmp_path / "home", IN_REVIEW) as served:
        before = count_descriptors()
        async with connect(served.socket, 400):
            await asyncio.sleep(0.1)
            served_ends = count_descriptors() - before - 400
            assert served_ends <= client_gate.MAX_CLIENTS_OF_ONE + 2
            assert (await served.client.fetch_session(SESSION)).id == SESSION
            assert await served.client.fetch_status()
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (soft, hard)


async def test_a_client_at_work_keeps_its_place_and_one_too_many_is_refused_politely(tmp_path):
    async with serve_api(tmp_path / "home", IN_REVIEW, max_of_one=3) as served:
        streams = [served.client.stream_events() for _ in range(3)]
        for stream in streams:
            await anext(stream)
        reader, writer = await asyncio.open_unix_connection(served.socket)
        head, _, body = (await asyncio.wait_for(reader.read(), 5)).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503")
        assert b"Retry-After" in head
        problem = json.loads(body)
        assert problem["code"] == "unavailable"
        assert problem["hint"]
        writer.close()
        await streams.pop().aclose()
        for _ in range(50):  # its end is noticed a moment later
            if (await served.request("GET", "/v1/health"))[0] == 200:
                break
        assert await served.client.fetch_version()
        for stream in streams:
            await stream.aclose()


async def test_the_connection_that_was_idle_for_longest_makes_room(tmp_path):
    async with (
        serve_api(tmp_path / "home", IN_REVIEW, max_of_one=4) as served,
        connect(served.socket, 3) as idle,
    ):
        assert await served.client.fetch_version()
        async with connect(served.socket, 1):
            (first, _), (second, _), _ = idle
            assert await asyncio.wait_for(first.read(), 5) == b""
            assert not second.at_eof()


async def test_a_head_that_never_ends_is_cut_off(tmp_path, monkeypatch):
    monkeypatch.setattr(client_gate, "IDLE_S", 0.3)
    async with serve_api(tmp_path / "home", IN_REVIEW) as served:
        for begin in (b"", b"GET /v1/heal", b"GET /v1/health HTTP/1.1\r\nHost: x\r\nX-A: "):
            reader, writer = await asyncio.open_unix_connection(served.socket)
            writer.write(begin)
            assert await asyncio.wait_for(reader.read(), 5) == b""
            writer.close()


async def test_a_body_that_never_ends_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(problems, "BODY_S", 0.3)
    async with serve_api(tmp_path / "home", IN_REVIEW) as served:
        reader, writer = await asyncio.open_unix_connection(served.socket)
        path = f"/v1/sessions/{SESSION}/decisions"
        writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{{".encode())
        answer = await asyncio.wait_for(reader.readuntil(b"}"), 5)
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"invalid_request" in answer
        writer.close()


@pytest.mark.parametrize("head", [b"GET /" + b"x" * 20_000, b"GET / HTTP/1.1\r\nX: " + b"y" * 20_000])
async def test_a_head_that_is_too_large_is_refused(tmp_path, head):
    async with serve_api(tmp_path / "home", IN_REVIEW) as served:
        reader, writer = await asyncio.open_unix_connection(served.socket)
        writer.write(head + b"\r\n\r\n")
        answer = await asyncio.wait_for(reader.read(64), 5)
        assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400"))
        writer.close()


async def test_ten_megabytes_without_a_line_end_are_refused_and_not_kept(tmp_path):
    async with serve_api(tmp_path / "home", IN_REVIEW) as served:
        reader, writer = await asyncio.open_unix_connection(served.socket)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        sent = 0
        with suppress(ConnectionError):
            for _ in range(10 << 4):
                writer.write(b"G" * (1 << 16))
                await writer.drain()
                sent += 1 << 16
        assert sent < 10 << 20, "it was cut off on the way"
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 5 << 10
        with suppress(ConnectionError):
            await asyncio.wait_for(reader.read(), 5)
        assert (await served.client.fetch_session(SESSION)).id == SESSION
        writer.close()


async def test_a_client_that_does_not_read_its_events_is_cut_off(tmp_path, monkeypatch):
    monkeypatch.setattr("mcsyncd.daemon.server.WRITE_S", 0.3)
    async with serve_api(tmp_path / "home", IN_REVIEW) as served:
        _, writer = await asyncio.open_unix_connection(served.socket, limit=1)
        writer.write(b"GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(0.2)
        before = count_descriptors()
        event = StreamEventBody(what="claim", session="s" * 2000)
        for number in range(2000):
            served.handler._hub.broadcast(event)
            if number % 100 == 0:
                await asyncio.sleep(0.001)
        for _ in range(100):
            if count_descriptors() < before:
                break
            await asyncio.sleep(0.05)
        assert count_descriptors() < before, "the daemon's end is closed"
        writer.close()
