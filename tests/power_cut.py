"""Power cuts: the disk below a running daemon is copied at an instant, and a daemon is started on the copy.

The daemon's home lies on an ext4 in a loop-mounted image. A copy of that image is what a disk holds
when the power fails: everything that was flushed, and nothing that was only in memory. Mounting the
copy replays its journal, as a machine does when it starts again.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from line import Line
from mcsyncd.api import ApproveRequest, LogBody
from mcsyncd.checks.verify import verify_log, verify_media, verify_store
from mcsyncd.demo.shoot import Shoot
from mcsyncd.errors import Conflict, McsyncError, UsageError
from mcsyncd.model.session import Session
from mcsyncd.settings.load import load_settings
from mcsyncd.store.audit import read_recorded_sessions

_IMAGE_BYTES = 512 << 20
"""Size of the sparse image: many times what a short shoot needs with everything that is made from it."""

_CAP_SYS_ADMIN = 21
"""The capability to mount, from linux/capability.h: root in a container may lack it."""

_COPY_TRIES = 50
"""Tries to copy the image while nothing is written to it. The kernel writes back for a moment at a time."""

_UNMOUNT_TRIES = 50
"""Tries to unmount, 0.2 s apart."""

CHOSEN_EVENTS = (
    "clip_audio_analysed",
    "session_aligned",
    "session_approved",
    "clip_conformed",
    "publishing_planned",
    "object_stored",
)
"""Kinds of events right after which the power is cut: each refers to files."""


class CopyDisturbed(Exception):
    """Something was written to the disk while it was copied, so the copy is of no single instant."""


@dataclass(frozen=True)
class Disk:
    """A mounted ext4 in an image file."""

    image: Path
    mount_point: Path
    device: str

    def copy_image(self, target: Path) -> None:
        """Copy the image. Raises CopyDisturbed unless the copy is of a single instant."""
        before = self._read_write_counters()
        target.unlink(missing_ok=True)
        run("cp", "--sparse=always", "--reflink=never", str(self.image), str(target))
        if before != self._read_write_counters() or before[1]:
            raise CopyDisturbed

    def _read_write_counters(self) -> tuple[str, int]:
        """Return the writes that the device has completed, and the requests in flight."""
        fields = Path(f"/sys/block/{Path(self.device).name}/stat").read_text().split()
        return fields[4], int(fields[8])


@contextmanager
def mount_disk(image: Path, mount_point: Path, data: str) -> Iterator[Disk]:
    """Mount an image, which replays its journal; make the file system first if there is no image.

    `data` is ext4's journalling mode: `ordered` or `writeback`.
    """
    if not image.exists():
        with image.open("wb") as file:
            file.truncate(_IMAGE_BYTES)
        run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", str(image))
    mount_point.mkdir(exist_ok=True)
    device = run("losetup", "--find", "--show", str(image))
    try:
        run("mount", "-o", f"data={data}", device, str(mount_point))
        try:
            yield Disk(image, mount_point, device)
        finally:
            _unmount_disk(mount_point)
    finally:
        run("losetup", "--detach", device)


def _unmount_disk(mount_point: Path) -> None:
    """Unmount; the workers of a daemon that was stopped may need a moment to end."""
    for _ in range(_UNMOUNT_TRIES):
        with suppress(subprocess.CalledProcessError):
            run("umount", str(mount_point))
            return
        time.sleep(0.2)
    run("umount", "--lazy", str(mount_point))


def run(*command: str) -> str:
    """Run a command and return what it printed."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def can_mount() -> bool:
    """Tell whether this process may attach and mount an image."""
    status = Path("/proc/self/status").read_text()
    capabilities = int(status.partition("CapEff:")[2].split()[0], 16)
    if not capabilities >> _CAP_SYS_ADMIN & 1 or not shutil.which("mkfs.ext4"):
        return False
    return subprocess.run(["losetup", "--find"], capture_output=True, check=False).returncode == 0


