"""Calls that stand for the encoding of a segment: they write files on whichever machine runs them.

Small on purpose: each attempt starts a process that imports this module.
"""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

from mcsyncd.errors import BadMedia
from mcsyncd.model.rendition import WrittenFile


@dataclass(frozen=True, slots=True)
class NodeFolder:
    path: Path


@dataclass(frozen=True, slots=True)
class NodeTask:
    number: int
    folder: NodeFolder
    journal: Path
    """A folder in which every call leaves a file: who ran it, and in which process."""
    wait_s: float = 0.0
    slow_on: str = ""
    """Names of nodes: `ab` are both."""
    false_on: str = ""


@dataclass(frozen=True, slots=True)
class NodeResult:
    number: int
    files: tuple[WrittenFile, ...]
    node: str


def get_node() -> str:
    return os.environ.get("NODE", "here")


def write_file(path: Path, data: bytes) -> WrittenFile:
    path.write_bytes(data)
    return WrittenFile(str(path), len(data), hashlib.sha256(data).hexdigest())


def note_call(task: NodeTask) -> None:
    task.journal.mkdir(parents=True, exist_ok=True)
    (task.journal / f"{task.number}-{get_node()}-{os.getpid()}").touch()


def write_segment(task: NodeTask) -> NodeResult:
    """Write two files; on `slow_on` wait for the file `go`, on `false_on` lie."""
    note_call(task)
    end = time.monotonic() + 600
    while get_node() in task.slow_on and not (task.journal / "go").exists() and time.monotonic() < end:
        time.sleep(0.05)
    data = f"segment {task.number}".encode() * 1000
    files = (
        write_file(task.folder.path / f"{task.number}.bin", data),
        write_file(task.folder.path / f"{task.number}.jpg", data[:100]),
    )
    if task.false_on == get_node():
        Path(files[0].path).write_bytes(data[:-1] + b"?")
    return NodeResult(task.number, files, get_node())


def wait_and_write(task: NodeTask) -> NodeResult:
    """Take as long as an encoder would."""
    time.sleep(task.wait_s)
    return write_segment(task)


def raise_bad_media(task: NodeTask) -> NodeResult:
    note_call(task)
    raise BadMedia(f"{task.number}.mov: broken", "record it again")


def die(task: NodeTask) -> NodeResult:
    """Crash like a codec, but not in the process of the job itself."""
    note_call(task)
    if get_node() != "here":
        os.abort()
    return write_segment(task)
