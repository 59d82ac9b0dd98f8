"""A decoder that was taken over: it tries what an attacker would, and must obtain nothing."""

from __future__ import annotations

import os
import signal
import socket
import struct
import threading

import pytest

from mcsyncd.model.clip import Media
from mcsyncd.workers.sandbox import kernel
from mcsyncd.workers.sandbox.contained_call import ContainedProcessDied, run_contained
from mcsyncd.workers.sandbox.filter_program import build_filter
from mcsyncd.workers.sandbox.grant import Grant
from mcsyncd.workers.sandbox.system_calls import ARCHITECTURES

contained = pytest.mark.skipif(
    kernel.read_landlock_version() == 0 or not kernel.has_filters(), reason="this kernel cannot contain"
)


def _try(attack) -> str:
    try:
        attack()
    except OSError as error:
        return type(error).__name__
    return "obtained"


def _run(attacks, grant: Grant) -> dict[str, str]:
    def attack(_report):
        return {name: _try(one) for name, one in attacks.items()}

    return run_contained(attack, dict[str, str], grant)


@contained
def test_an_exploit_obtains_nothing(tmp_path):
    clip, other, ledger, key = (tmp_path / name for name in ("a.mov", "b.mov", "ledger.db", "r2.env"))
    for file in (clip, other, ledger, key):
        file.write_bytes(b"mine")
    own = tmp_path / "own"
    own.mkdir()
    open_ledger = os.open(ledger, os.O_RDWR)
    attacks = {
        "the ledger": ledger.read_bytes,
        "the ledger, already open": lambda: os.pread(open_ledger, 4, 0),
        "the credentials": key.read_bytes,
        "another clip": other.read_bytes,
        "the memory of its parent": lambda: os.open(f"/proc/{os.getppid()}/mem", os.O_RDONLY),
        "the clip, to write": lambda: clip.open("r+b"),
        "cutting the clip": lambda: os.open(clip, os.O_RDONLY | os.O_TRUNC),
        "cutting the ledger": lambda: os.truncate(ledger, 0),
        "removing another clip": other.unlink,
        "moving the ledger": lambda: ledger.rename(own / "ledger.db"),
        "linking the ledger": lambda: os.link(ledger, own / "linked"),
        "a link to the ledger": lambda: (own / "link").symlink_to(ledger),
        "opening the ledger to all": lambda: ledger.chmod(0o666),
        "a socket": socket.socket,
        "a local socket": lambda: socket.socket(socket.AF_UNIX),
        "a process": os.fork,
        "a program": lambda: os.execv("/bin/true", ["true"]),
        "ending its parent": lambda: os.kill(os.getppid(), signal.SIGTERM),
    }
    try:
        found = _run(attacks, Grant((clip,), (own,), 1000, 10_000))
        outside = {_try(attacks[name]) for name in ("the ledger", "the credentials", "another clip")}
    finally:
        os.close(open_ledger)
    assert [name for name, how in found.items() if how == "obtained"] == []
    assert outside == {"obtained"}, "without the sandbox, the same attacks succeed"
    assert [file.read_bytes() for file in (clip, other, ledger, key)] == [b"mine"] * 4
    assert list(own.iterdir()) == []


@contained
def test_what_is_granted_works(tmp_path):
    clip, own = tmp_path / "a.mov", tmp_path / "own"
    clip.write_bytes(b"mine")
    own.mkdir()

    def use() -> None:
        clip.read_bytes()
        (own / "inner").mkdir()
        (own / "inner" / "made").write_bytes(b"x")
        (own / "inner" / "made").rename(own / "made")
        threads = [threading.Thread(target=list) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert _run({"use": use}, Grant((clip,), (own,), 1000, 10_000)) == {"use": "obtained"}
    assert (own / "made").read_bytes() == b"x"


def test_a_disk_cannot_be_filled(tmp_path):
    own = tmp_path / "own"
    own.mkdir()

    def fill(_report):
        number = 0
        while True:
            (own / str(number := number + 1)).write_bytes(bytes(1_000))

    with pytest.raises(OSError, match="File too large"):
        run_contained(fill, int, Grant(writes=(own,), file_bytes=1_000, written_bytes=100_000))
    assert not own.exists()
    with pytest.raises(OSError, match="File too large"):
        run_contained(
            lambda _: (own.mkdir(), (own / "one").write_bytes(bytes(2_000)), 1)[2],
            int,
            Grant(writes=(tmp_path,), file_bytes=1_000, written_bytes=100_000),
        )


@pytest.mark.parametrize(
    "answer", [b"\x80\x04.", struct.pack("<BI", 2, 1 << 31), struct.pack("<BI", 2, 2) + b"[]"]
)
def test_an_answer_that_is_none_is_a_death(answer):
    """Whoever took the process over writes to the pipe what he likes: file 3, and not a pickle."""

    def lie(_report):
        os.write(3, answer)
        return 1

    with pytest.raises(ContainedProcessDied):
        run_contained(lie, Media, Grant())


def test_a_crash_says_how_it_died():
    def crash(_report):
        os.write(2, b"free(): invalid pointer")
        os.kill(os.getpid(), signal.SIGSEGV)

    with pytest.raises(ContainedProcessDied, match=r"SIGSEGV.*invalid pointer") as caught:
        run_contained(crash, int, Grant())
    assert caught.value.ended_by == signal.SIGSEGV


def test_a_call_that_takes_all_memory_gets_none():
    with pytest.raises(RuntimeError, match="MemoryError"):
        run_contained(lambda _: len(bytearray(1 << 32)), int, Grant(memory_bytes=1 << 32))


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_every_jump_of_a_filter_lands_in_it(machine):
    program = list(struct.iter_unpack("HBBI", build_filter(machine, 1234)))
    for at, (code, if_true, if_false, _) in enumerate(program):
        assert at + 1 + max(if_true, if_false) < len(program) or code == 0x06
    assert program[-1][0] == 0x06