@dataclass(frozen=True)
class Cut:
    """The disk at one instant: `acknowledged` are the events that a client had read by then."""

    name: str
    image: Path
    acknowledged: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """What a daemon published of a shoot (objects and offsets), and what is wrong."""

    objects: tuple[tuple[str, str, str], ...]
    faults: tuple[str, ...]


def cut_power(disk: Disk, line: Line, name: str) -> Cut:
    """Stop the daemon's processes for a moment, copy the disk, and let them go on."""
    acknowledged = tuple(entry["hash"] for entry in read_log(line))
    image = disk.image.with_name(f"{name}.img")
    for attempt in range(_COPY_TRIES):
        with _hold_processes(line.process.pid), suppress(CopyDisturbed):
            disk.copy_image(image)
            return Cut(name, image, acknowledged)
        time.sleep(0.02 * attempt)
    raise AssertionError("the disk never came to rest")


@contextmanager
def _hold_processes(leader: int) -> Iterator[None]:
    """Hold a daemon and its workers: a process that waits for the disk gets its answer all the same."""
    os.kill(leader, signal.SIGSTOP)
    held = [pid for pid in _list_processes(leader) if pid != leader]
    for pid in held:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in (*held, leader):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def _list_processes(session: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[3]) == session:
                    found.append(int(entry.name))
    return found


def read_log(line: Line) -> list[dict]:
    """Return all events that the daemon acknowledges now."""

    async def collect(client):
        entries = [entry async for entry in client.read_log()]
        return LogBody(entries=entries, next_after=None)

    return line.call(collect)["entries"]


def record_cuts(
    folder: Path,
    shoot: Shoot,
    *,
    data: str,
    random_cuts: int,
    seed: int,
    events: Sequence[str] = CHOSEN_EVENTS,
) -> tuple[list[Cut], Outcome]:
    """Run a shoot to its end and cut the power on the way; return the cuts and the undisturbed result.

    The power is cut right after the first of each of `events`, and at `random_cuts` random instants.
    """
    chance = random.Random(seed)
    waiting = list(events)
    cuts: list[Cut] = []
    with mount_disk(folder / f"{seed}.img", folder / "disk", data) as disk:
        line = start_daemon(disk)
        try:
            drop_durably(line, shoot)
            began = time.monotonic()
            due_at = sorted(began + chance.uniform(0.0, _RANDOM_SPAN_S) for _ in range(random_cuts))
            while waiting or not _is_over(line):
                assert time.monotonic() < began + _PATIENCE_S, line.log[-3000:]
                approve_waiting(line)
                kinds = [entry["kind"] for entry in read_log(line)]
                for kind in [one for one in waiting if kinds.count(one) >= _NEEDED.get(one, 1)]:
                    waiting.remove(kind)
                    cuts.append(cut_power(disk, line, f"{seed}-{kind}"))
                if due_at and due_at[0] <= time.monotonic():
                    due_at.pop(0)
                    cuts.append(cut_power(disk, line, f"{seed}-random-{len(due_at)}"))
                time.sleep(0.05)
            for number, _ in enumerate(due_at):  # the run was quicker than expected: cut what comes after it
                time.sleep(chance.uniform(0.0, 1.0))
                cuts.append(cut_power(disk, line, f"{seed}-end-{number}"))
            return cuts, judge_result(line)
        finally:
            line.stop()


_PATIENCE_S = 300.0
"""Seconds that a short shoot may take at most, on a machine that does other things, too."""

_RANDOM_SPAN_S = 15.0
"""Seconds after the drop over which the random cuts are spread: about as long as a short shoot takes."""

_NEEDED = {"clip_audio_analysed": 3, "clip_conformed": 3, "object_stored": 2}
"""How many events of a kind there must be: all three clips, where each has one."""


