"""A ledger with many published sessions: how long a start, a status and a page of the list take.

Copies the newest published session of a ledger (the demo's own, unless another is named) as often as asked,
with its folders and pointers, and starts a daemon on it. The sessions have no files, so nothing is encoded.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from dataclasses import astuple
from pathlib import Path

from mcsyncd.client import Client
from mcsyncd.errors import Unreachable
from mcsyncd.store.chain import CHAIN_FORMAT, LogEntry, seal_entry
from mcsyncd.store.ledger import Ledger
from mcsyncd.store.rows import ENTRY_COLUMNS, compute_fold_id, open_read_only, read_entry_page

_SETTINGS = """\
paths: {drop: drop, work: work, state: state}
socket: api.sock
cameras: {cam_a: {label: A}, cam_b: {label: B}}
profiles: {directory: %s}
storage: {kind: local, path: bucket}
"""
_PROFILES = Path(__file__).parents[1] / "profiles"
_REPEATS = 20


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options; the defaults are the short form."""
    parser.add_argument("--count", type=int, default=500, help="sessions in the ledger")
    parser.add_argument("--ledger", type=Path, default=Path("var/state/ledger.db"), help="where to copy from")


def run(asked: argparse.Namespace) -> None:
    """Measure and print."""
    if not asked.ledger.is_file():
        print(f"{asked.ledger} is not there: run `make demo` first, or name another with --ledger")
        return
    with tempfile.TemporaryDirectory(prefix="mcsync-sessions-") as name:
        home = Path(name)
        (home / "config.yaml").write_text(_SETTINGS % _PROFILES)
        copy_sessions(asked.ledger, home, asked.count)
        size = (home / "state/ledger.db").stat().st_size
        print(f"{asked.count} published sessions, {size / 1e6:.0f} MB; load {os.getloadavg()[0]:.1f}")
        measure_daemon(home)


def copy_sessions(source: Path, home: Path, count: int) -> None:
    """Make a ledger, a work folder and a bucket in `home` with `count` copies of one published session."""
    with closing(open_read_only(source)) as db:
        row = db.execute("SELECT id, body FROM session WHERE state = 'published' ORDER BY id DESC").fetchone()
        original, body = row
        entries = read_entry_page(db, original, 0, 10_000)
    with Ledger(home / "state", "benchmark"):
        pass  # the schema
    ids = list(_iterate_ids(count))
    with closing(sqlite3.connect(home / "state/ledger.db")) as db, db:
        fold = _write_events(db, entries, original, ids)
        db.executemany(
            "INSERT INTO session (id, state, revision, body, fold) VALUES (?, 'published', 1, ?, ?)",
            [(name, body.replace(original, name), fold) for name in ids],
        )
    plan = next(json.loads(entry.body) for entry in entries if entry.kind == "publishing_planned")
    for name in ids:
        manifest = json.dumps({"session": {"id": name}, "chain_head": plan["chain_head"]})
        key = f"v1/manifest/{name}/000001.json"
        pointer = json.dumps({"manifest_key": key, "revision": 1})
        _write_text(home / f"work/sessions/{name}/manifest/000001.json", manifest)
        _write_text(home / f"bucket/{key}", manifest)
        _write_text(home / f"bucket/head/{name}.json", pointer)


def _write_events(
    db: sqlite3.Connection, entries: tuple[LogEntry, ...], original: str, ids: list[str]
) -> str:
    seq, previous = 0, ""
    for name in ids:
        for entry in entries:
            seq += 1
            body = entry.body.replace(original, name)
            made = seal_entry(
                LogEntry(CHAIN_FORMAT, seq, name, entry.at, entry.kind, entry.tool_version, body, previous)
            )
            previous = made.hash
            db.execute(f"INSERT INTO event ({ENTRY_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?)", astuple(made))
    return compute_fold_id()


def _iterate_ids(count: int) -> Iterator[str]:
    letters = "abcdefghijklmnopqrstuvwxyz"
    for number in range(count):
        minute, second = divmod(number, 60)
        hour, minute = divmod(minute, 60)
        yield f"20250101-{hour % 24:02}{minute:02}{second:02}-{letters[number % 26]}{letters[hour // 24]}a"


def _write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def measure_daemon(home: Path) -> None:
    """Start a daemon in `home`, and print how long it takes to answer."""
    command = [sys.executable, "-m", "mcsyncd", "--config", str(home / "config.yaml"), "run"]
    began = time.monotonic()
    with (home / "log").open("wb") as log:
        daemon = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        asyncio.run(_wait_for_answer(home / "api.sock"))
        wall_s, cpu_s = time.monotonic() - began, _read_cpu_s(daemon.pid)
        print(f"start to first answer: {wall_s:.2f} s, {cpu_s:.2f} s of CPU")
        requests: dict[str, Callable[[Client], Awaitable[object]]] = {
            "status": lambda client: client.fetch_status(),
            "page of 100 sessions": lambda client: client.list_sessions(),
        }
        for name, request in requests.items():
            times = asyncio.run(_time_request(home / "api.sock", request))
            print(f"{name}: median {statistics.median(times):.3f} s, longest {max(times):.3f} s")
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(60)


def _read_cpu_s(pid: int) -> float:
    """Return the CPU time that a process has used: what a start costs on a machine that is busy."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _wait_for_answer(socket: Path) -> None:
    while True:
        try:
            async with Client(socket) as client:
                await client.fetch_status()
                return
        except Unreachable:
            await asyncio.sleep(0.02)


async def _time_request(socket: Path, request: Callable[[Client], Awaitable[object]]) -> list[float]:
    times = []
    async with Client(socket) as client:
        for _ in range(_REPEATS):
            began = time.monotonic()
            await request(client)
            times.append(time.monotonic() - began)
    return times
