"""Where the preview page's media come from: a local store's folder, or a bucket."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from aiohttp import web

from mcsyncd.publish.object_store import ObjectStore
from mcsyncd.publish.share import SharedObject, UrlSigner

_SIGNED_S = 3600
"""Seconds that an address is valid to which a browser is sent. Judgement: each request is sent to a new one,
and the data of a request that began in time may take longer."""


class MediaSource(Protocol):
    """Answers for the objects that a page shows. `origins` are those that a browser is sent to."""

    @property
    def origins(self) -> tuple[str, ...]: ...

    async def answer(self, shown: SharedObject) -> web.StreamResponse:
        """Return the answer to a request for an object. Raises StorageError."""


class FolderMedia:
    """The files of a local store, ranges included."""

    origins: tuple[str, ...] = ()

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def answer(self, shown: SharedObject) -> web.StreamResponse:
        """Return the file."""
        return web.FileResponse(self._folder / shown.key, headers={"Content-Type": shown.content_type})


class BucketMedia:
    """Signed addresses of a bucket, to which a browser is sent.

    A waveform comes from here: a page may read the bytes of another origin only if the bucket's rules name
    its own, and a loopback port is in none. Videos and pictures need no such rule.
    """

    def __init__(self, bucket: ObjectStore, signer: UrlSigner) -> None:
        self._bucket = bucket
        self._signer = signer

    @property
    def origins(self) -> tuple[str, ...]:
        """The bucket's own origin."""
        return find_origin(self._signer.sign_get("head/", 1))

    async def answer(self, shown: SharedObject) -> web.StreamResponse:
        """Return a redirection, or the bytes of a waveform."""
        if shown.kind != "peaks":
            return web.Response(status=307, headers={"Location": self._signer.sign_get(shown.key, _SIGNED_S)})
        body = await asyncio.to_thread(self._read, shown)
        return web.Response(body=body, headers={"Content-Type": shown.content_type})

    def _read(self, shown: SharedObject) -> bytes:
        return b"".join(self._bucket.read_object(shown.key, 0, shown.bytes))


def find_origin(address: str) -> tuple[str, ...]:
    """Return the origin of an address, as a policy for browsers names it; nothing for a relative one."""
    parts = urlsplit(address)
    return (f"{parts.scheme}://{parts.netloc}",) if parts.netloc else ()