def recover_cut(folder: Path, cut: Cut, *, data: str, forked: bool = False) -> Outcome:
    """Start a daemon on a copy, let it finish, and return what came of it; `forked`, see `Line`."""
    with mount_disk(cut.image, folder / "copy", data) as disk:
        line = start_daemon(disk, forked=forked)
        try:
            present = [entry["hash"] for entry in read_log(line)]
            faults = []
            if tuple(present[: len(cut.acknowledged)]) != cut.acknowledged:
                faults.append("an acknowledged event is lost")
            line.wait(
                lambda: approve_waiting(line) or _is_over(line), "it is published or halted", _PATIENCE_S
            )
            outcome = judge_result(line)
            return Outcome(outcome.objects, (*faults, *outcome.faults))
        finally:
            line.stop()


def find_fault(folder: Path, cut: Cut, expected: Outcome, *, data: str, forked: bool = False) -> str:
    """Return what is wrong after a cut, or nothing; the copy is removed."""
    try:
        found = recover_cut(folder, cut, data=data, forked=forked)
    except (AssertionError, McsyncError) as error:
        return str(error)
    finally:
        cut.image.unlink()
    differing = sorted(set(found.objects) ^ set(expected.objects))
    return "; ".join((*found.faults, *(f"differs: {' '.join(one)}" for one in differing[:5])))


def _is_over(line: Line) -> bool:
    sessions = line.sessions()
    return bool(sessions) and sessions[0]["state"] in {"published", "failed", "stale", "quarantined"}


def start_daemon(disk: Disk, *, forked: bool = False) -> Line:
    """Start a daemon whose folders are on the disk; without kernel events, whose number is limited."""
    line = Line(disk.mount_point / "home", forked=forked)
    line.config.write_text(line.config.read_text().replace("watch: auto", "watch: poll"))
    return line.start()


def drop_durably(line: Line, shoot: Shoot) -> None:
    """Copy the clips into the drop folders and flush them: what an operator copied is on the disk."""
    line.drop_in(shoot.files)
    os.sync()


def approve_waiting(line: Line) -> bool:
    """Approve the newest session if it waits for that; tell whether it cannot be approved."""
    sessions = line.sessions()
    if not sessions or sessions[0]["state"] != "in_review":
        return False
    name, revision = sessions[0]["id"], sessions[0]["revision"]
    try:
        line.call(lambda client: client.send_decision(name, ApproveRequest(), revision))
    except Conflict:
        return False  # it has moved on in this moment
    except UsageError:
        return True
    return False


def judge_result(line: Line) -> Outcome:
    """Return the objects of the manifest, and the faults of what is stored and recorded."""
    session = line.session()
    if session["state"] != "published":
        reasons = [reason["text"] for reason in session["reasons"]]
        return Outcome((), (f"the session is {session['state']}: {session['error'] or reasons}",))
    settings = load_settings(line.config)
    faults = [
        fault
        for found in (
            verify_log(settings, None),
            verify_media(settings, None),
            *(verify_store(settings, storage, None) for storage in settings.stores),
        )
        for fault in found.findings
    ]
    if len(line.sessions()) != 1:
        faults.append(f"{len(line.sessions())} sessions instead of one")
    faults += [
        f"{path.relative_to(line.home)}: nothing but zeros"
        for folder in (line.work / "sessions", line.home / "var" / "bucket")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.read_bytes().strip(b"\0")
    ]
    (recorded,) = read_recorded_sessions(line.home / "var" / "state" / "ledger.db")
    return Outcome(_describe_publication(recorded), tuple(faults))


def _describe_publication(session: Session) -> tuple[tuple[str, str, str], ...]:
    """Return clip, kind and hash of every published object, and camera and offset of every angle."""
    objects = {(planned.clip, planned.kind, planned.sha256) for planned in session.publishing.plan.objects}
    offsets = {(angle.camera, "offset", str(angle.offset_us)) for angle in session.alignment.angles}
    return tuple(sorted(objects | offsets))
