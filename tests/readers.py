"""The two readers of the documents, run as their users run them."""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "docs" / "readers"
_PACKAGES = ("typescript@5.9.3", "@types/node@20.19.0")
_OPTIONS = (
    *("--strict", "--skipLibCheck", "--target", "es2022", "--module", "esnext"),
    *("--moduleResolution", "bundler", "--types", "node"),
)


@dataclass(frozen=True)
class Reader:
    """A program that reads a published session; `name` is that of its language."""

    name: str
    command: tuple[str, ...]

    def run(self, base: object, session: str, microseconds: int, *verify: str) -> subprocess.CompletedProcess:
        command = [*self.command, str(base), session, str(microseconds), *verify]
        return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)

    def read(self, base: object, session: str, microseconds: int, *verify: str) -> dict:
        told = self.run(base, session, microseconds, *verify)
        assert told.returncode == 0, told.stderr[-2000:]
        return json.loads(told.stdout)


def write_share(path: Path, store: Path, session: str, address: str, keys: Iterable[str]) -> Path:
    """Write what `mcsyncd share` would print of these keys, if `address` served the folder of the store."""
    pointer = json.loads((store / "head" / f"{session}.json").read_bytes())
    manifest = {"key": pointer["manifest_key"], "sha256": pointer["manifest_sha256"]}
    objects = [{"key": key, "url": f"{address}/{key}?signed"} for key in keys]
    manifest["url"] = f"{address}/{pointer['manifest_key']}?signed"
    path.write_text(json.dumps({"state": pointer["state"], "manifest": manifest, "objects": objects}))
    return path


@contextmanager
def serve_folder(folder: Path) -> Iterator[str]:
    """Serve a folder on the loopback, as a domain of one's own would; yield the address."""
    handler = partial(_SilentHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class _SilentHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def prepare_reader(name: str, request: pytest.FixtureRequest) -> Reader:
    """Return a reader, the one in TypeScript compiled with its types checked; skip without a compiler."""
    if name == "python":
        return Reader(name, (sys.executable, str(FOLDER / "read_manifest.py")))
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("no node and npm in PATH to run the reader in TypeScript with")
    packages = _install_compiler(request.config.cache.mkdir("readers"))
    made = request.getfixturevalue("tmp_path_factory").mktemp("reader")
    (made / "package.json").write_text('{"private": true, "type": "module"}')
    places = ("--typeRoots", packages / "@types", "--outDir", made)
    told = subprocess.run(
        [packages / ".bin" / "tsc", *_OPTIONS, *places, FOLDER / "read_manifest.ts"],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert told.returncode == 0, told.stdout
    return Reader(name, ("node", str(made / "read_manifest.js")))


def _install_compiler(folder: Path) -> Path:
    """Return the folder of the packages, which is kept between runs; one process installs them."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "node_modules" / ".bin" / "tsc").is_file():
            command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), *_PACKAGES]
            if subprocess.run(command, check=False, capture_output=True, timeout=120).returncode:
                pytest.skip(f"npm could not install {' and '.join(_PACKAGES)}")
    return folder / "node_modules"
