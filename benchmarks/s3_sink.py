"""A store over https that takes one upload in parts, checks the bytes and drops them. A process of its own.

It speaks as much S3 as an upload needs. Parts are compared with the sums of the file (CRC-64/NVME), and tags
are made as S3 makes them, from the MD5s that the client announces. Signatures are not checked.
"""

from __future__ import annotations

import hashlib
import json
import select
import ssl
import subprocess
import sys
import threading
import time
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from pydantic import TypeAdapter

from mcsyncd.integrity.part_sums import CRC64NVME
from mcsyncd.model.part_sums import PartSums
from mcsyncd.publish.identity import IDENTITY_KEY
from r2strict.authority import TlsFiles

_BUFFER_BYTES = 1 << 18
_PAGE = 1_000
"""Parts in a page of a list, as S3 has it."""
_UPLOAD_ID = "begun"
_SUMS = TypeAdapter(PartSums)


@dataclass(slots=True)
class SinkReport:
    """What a sink saw: calls by name, bytes of whole parts, and how many parts were wrong."""

    calls: dict[str, int] = field(default_factory=dict)
    part_bytes: int = 0
    wrong_parts: int = 0


class SinkProcess:
    """A sink that runs. `report` is complete once the context is left."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.endpoint = f"https://127.0.0.1:{self._read_line().strip()}"
        self.report = SinkReport()

    def wait_for_first_byte(self, patience_s: float) -> float:
        """Return when the first byte of a part came (monotonic clock). Raises TimeoutError."""
        if not select.select([self._process.stdout], [], [], patience_s)[0]:
            raise TimeoutError("nothing was sent")
        return float(self._read_line())

    def end(self) -> None:
        """Let it report what it saw."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self.report = SinkReport(**json.loads(self._process.stdout.readlines()[-1]))

    def _read_line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@contextmanager
