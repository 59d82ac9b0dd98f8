"""Copies that stall: twelve ways in which files get into a drop folder, and recordings in eight containers.

Each way pauses once, at a point where the file in the drop folder holds only a part of the recording,
and goes on as such a program does: with its descriptor, by its name, or not at all.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from line import Line
from mcsyncd.containers.inspection import find_shortfall, lacks_end_mark
from mcsyncd.ingest.observe import observe_drop_folders
from mcsyncd.ingest.pairing import is_seal_due, list_complete_files, list_held_files
from mcsyncd.ingest.settle import SettleState

_H264, _MPEG2 = ("-c:v", "copy"), ("-c:v", "mpeg2video", "-b:v", "2M", "-r", "25")
CONTAINERS: dict[str, tuple[str, ...]] = {
    "mp4": (*_H264, "-c:a", "copy", "-movflags", "+faststart"),
    "mov": (*_H264, "-c:a", "pcm_s16le"),
    "mkv": (*_H264, "-c:a", "copy"),
    "mts": (*_H264, "-c:a", "ac3", "-f", "mpegts", "-mpegts_m2ts_mode", "1"),
    "mxf": (*_MPEG2, "-c:a", "pcm_s16le"),
    "wav": ("-vn", "-c:a", "pcm_s16le"),
    "avi": ("-c:v", "mjpeg", "-c:a", "pcm_s16le"),
    "mpg": (*_MPEG2, "-c:a", "mp2", "-f", "vob"),
}
"""Suffix of each container, and FFmpeg's options for it. The MP4 has its index at the head, the MOV at the
end."""

_BLOCK = 4096
_CHUNK = 1 << 16
"""Bytes that a copy program writes at once, and that make the head of a file."""

_OLD_TIME = 1_700_000_000
"""Modification time of the recording on its card, in seconds."""


@dataclass(frozen=True)
class Copy:
    """One copy under way: `content` goes to `target`; `pause` returns when the stall is over."""

    content: bytes
    target: Path
    container: str
    pause: Callable[[], None]

    @property
    def half(self) -> int:
        """Where the copy stops: a whole number of blocks, as a page cache writes them."""
        return len(self.content) // 2 // _BLOCK * _BLOCK

    @property
    def boundary(self) -> int:
        """A position near the half at which a structure of the container ends."""
        return find_boundary(self.content, self.container)

    def write_parts(self, mode: str, *parts: tuple[int, int]) -> None:
        """Write parts of the recording (begin, end) and close the file.

        A program that wants to go on with a file by its name begins anew if that is gone.
        """
        if mode == "r+b" and not self.target.exists():
            mode, parts = "wb", ((0, len(self.content)),)
        with self.target.open(mode) as file:
            for begin, end in parts:
                if mode != "ab":
                    file.seek(begin)
                file.write(self.content[begin:end])


def write_sequentially(copy: Copy) -> None:
    """As `cp` does, with its descriptor open."""
    with copy.target.open("wb", buffering=0) as file:
        file.write(copy.content[: copy.half])
        copy.pause()
        file.write(copy.content[copy.half :])


def append_later(copy: Copy) -> None:
    """As an FTP server does: closed when the connection breaks, appended to when it is resumed."""
    copy.write_parts("wb", (0, copy.half))
    copy.pause()
    copy.write_parts("ab", (copy.half, len(copy.content)))


def fill_zeros(copy: Copy) -> None:
    """As programs do that write the whole length first, in zeros."""
    copy.target.write_bytes(bytes(len(copy.content)))
    copy.write_parts("r+b", (0, copy.half))
    copy.pause()
    copy.write_parts("r+b", (copy.half, len(copy.content)))


def fill_holes(copy: Copy) -> None:
    """As a downloader of many parts does: full length at once, then the parts in any order."""
    size, part = len(copy.content), len(copy.content) // 8 // _BLOCK * _BLOCK
    order = [7, 0, 2, 5, 1, 6, 3, 4]
    spans = [(number * part, size if number == 7 else (number + 1) * part) for number in order]
    with copy.target.open("wb") as file:
        file.truncate(size)
    copy.write_parts("r+b", *spans[:5])
    copy.pause()
    copy.write_parts("r+b", *spans[5:])


def rename_at_end(copy: Copy) -> None:
    """As rsync does: a hidden name with a random suffix until all is there."""
    _write_elsewhere(copy, copy.target.with_name(f".{copy.target.name}.Xk3d9q"))


def rename_part(copy: Copy) -> None:
    """As WinSCP and browsers do: the name with a suffix until all is there."""
    _write_elsewhere(copy, copy.target.with_name(f"{copy.target.name}.filepart"))


def _write_elsewhere(copy: Copy, path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        file.write(copy.content[: copy.half])
    copy.pause()
    with path.open("ab", buffering=0) as file:
        file.write(copy.content[copy.half :])
    path.rename(copy.target)


def restart_in_place(copy: Copy) -> None:
    """As `rsync --inplace` does: what broke off is written over from the first byte."""
    copy.write_parts("wb", (0, copy.half))
    copy.pause()
    copy.write_parts("r+b", (0, len(copy.content)))


def write_head_last(copy: Copy) -> None:
    """As programs do that come back for the header: zeros stand there until the end."""
    copy.target.write_bytes(bytes(_CHUNK))
    copy.write_parts("r+b", (_CHUNK, len(copy.content)))
    copy.pause()
    copy.write_parts("r+b", (0, _CHUNK))


def keep_old_time(copy: Copy) -> None:
    """As some programs do: the card's modification time after every write, and so during the stall."""
    copy.write_parts("wb", (0, copy.half))
    os.utime(copy.target, (_OLD_TIME, _OLD_TIME))
    copy.pause()
    copy.write_parts("ab", (copy.half, len(copy.content)))
    os.utime(copy.target, (_OLD_TIME, _OLD_TIME))


