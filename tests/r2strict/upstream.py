"""The real store behind the proxy: requests as the client signed them, and a few that the proxy signs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import quote, urlencode

import aiohttp
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from multidict import CIMultiDict
from yarl import URL

from mcsyncd.publish.credentials import AccessKey
from r2strict.documents import ListedPart, find_next_part, parse_parts
from r2strict.operations import S3Call
from r2strict.rules import MAX_PAGE

HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)
"""Headers that are about one connection (RFC 9110, 7.6.1), and are not passed on."""
_MAX_LINE_BYTES = 1 << 16
"""Longest line of an answer's head: aiohttp's own limit is less than R2 allows in metadata."""
_IDLE_S = 2
"""Seconds that an unused connection is kept: less than any server waits, so no request meets a closed one."""


class Upstream:
    """The store behind the proxy. To be made and closed inside a running loop."""

    def __init__(self, address: str, access: AccessKey) -> None:
        self._address = address
        self._credentials = Credentials(access.id, access.secret)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE_S),
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None),
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            max_line_size=_MAX_LINE_BYTES,
            max_field_size=_MAX_LINE_BYTES,
        )

    async def close(self) -> None:
        """End all connections."""
        await self._session.close()

    @asynccontextmanager
    async def forward(
        self, method: str, target: str, headers: Mapping[str, str], body: AsyncIterator[bytes] | bytes | None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request as it came, its Host and signature included, and yield the answer.

        Raises aiohttp.ClientError if there is none.
        """
        passed = CIMultiDict(
            (name, value)
            for name, value in headers.items()
            if name.lower() not in HOP_BY_HOP and name.lower() != "expect"
        )
        url = URL(f"{self._address}{target}", encoded=True)
        async with self._session.request(
            method, url, headers=passed, data=body, allow_redirects=False
        ) as answer:
            yield answer

    async def ask(self, method: str, call: S3Call, query: Mapping[str, str]) -> tuple[int, bytes]:
        """Sign and send a request about the bucket and key of `call`; return status and body."""
        path = quote(f"/{call.bucket}/{call.key}" if call.key else f"/{call.bucket}", safe="/-_.~")
        url = f"{self._address}{path}?{urlencode(query, quote_via=quote)}"
        request = AWSRequest(method, url)
        S3SigV4Auth(self._credentials, "s3", "auto").add_auth(request)
        async with self._session.request(
            method, URL(url, encoded=True), headers=dict(request.headers.items())
        ) as answer:
            return answer.status, await answer.read()

    async def list_parts(self, call: S3Call) -> list[ListedPart] | None:
        """Return all parts of the upload that `call` names; None if the store does not know it."""
        query = {"uploadId": call.query["uploadId"], "max-parts": str(MAX_PAGE)}
        parts: list[ListedPart] = []
        marker: int | None = 0
        while marker is not None:
            status, page = await self.ask("GET", call, {**query, "part-number-marker": str(marker)})
            if status != 200:
                return None
            parts += parse_parts(page)
            marker = find_next_part(page)
        return parts

    async def abort_upload(self, call: S3Call) -> None:
        """Drop the upload that `call` names, with its parts."""
        await self.ask("DELETE", call, {"uploadId": call.query["uploadId"]})