def run_sink(sums: Path, tls: TlsFiles, identity: bytes, *, stored_parts: int = 0) -> Iterator[SinkProcess]:
    """Start a sink for the file with the sums in `sums`; of an upload begun before, it has so many parts."""
    asked = {
        "sums": str(sums),
        "certificate": str(tls.certificate),
        "identity": identity.decode(),
        "stored_parts": stored_parts,
    }
    command = [sys.executable, "-m", "benchmarks.s3_sink", json.dumps(asked)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        sink = SinkProcess(process)
        yield sink
        sink.end()
    finally:
        process.terminate()
        process.wait()


class _Upload:
    """The one upload and what was seen of it. Safe to use from several threads."""

    def __init__(self, sums: PartSums, identity: bytes, stored_parts: int) -> None:
        self.sums = sums
        self.identity = identity
        self.is_begun, self.is_done = stored_parts > 0, False
        self.tags = dict(enumerate(sums.md5s[:stored_parts], 1))
        self.crcs = sums.crcs
        self.report = SinkReport()
        self._calls: Counter[str] = Counter()
        self._has_bytes = False
        self._lock = threading.Lock()

    def count_call(self, name: str) -> None:
        with self._lock:
            self._calls[name] += 1
            self.report.calls = dict(self._calls)

    def tell_first_byte(self) -> None:
        """Print when the first byte of a part came, on the clock that all processes of a machine share."""
        with self._lock:
            if not self._has_bytes:
                print(time.monotonic(), flush=True)
            self._has_bytes = True

    def take_part(self, number: int, md5: str, size: int, crc: int) -> None:
        with self._lock:
            self.tags[number] = md5
            self.report.part_bytes += size
            self.report.wrong_parts += crc != self.crcs[number - 1]

    @property
    def tag(self) -> str:
        joined = b"".join(bytes.fromhex(self.tags[number]) for number in sorted(self.tags))
        return f"{hashlib.md5(joined, usedforsecurity=False).hexdigest()}-{len(self.tags)}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    upload: _Upload

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        self.upload.count_call("HeadObject")
        if not self.upload.is_done:
            self._answer(404)
            return
        sums = self.upload.sums
        headers = {"ETag": f'"{self.upload.tag}"', "x-amz-meta-mcs-sha256": sums.sha256}
        self._answer(200, length=sums.bytes, **headers)

    def do_GET(self) -> None:
        query = self._query
        if "uploads" in query:
            self.upload.count_call("ListMultipartUploads")
            self._answer_document(self._list_uploads())
        elif "uploadId" in query:
            self.upload.count_call("ListParts")
            self._answer_document(self._list_parts(int(query.get("part-number-marker", ["0"])[0])))
        elif self.path.endswith(IDENTITY_KEY):
            self.upload.count_call("GetObject")
            self._answer(200, self.upload.identity, ETag='"1"')
        else:
            self._answer(404)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "uploads" in self._query:
            self.upload.count_call("CreateMultipartUpload")
            self.upload.is_begun = True
            self._answer_document(
                f"<InitiateMultipartUploadResult><UploadId>{_UPLOAD_ID}</UploadId>"
                "</InitiateMultipartUploadResult>"
            )
        else:
            self.upload.count_call("CompleteMultipartUpload")
            self.upload.is_done = True
            self._answer_document(
                f"<CompleteMultipartUploadResult><ETag>{self.upload.tag}</ETag></CompleteMultipartUploadResult>"
            )

    def do_PUT(self) -> None:
        self.upload.count_call("UploadPart")
        number, left = int(self._query["partNumber"][0]), int(self.headers["Content-Length"])
        md5 = b64decode(self.headers["Content-MD5"]).hex()
        buffer, crc, size = memoryview(bytearray(_BUFFER_BYTES)), 0, left
        while left:
            count = self.rfile.readinto(buffer[: min(left, _BUFFER_BYTES)])
            if not count:
                return  # cut off: nothing is kept
            self.upload.tell_first_byte()
            crc = CRC64NVME.calc(buffer[:count], crc)
            left -= count
        self.upload.take_part(number, md5, size, crc)
        self._answer(200, ETag=f'"{md5}"')

    @property
    def _query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.path).query, keep_blank_values=True)

    def _list_uploads(self) -> str:
        if not self.upload.is_begun or self.upload.is_done:
            return "<ListMultipartUploadsResult></ListMultipartUploadsResult>"
        key = self._query["prefix"][0]
        return (
            f"<ListMultipartUploadsResult><Upload><Key>{key}</Key><UploadId>{_UPLOAD_ID}</UploadId>"
            "<Initiated>2026-11-26T10:00:00.000Z</Initiated></Upload></ListMultipartUploadsResult>"
        )

    def _list_parts(self, marker: int) -> str:
        later = [number for number in sorted(self.upload.tags) if number > marker]
        sizes = {part.number: part.length for part in self.upload.sums.parts}
        parts = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{self.upload.tags[number]}</ETag>"
            f"<Size>{sizes[number]}</Size></Part>"
            for number in later[:_PAGE]
        )
        more = len(later) > _PAGE
        marks = f"<NextPartNumberMarker>{later[_PAGE - 1]}</NextPartNumberMarker>" if more else ""
        return (
            f"<ListPartsResult><IsTruncated>{str(more).lower()}</IsTruncated>{marks}{parts}</ListPartsResult>"
        )

    def _answer_document(self, document: str) -> None:
        self._answer(200, f'<?xml version="1.0" encoding="UTF-8"?>{document}'.encode())

    def _answer(self, status: int, body: bytes = b"", *, length: int | None = None, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)


def _serve(asked: dict[str, object]) -> None:
    """Serve until the standard input ends; print the port, when the first byte came, and the report."""
    sums = _SUMS.validate_json(Path(str(asked["sums"])).read_bytes())
    upload = _Upload(sums, str(asked["identity"]).encode(), int(str(asked["stored_parts"])))
    handler = type("Handler", (_Handler,), {"upload": upload})
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(str(asked["certificate"]))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    print(json.dumps(asdict(upload.report)), flush=True)


if __name__ == "__main__":
    _serve(json.loads(sys.argv[1]))
