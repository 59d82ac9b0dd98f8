"""A cluster of the tests' own: a real scheduler and real workers over TLS, each worker in a namespace.

The calling thread is moved to the namespace of the daemon's machine, in which the scheduler runs, too. What
it starts from then on, threads and processes alike, is there as well. Needs root, and Debian's iproute2.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import trustme

from mcsyncd.workers.engine import ClusterEngine

TESTS = Path(__file__).parent
CAN_MAKE_NAMESPACES = os.geteuid() == 0 and shutil.which("ip") is not None
PORT = 8786
_CLONE_NEWNET = 0x40000000
_LIMIT_S = 60.0
_DASK = Path(sys.executable).with_name("dask")


@dataclass
class Node:
    """One machine: its namespace, its address, and the worker that runs there."""

    name: str
    namespace: str
    gateway: str
    address: str
    worker: subprocess.Popen[bytes] | None = None


@dataclass
class Nodes:
    """Two machines `a` and `b`, and the one of the daemon with the scheduler."""

    folder: Path
    work: Path
    nodes: dict[str, Node] = field(default_factory=dict)
    scheduler: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        write_identity(self.folder)
        self._home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self._hub = f"mcs{os.getpid()}-hub"
        ip("netns", "add", self._hub)
        self.enter_hub()
        ip("link", "set", "lo", "up")
        for number, name in enumerate("ab", 1):
            self._add_node(name, f"10.99.{number}")
        return self

    def _add_node(self, name: str, network: str) -> None:
        node = Node(name, f"mcs{os.getpid()}-{name}", f"{network}.1", f"{network}.2")
        self.nodes[name] = node
        ip("netns", "add", node.namespace)
        ip("link", "add", f"to-{name}", "type", "veth", "peer", "name", "eth0", "netns", node.namespace)
        ip("addr", "add", f"{node.gateway}/24", "dev", f"to-{name}")
        ip("link", "set", f"to-{name}", "up")
        inside = ("-n", node.namespace)
        ip(*inside, "addr", "add", f"{node.address}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            ip(*inside, "link", "set", device, "up")
        ip(*inside, "route", "add", "default", "via", node.gateway)

    def __exit__(self, *_: object) -> None:
        for node in self.nodes.values():
            self.kill_worker(node.name)
        self.kill_scheduler()
        set_namespace(self._home)
        os.close(self._home)
        for namespace in (self._hub, *(node.namespace for node in self.nodes.values())):
            ip("netns", "del", namespace)

    def enter_hub(self) -> None:
        descriptor = os.open(f"/run/netns/{self._hub}", os.O_RDONLY | os.O_CLOEXEC)
        set_namespace(descriptor)
        os.close(descriptor)

    @property
    def engine(self) -> ClusterEngine:
        scheduler = f"tls://{self.nodes['a'].gateway}:{PORT}"
        pem = [self.folder / f"{name}.pem" for name in ("ca", "cert", "key")]
        return ClusterEngine(scheduler, *pem, self.work / "cluster")

    @property
    def _tls_options(self) -> list[str]:
        pem = self.folder
        return [f"--tls-ca-file={pem}/ca.pem", f"--tls-cert={pem}/cert.pem", f"--tls-key={pem}/key.pem"]

    def start_scheduler(self) -> None:
        options = [f"--port={PORT}", "--protocol=tls", "--no-dashboard", "--dashboard-address=127.0.0.1:0"]
        self.scheduler = self._start("scheduler", [str(_DASK), "scheduler", *options, *self._tls_options])

    def start_worker(self, name: str, *options: str, slots: int = 1, before: str = "", nanny: bool = False):
        """`before` is a shell command that runs first, in the worker's own mounts."""
        node = self.nodes[name]
        command = [
            *(str(_DASK), "worker", f"tls://{node.gateway}:{PORT}", f"--name={name}", f"--nthreads={slots}"),
            *("--worker-port=8788", "--dashboard-address=127.0.0.1:0"),
            *("--no-dashboard", "--nanny" if nanny else "--no-nanny", "--memory-limit=0", "--nworkers=1"),
            *(f"--local-directory={self.folder / name}", *self._tls_options, *options),
        ]
        shell = ["sh", "-c", f'{before or ":"} && exec "$@"', "sh"]
        node.worker = self._start(name, ["ip", "netns", "exec", node.namespace, *shell, *command])

    def _start(self, name: str, command: list[str]) -> subprocess.Popen[bytes]:
        environ = os.environ | {"PYTHONPATH": str(TESTS), "NODE": name, "PYTHONWARNINGS": "ignore"}
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, env=environ, start_new_session=True)

    def kill_worker(self, name: str) -> None:
        node = self.nodes[name]
        _kill(node.worker)
        node.worker = None

    def kill_scheduler(self) -> None:
        _kill(self.scheduler)
        self.scheduler = None


def write_identity(folder: Path) -> None:
    """Write a new authority's certificate, and one that it issued with its key, as PEM files."""
    authority = trustme.CA()
    leaf = authority.issue_cert("mcsyncd")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    leaf.private_key_pem.write_to_path(folder / "key.pem")
    leaf.cert_chain_pems[0].write_to_path(folder / "cert.pem")


def _kill(process: subprocess.Popen[bytes] | None) -> None:
    if process is not None:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        process.wait(_LIMIT_S)


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=_LIMIT_S)


def set_namespace(descriptor: int) -> None:
    """Move this thread; `os.setns` needs Python 3.12."""
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def wait_until(holds, what: str, limit_s: float = _LIMIT_S) -> None:
    end = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.1)
