"""Disks that fail below a running daemon, one folder and one fault at a time, at each stage of a shoot.

Each of the daemon's four folders has a filesystem of its own. Missing room and missing inodes are those of
a tmpfs whose limits are lowered to what is in use; a disk that is read-only, over its quota or failing is a
FUSE server (`faulty_mount.py`): a real one would not let go of its open files, or would not come back.

A fault appears when a stage begins, stays for some seconds and disappears. Then the daemon goes on by
itself; in the end the same is published as without a fault.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import shutil
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from line import Line
from mcsyncd.api import ApproveRequest
from mcsyncd.cli.reports import format_status
from mcsyncd.client import Client
from mcsyncd.demo.shoot import Shoot
from mcsyncd.errors import McsyncError, Unreachable
from power_cut import Outcome, judge_result, run

FOLDERS = ("drop", "work", "state", "bucket")
FAULTS = ("space", "inodes", "quota", "read-only", "i/o", "sectors")

_ERRNOS = {"quota": errno.EDQUOT, "read-only": errno.EROFS, "i/o": errno.EIO, "sectors": errno.EBADMSG}
"""The faults that the FUSE server makes."""
_TMPFS_BYTES, _TMPFS_INODES = 2 << 30, 20_000
"""Limits of a folder that works: more than the free gigabyte below which a bucket counts as full."""
_TIGHTEN_S = 0.1
"""Seconds between two looks whether something was freed on a full disk; it is taken away again."""
RESUME_S = 60.0
"""Seconds within which a stage must be over after its fault: the promise."""
_MAX_HOLD_S = 20.0
"""Seconds that a fault lasts at most: a stage that needs nothing of the disk meets no error."""
_PATIENCE_S = 120.0
"""Seconds to wait for a stage before it counts as stuck."""
_LOG_BYTES = 100_000
"""Bytes of log that all the faults of one run may cause: a record has some kilobytes at most."""


Ask = Callable[[Client], Awaitable[None]]
"""Asks the daemon for something that a person wants now."""


@dataclass(frozen=True)
class Stage:
    """A part of the way of a shoot: begins with the `begins[1]`th event of that kind, and ends likewise."""

    name: str
    begins: tuple[str, int] | None
    ends: tuple[str, int] | None


STAGES = (
    Stage("settle", None, ("session_sealed", 1)),
    Stage("ingest", ("session_sealed", 1), ("clips_offloaded", 1)),
    Stage("probe", ("clips_offloaded", 1), ("clip_probed", 3)),
    Stage("listen", ("clip_probed", 3), ("clip_audio_analysed", 3)),
    Stage("align", ("clip_audio_analysed", 3), ("session_aligned", 1)),
    Stage("conform", ("session_aligned", 1), ("clip_conformed", 3)),
    Stage("preview", ("clip_conformed", 3), None),
    Stage("approve", ("clip_conformed", 3), ("session_approved", 1)),
    Stage("publish", ("publishing_began", 1), ("session_published", 1)),
)


@dataclass(frozen=True)
class Cell:
    """What became of a stage with a fault.

    `resumed_s`: seconds from the end of the fault to the next event that is recorded; None if the stage
    ended in spite of the fault. `told` is what the status said about the folder. `is_hit` if something
    failed and was tried again.
    """

    folder: str
    fault: str
    stage: str
    resumed_s: float | None
    told: str
    problems: tuple[str, ...] = ()
    is_hit: bool = False


class Disk:
    """A folder's filesystem. `fault` is what `fail` makes of it."""

    def __init__(self, path: Path, fault: str | None, control: Path) -> None:
        self.path = path
        self._fault = fault
        self._control = control
        self.is_failing = False

    def fail(self, *, after: int = 0) -> None:
        """Let the fault begin; call it again to take what was freed meanwhile.

        A disk of the FUSE server first answers so many requests that the fault would meet.
        """
        self.is_failing = True
        if self._fault in _ERRNOS:
            self._set_answer(_ERRNOS[self._fault], after)
            return
        for _ in range(20):  # a writer may take some between the two calls
            used = os.statvfs(self.path)
            space = max(1, used.f_blocks - used.f_bfree) * used.f_frsize
            option = f"size={space}" if self._fault == "space" else f"nr_inodes={used.f_files - used.f_ffree}"
            with suppress(subprocess.CalledProcessError):
                run("mount", "-o", f"remount,{option}", str(self.path))
                return

    def mend(self) -> None:
        """End the fault."""
        self.is_failing = False
        if self._fault in _ERRNOS:
            self._set_answer(0)
        else:
            run("mount", "-o", f"remount,size={_TMPFS_BYTES},nr_inodes={_TMPFS_INODES}", str(self.path))

    def _set_answer(self, code: int, after: int = 0) -> None:
        with self._control.open("r+b") as file:
            file.write(struct.pack("<II", code, after))


