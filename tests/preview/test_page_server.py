"""The server of the preview page: the page and the session's own objects, to whoever knows the address."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from urllib.parse import quote

import aiohttp
import pytest
from preview.published_store import PROXY_FOLDER, SESSION, WAVE_FOLDER, build_manifest
from yarl import URL

from mcsyncd.errors import McsyncError
from mcsyncd.preview.media_source import BucketMedia, FolderMedia
from mcsyncd.preview.page_server import PageServer
from mcsyncd.preview.static_page import build_page_files
from mcsyncd.publish.local import LocalStore
from mcsyncd.publish.share import list_shared_objects

SHOWN = frozenset(("proxy", "sprites", "peaks"))


@pytest.fixture
def store(tmp_path):
    root = tmp_path / "store"
    for number in range(3):
        for path in (f"{PROXY_FOLDER}/{number}.mp4", f"{WAVE_FOLDER}/{number}.dat"):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(bytes(range(100)))
    return root


class Signer:
    """Signs as a bucket's key does, for an address that nothing answers."""

    def sign_get(self, key: str, seconds: int) -> str:
        return f"https://bucket.example/{key}?X-Amz-Expires={seconds}&X-Amz-Signature=abc"


@asynccontextmanager
async def serving(store, source=None, document=None):
    """A server and a client; yields a function that gets a path below the address."""
    shown = list_shared_objects(SESSION, build_manifest(store), SHOWN)
    server = PageServer(document or {"name": "x"}, shown, source or FolderMedia(store))
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(server.serve(0, address.set_result))
    await asyncio.wait_for(asyncio.shield(address), 10)
    async with aiohttp.ClientSession() as client:

        async def get(path, base=None, **headers):
            url = URL((base or address.result()) + path, encoded=True)
            async with client.get(url, headers=headers, allow_redirects=False) as answer:
                return answer.status, answer.headers.copy(), await answer.read()

        try:
            yield get, address.result()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_the_page_may_run_and_load_nothing_but_its_own(store):
    async with serving(store) as (get, _):
        status, headers, body = await get("")
    assert status == 200
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy.pop("img-src") == "'self' data:"
    assert set(policy.values()) == {"'self'", "'none'"}
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert b"default-src 'none'; script-src 'self'" in body


async def test_an_object_of_the_session_is_read_in_ranges(store):
    async with serving(store) as (get, _):
        status, headers, body = await get(f"media/{PROXY_FOLDER}/0.mp4", Range="bytes=10-19")
    assert (status, body) == (206, bytes(range(10, 20)))
    assert headers["Content-Type"] == "video/mp4"
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "media/identity.json",
        f"media/head/{SESSION}.json",
        f"media/{PROXY_FOLDER}/../../../secret",
        f"media/{quote('../secret', safe='')}",
        f"media/{quote(PROXY_FOLDER + '/../../../../secret', safe='')}",
        "media//etc/passwd",
        "../secret",
        "page.py",
        "session.json/x",
    ],
)
async def test_nothing_else_is_served(store, path):
    for secret in (store / "secret", store / "identity.json", store.parent / "secret"):
        secret.write_text("secret")
    async with serving(store) as (get, _):
        status, _, body = await get(path)
    assert status == 404
    assert b"secret" not in body


async def test_without_the_address_nothing_is_served(store):
    async with serving(store) as (get, address), serving(store) as (_, other):
        secret = URL(address).path
        assert secret != URL(other).path
        assert len(secret.strip("/")) >= 22
        origin = str(URL(address).origin())
        for path in ("/", "/session.json", "/media/", f"{secret[:-3]}/session.json"):
            assert (await get(path, origin))[0] == 404


async def test_a_bucket_answers_for_videos_itself_and_waveforms_come_from_here(store):
    source = BucketMedia(LocalStore(store), Signer())
    async with serving(store, source) as (get, _):
        _, page, _ = await get("")
        video = await get(f"media/{PROXY_FOLDER}/1.mp4")
        wave = await get(f"media/{WAVE_FOLDER}/1.dat")
    assert "media-src 'self' https://bucket.example;" in page["Content-Security-Policy"]
    assert video[0] == 307
    assert video[1]["Location"].startswith(f"https://bucket.example/{PROXY_FOLDER}/1.mp4?X-Amz-Expires=")
    assert (wave[0], wave[2]) == (200, bytes(range(100)))


async def test_a_bucket_that_is_away_is_said_and_the_next_request_is_answered(store):
    async with serving(store, BucketMedia(LocalStore(store), Signer())) as (get, _):
        (store / WAVE_FOLDER / "1.dat").unlink()
        missing, there = await get(f"media/{WAVE_FOLDER}/1.dat"), await get(f"media/{WAVE_FOLDER}/2.dat")
    assert missing[0] == 502
    assert b"1.dat" in missing[2]
    assert b"Traceback" not in missing[2]
    assert there[0] == 200


async def test_a_port_that_is_taken_is_named(store):
    async with serving(store) as (_, address):
        port = URL(address).port
        server = PageServer({}, (), FolderMedia(store))
        with pytest.raises(McsyncError, match=rf"port {port}: .*in use"):
            await server.serve(port, print)


def test_a_written_page_may_read_from_its_store(store):
    files = build_page_files({"name": "x"}, ("https://media.example",))
    assert b"connect-src 'self' https://media.example; media-src" in files["index.html"]
    assert b"{policy}" not in files["index.html"]
    assert files["session.json"] == b'{"name": "x"}'