def stop_at_boundary(copy: Copy) -> None:
    """Chunk by chunk, each flushed, and a stall exactly where a structure of the container ends."""
    with copy.target.open("wb", buffering=0) as file:
        for begin in range(0, copy.boundary, _CHUNK):
            file.write(copy.content[begin : min(begin + _CHUNK, copy.boundary)])
            os.fsync(file.fileno())
    copy.pause()
    copy.write_parts("ab", (copy.boundary, len(copy.content)))


def break_off(copy: Copy) -> None:
    """A copy that nobody resumes."""
    copy.write_parts("wb", (0, copy.half))
    copy.pause()


def write_through_link(copy: Copy) -> None:
    """A hard link to a file that is still written to under its other name, in another folder."""
    staged = copy.target.parents[3] / f"staged-{copy.target.name}"
    staged.write_bytes(copy.content[: copy.half])
    os.link(staged, copy.target)
    copy.pause()
    with staged.open("ab") as file:
        file.write(copy.content[copy.half :])


PATTERNS: dict[str, Callable[[Copy], None]] = {
    "sequential": write_sequentially,
    "append": append_later,
    "zeros": fill_zeros,
    "holes": fill_holes,
    "rename": rename_at_end,
    "part": rename_part,
    "in place": restart_in_place,
    "head last": write_head_last,
    "old time": keep_old_time,
    "boundary": stop_at_boundary,
    "dies": break_off,
    "link": write_through_link,
}