@contextmanager
def mount_folders(var: Path, faulty: str, fault: str | None) -> Iterator[Disk]:
    """Mount a filesystem for each of the four folders; yield the disk of the one that is to fail."""
    with ExitStack() as mounts:
        for folder in FOLDERS:
            below = var / f"below-{folder}" if folder == faulty and fault in _ERRNOS else var / folder
            below.mkdir(parents=True)
            options = f"size={_TMPFS_BYTES},nr_inodes={_TMPFS_INODES},mode=755"
            run("mount", "-t", "tmpfs", "-o", options, "mcsync-test", str(below))
            mounts.callback(subprocess.run, ["umount", "--lazy", str(below)], check=False)
        control = var / "control"
        control.write_bytes(bytes(8))
        if fault in _ERRNOS:
            mounts.enter_context(_serve_faults(var / f"below-{faulty}", var / faulty, control))
        yield Disk(var / faulty, fault, control)


@contextmanager
def _serve_faults(source: Path, mount_point: Path, control: Path) -> Iterator[None]:
    mount_point.mkdir()
    program = Path(__file__).with_name("faulty_mount.py")
    server = subprocess.Popen([sys.executable, program, source, mount_point, control])
    try:
        while not mount_point.is_mount():
            assert server.poll() is None, "the FUSE server did not start"
            time.sleep(0.02)
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(mount_point)], check=False)
        server.kill()
        server.wait()


@contextmanager
def mount_disk(folder: Path, fault: str) -> Iterator[Disk]:
    """Mount a disk that fails with one of the faults of the FUSE server, below `folder`."""
    control = folder / "control"
    control.write_bytes(bytes(8))
    (folder / "below").mkdir()
    with _serve_faults(folder / "below", folder / "disk", control):
        disk = Disk(folder / "disk", fault, control)
        try:
            yield disk
        finally:
            disk.mend()


@dataclass
class Follower:
    """Counts the events of a daemon as they happen; `at_event` is called as soon as it is due."""

    counts: Counter[str] = field(default_factory=Counter)
    trigger: tuple[str, int] | None = None
    at_event: Callable[[], None] = lambda: None

    async def follow(self, client: Client) -> None:
        """Follow all events, from the first; connect again where the daemon ends the stream."""
        last = 0
        while True:
            with suppress(McsyncError):
                async for news in client.stream_events(last_id=last):
                    last = news.seq or last
                    if news.what == "event" and news.kind is not None:
                        self.counts[news.kind] += 1
                        self._pull()
            await asyncio.sleep(0.2)

    def arm(self, trigger: tuple[str, int], at_event: Callable[[], None]) -> None:
        """Have `at_event` called once there are so many events of a kind."""
        self.trigger, self.at_event = trigger, at_event
        self._pull()

    @property
    def progress(self) -> int:
        """How many events there were that are no failures."""
        return self.counts.total() - self.counts["job_postponed"] - self.counts["decision_refused"]

    def has_seen(self, event: tuple[str, int]) -> bool:
        """Tell whether there were so many events of a kind."""
        return self.counts[event[0]] >= event[1]

    def _pull(self) -> None:
        if self.trigger is not None and self.has_seen(self.trigger):
            self.trigger = None
            self.at_event()


def run_faults(  # what a run is about
    home: Path, shoot: Shoot, folder: str, fault: str, stages: Sequence[str], *, hold_s: float
) -> tuple[list[Cell], Outcome]:
    """Send a shoot through a daemon whose `folder` fails in each of `stages`, for `hold_s` seconds each."""
    with mount_folders(home / "var", folder, fault) as disk:
        line = Line(home)
        settings = line.config.read_text()
        line.config.write_text(
            settings.replace("watch: auto", "watch: poll").replace(
                "settle: 500ms", "settle: 500ms, settle_network: 500ms"
            )
        )
        line.start()
        try:
            cells = asyncio.run(_Trial(line, disk, shoot, hold_s).run(folder, fault, stages))
            outcome = judge_result(line)
            return cells, replace(outcome, faults=(*outcome.faults, *_find_leftovers(line, shoot)))
        finally:
            disk.mend()
            line.stop()


class _Trial:
    """One shoot on its way through one daemon."""

    def __init__(self, line: Line, disk: Disk, shoot: Shoot, hold_s: float) -> None:
        self._line = line
        self._disk = disk
        self._shoot = shoot
        self._hold_s = hold_s
        self._events = Follower()

    async def run(self, folder: str, fault: str, stages: Sequence[str]) -> list[Cell]:
        """Return a cell for each of `stages`."""
        cells = []
        async with Client(self._line.home / "var" / "api.sock") as client:
            following = asyncio.create_task(self._events.follow(client))
            try:
                self._line.drop_in(self._shoot.files)
                for stage in STAGES:
                    if stage.name in stages:
                        cell = await self._fail_in(stage, client)
                        cells.append(replace(cell, folder=folder, fault=fault))
                    else:
                        await self._pass(stage, client)
            finally:
                following.cancel()
        return cells

    async def _pass(self, stage: Stage, client: Client) -> None:
        if stage.name == "approve":
            await self._approve(client)
        if stage.ends is not None:
            await self._wait_for(stage.ends)

    async def _fail_in(self, stage: Stage, client: Client) -> Cell:
        log_before, waits_before = len(self._line.log), self._events.counts["job_postponed"]

        def is_hit() -> bool:
            waits = self._events.counts["job_postponed"] > waits_before
            return waits or "waits for the ledger" in self._line.log[log_before:]

        await self._begin_fault(stage)
        ask = {"preview": self._preview, "approve": self._approve}.get(stage.name)
        refusal = await _try(ask, client) if ask is not None else ""
        may_end = (lambda: True) if ask is not None else lambda: is_hit() or self._events.has_seen(stage.ends)
        told, problems = await self._hold_fault(client, may_end)
        is_over = not refusal if ask is not None else self._events.has_seen(stage.ends)
        progress = self._events.progress
        self._disk.mend()
        resumed_s = None if is_over else await self._measure_recovery(ask, progress, client)
        if stage.ends is not None:
            await self._wait_for(stage.ends)
        if is_hit() and not told:
            problems.append(f"the status did not name the folder:\n{await _describe_status(client)}")
        if resumed_s is not None and resumed_s > RESUME_S:
            problems.append(f"resumed only after {resumed_s:.0f} s")
        if "Unreachable" in refusal:
            problems.append("the daemon did not answer")
        problems += _find_log_faults(self._line.log[log_before:])
        said = "; ".join(filter(None, (told, refusal)))
        return Cell("", "", stage.name, resumed_s, said, tuple(problems), is_hit=is_hit() or bool(refusal))

    async def _begin_fault(self, stage: Stage) -> None:
        began = asyncio.Event()

        def fail() -> None:
            self._disk.fail()
            began.set()

        self._events.arm(stage.begins, fail) if stage.begins is not None else fail()
        await asyncio.wait_for(began.wait(), _PATIENCE_S)

    async def _hold_fault(self, client: Client, may_end: Callable[[], bool]) -> tuple[str, list[str]]:
        """Let the fault last until something fails or the stage is over, and for `hold_s` at least.

        Return what the status says about the folder, and what is wrong with it.
        """
        told, problems = "", []
        began = time.monotonic()
        while (held := time.monotonic() - began) < self._hold_s or not (may_end() or held > _MAX_HOLD_S):
            self._disk.fail()
            told = told or await self._read_status(client, problems)
            await asyncio.sleep(_TIGHTEN_S)
        told = told or await self._read_status(client, problems)
        return told, list(dict.fromkeys(problems))

    async def _measure_recovery(self, ask: Ask | None, progress: int, client: Client) -> float:
        """Return the seconds until there is an event that is no failure, or until a person is answered."""
        mended = time.monotonic()
        while await _try(ask, client) if ask is not None else self._events.progress == progress:
            assert time.monotonic() < mended + _PATIENCE_S, self._line.log[-3000:]
            await asyncio.sleep(0.02 if ask is None else 0.5)
        return time.monotonic() - mended

    async def _wait_for(self, event: tuple[str, int]) -> None:
        last = time.monotonic() + _PATIENCE_S
        while not self._events.has_seen(event):
            assert time.monotonic() < last, f"no {event}\n{self._line.log[-3000:]}"
            await asyncio.sleep(0.02)

    async def _read_status(self, client: Client, problems: list[str]) -> str:
        """Return what the status says about the folder that fails."""
        try:
            status = await client.fetch_status()
        except McsyncError as error:
            problems.append(f"no status: {error}")
            return ""
        if status.free_slots + len(status.workers) != status.worker_slots:
            problems.append(f"{status.free_slots} slots free and {len(status.workers)} busy")
        lines = list(format_status(status))
        place = str(self._disk.path)
        told = [text.strip() for text in lines if place in text and not text.startswith("ledger: intact")]
        return next((text for text in told if not text.endswith((": ok", "not checked yet"))), "")

    async def _approve(self, client: Client) -> None:
        (session,) = (await client.list_sessions()).sessions
        if session.state == "in_review":
            await client.send_decision(session.id, ApproveRequest(), session.revision)

    async def _preview(self, client: Client) -> None:
        (session,) = (await client.list_sessions()).sessions
        await client.fetch_peaks(session.id, "cam_b", start_ms=0, step_ms=10, columns=200)
        await client.fetch_audio(session.id, "cam_b", start_ms=2000, duration_ms=1000)