def find_boundary(content: bytes, container: str) -> int:
    """Return the end of a structure near the middle: of a packet, a chunk, a cluster, an item or the data."""
    half = len(content) // 2
    marks = {
        "mkv": bytes.fromhex("1f43b675"),
        "mxf": bytes.fromhex("060e2b34020501010d01030104"),
        "avi": b"00dc",
        "mpg": b"\0\0\1\xba",
        "mov": b"moov",
    }
    if container in marks:
        found = content.find(marks[container], half)
        return found - (4 if container == "mov" else 0)
    if container == "mts":  # the tables stand before a picture, when every stream's last unit is whole
        packets = range(half // 192 * 192, len(content) - 191, 192)
        return next(at for at in packets if content[at + 5 : at + 7] == b"\x40\x00")
    return half // 4 * 4  # a sample of both channels of a WAV; nothing in the data of an MP4


def make_sources(folder: Path, film: Path) -> dict[str, Path]:
    """Write one recording in every container."""
    folder.mkdir(exist_ok=True)
    made = {}
    for container, options in CONTAINERS.items():
        made[container] = folder / f"C0007.{container.upper()}"
        command = ["ffmpeg", "-v", "error", "-y", "-i", film, *options, "-ar", "48000", made[container]]
        subprocess.run(command, check=True)
    return made


CAMERA = "cam_c"
"""The camera into whose folder the copies go."""


@contextmanager
def run_copy(source: Path, target: Path, pattern: str, container: str, stall_s: float) -> Iterator[Thread]:
    """Copy in a thread of its own; it has ended when this returns."""
    copy = Copy(source.read_bytes(), target, container, lambda: time.sleep(stall_s))
    thread = Thread(target=PATTERNS[pattern], args=(copy,))
    thread.start()
    try:
        yield thread
    finally:
        thread.join()


def judge_intake(drop: Path, source: Path, pattern: str, container: str, stall_s: float) -> str:
    """Copy into a folder that is scanned as the daemon does; return what is wrong, or nothing.

    A file that differs from its source may be taken only with a doubt. A file is taken after a tenth of
    `stall_s` without a change, and the session is sealed after another one.
    """
    state, wait_s = SettleState(), stall_s / 10
    target = drop / CAMERA / source.name
    with run_copy(source, target, pattern, container, stall_s) as copying:
        while copying.is_alive():
            _, state = observe_drop_folders(drop, (CAMERA,), state, settle_s=wait_s, settle_network_s=wait_s)
            due = is_seal_due(
                list_complete_files(state),
                (CAMERA,),
                quiet_for_s=state.quiet_for_s,
                required_quiet_s=wait_s,
                held=list_held_files(state),
            )
            if due and not _is_doubted(target) and target.read_bytes() != source.read_bytes():
                return f"{target.stat().st_size} bytes are taken for the whole"
            time.sleep(wait_s / 3)
    return ""


def _is_doubted(path: Path) -> bool:
    with path.open("rb") as file:
        return find_shortfall(file) is not None or lacks_end_mark(file)


@dataclass(frozen=True)
class Verdict:
    """What came of a copy: what is wrong ("" if nothing is), what the end of the session was, and the doubts.

    `doubts` are the codes of the reasons while a part was taken in; `copied_again` tells that the copy
    did not mend itself, and that all of it was copied again, as people are told to.
    """

    fault: str
    end: str
    doubts: tuple[str, ...] = ()
    copied_again: bool = False


def judge_copy(
    line: Line, whole: dict[str, Path], source: Path, *, pattern: str, container: str, stall_s: float
) -> Verdict:
    """Copy into the folder of a running daemon, whose other cameras get `whole`; return what came of it."""
    line.drop_in(whole)
    target = line.drop / CAMERA / source.name
    doubts: set[str] = set()
    step_s = min(max(stall_s / 10, 0.5), _MAX_STEP_S)
    with run_copy(source, target, pattern, container, stall_s) as copying:
        while copying.is_alive():
            if fault := _find_fault(line, source, doubts):
                return Verdict(fault, "", tuple(sorted(doubts)))
            time.sleep(step_s)
    for copied_again in (False, True):
        if copied_again:
            shutil.copy(source, target)
        last = time.monotonic() + (0.0 if pattern == "dies" and not copied_again else _PATIENCE_S)
        while time.monotonic() < last:
            if fault := _find_fault(line, source, doubts):
                return Verdict(fault, "", tuple(sorted(doubts)), copied_again)
            if end := _find_end(line, source):
                return Verdict("", end, tuple(sorted(doubts)), copied_again)
            time.sleep(step_s)
    return Verdict("the whole is not in the session", "", tuple(sorted(doubts)), copied_again=True)


_MAX_STEP_S = 5.0
"""Seconds between two looks at a session, at most: one that has taken a part stays as it is for minutes."""

_PATIENCE_S = 300.0
"""Seconds in which a session must get the whole: a file that has stalled stays quiet for up to 120 s."""


def _find_fault(line: Line, source: Path, doubts: set[str]) -> str:
    """Return what is wrong with a session that has taken a part; add its doubts."""
    for session in line.sessions():
        part = _locate_original(line, session, source)
        if session["state"] == "in_review" and part.read_bytes() != source.read_bytes():
            codes = {reason["code"] for reason in session["reasons"]}
            doubts |= codes
            if session["call_to_action"] != "review_sync":
                return f"{part.stat().st_size} of {source.stat().st_size} bytes look good"
            if not codes:
                return "a part is in review, and no reason says so"
    return ""


def _find_end(line: Line, source: Path) -> str | None:
    """Return how the review of the whole came out; None until it is there."""
    for session in line.sessions():
        kept = _locate_original(line, session, source)
        if session["state"] == "in_review" and kept.read_bytes() == source.read_bytes():
            return session["call_to_action"]
    return None


def _locate_original(line: Line, session: dict, source: Path) -> Path:
    return line.work / "sessions" / session["id"] / "original" / CAMERA / source.name