async def _describe_status(client: Client) -> str:
    return "\n".join(format_status(await client.fetch_status()))


def _find_log_faults(log: str) -> list[str]:
    faults = []
    if len(log) > _LOG_BYTES:
        faults.append(f"{len(log)} bytes of log")
    records = [json.loads(text) for text in log.splitlines() if text.startswith("{")]
    faults += [f"a traceback in the log: {record}" for record in records if "exception" in record]
    if "Traceback" in log:
        faults.append("a traceback of Python itself in the log")
    return faults


async def _try(ask: Ask, client: Client) -> str:
    """Return why it was refused, or nothing."""
    try:
        await ask(client)
    except Unreachable as error:
        return f"Unreachable: {error}"
    except McsyncError as error:
        return f"{error.message} → {error.hint}"
    return ""


def _find_leftovers(line: Line, shoot: Shoot) -> list[str]:
    """Return what a shoot that went the whole way left behind although nothing says so."""
    session = line.session()
    faults = [
        f"{path.relative_to(line.home)}: left"
        for folder in (line.work, line.home / "var" / "bucket")
        for path in sorted(folder.rglob("*"))
        if path.name.endswith(".part") or (".part" in path.name and path.is_dir())
    ]
    for camera, file in shoot.files.items():
        if (line.drop / camera / file.name).exists() and f"{camera}/{file.name}" not in session[
            "left_behind"
        ]:
            faults.append(f"{camera}/{file.name}: still in the drop folder")
    return faults


def can_fail_disks() -> bool:
    """Tell whether this process may mount, and has FUSE."""
    if os.geteuid() != 0 or not Path("/dev/fuse").exists() or not shutil.which("mount"):
        return False
    status = Path("/proc/self/status").read_text()
    return bool(int(status.partition("CapEff:")[2].split()[0], 16) >> 21 & 1)
