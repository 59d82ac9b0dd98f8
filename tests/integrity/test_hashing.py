from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from mcsyncd.errors import SourceChanged
from mcsyncd.integrity.hashing import CHUNK_BYTES, compute_digest, verify_digest

# Published by xxHash itself (XXH3 128 bits, seed 0, no input), not by the package under test.
XXH128_OF_NOTHING = "99aa06d3014798d86001c324468d497f"
SHA256_OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_known_values(tmp_path):
    assert compute_digest(write(tmp_path / "abc", b"abc")).sha256 == SHA256_OF_ABC
    empty = compute_digest(write(tmp_path / "empty", b""))
    assert empty.xxh128 == XXH128_OF_NOTHING
    assert (empty.sha256, empty.bytes) == (hashlib.sha256().hexdigest(), 0)


@pytest.mark.parametrize("size", [1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES + 7])
@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum here")
def test_agrees_with_sha256sum_around_the_borders_of_a_chunk(tmp_path, size):
    path = write(tmp_path / "clip.mov", os.urandom(size))
    said = subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True).stdout
    assert compute_digest(path).sha256 == said.split()[0]
    assert compute_digest(path).bytes == size


def test_xxh128_tells_chunks_in_another_order_apart(tmp_path):
    one, two = os.urandom(CHUNK_BYTES), os.urandom(CHUNK_BYTES)
    assert (
        compute_digest(write(tmp_path / "a", one + two)).xxh128
        != compute_digest(write(tmp_path / "b", two + one)).xxh128
    )


def test_progress_ends_at_the_whole(tmp_path):
    path = write(tmp_path / "clip.mov", bytes(CHUNK_BYTES + 5))
    seen: list[tuple[int, int]] = []
    compute_digest(path, lambda done, total: seen.append((done, total)))
    assert seen == [(CHUNK_BYTES, CHUNK_BYTES + 5), (CHUNK_BYTES + 5, CHUNK_BYTES + 5)]


@pytest.mark.parametrize("touch", ["append", "replace_in_place", "truncate"])
def test_a_file_that_moves_while_it_is_read_has_no_hash(tmp_path, touch):
    path = write(tmp_path / "clip.mov", bytes(3 * CHUNK_BYTES))

    def meddle(done: int, _total: int) -> None:
        if done != CHUNK_BYTES:
            return
        with path.open("r+b") as file:
            if touch == "append":
                file.seek(0, os.SEEK_END)
            if touch == "truncate":
                file.truncate(CHUNK_BYTES)
            else:
                file.write(b"x")

    with pytest.raises(SourceChanged, match=r"clip\.mov changed"):
        compute_digest(path, meddle)


def test_a_restored_mtime_does_not_hide_a_change(tmp_path):
    path = write(tmp_path / "clip.mov", bytes(2 * CHUNK_BYTES))
    before = path.stat()

    def meddle(done: int, _total: int) -> None:
        with path.open("r+b") as file:
            file.write(b"y")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    with pytest.raises(SourceChanged):
        compute_digest(path, meddle)


def test_a_link_a_folder_a_pipe_and_nothing_are_refused(tmp_path):
    write(tmp_path / "real", b"secret")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder.mp4").mkdir()
    for name in ("link", "pipe", "folder.mp4", "missing"):
        with pytest.raises(SourceChanged, match=name):
            compute_digest(tmp_path / name)


def test_a_hash_leaves_no_thread_behind(tmp_path):
    before = threading.active_count()
    compute_digest(write(tmp_path / "clip.mov", bytes(10)))
    assert threading.active_count() == before


def test_matches_asks_for_size_and_content(tmp_path):
    path = write(tmp_path / "abc", b"abc")
    assert verify_digest(path, SHA256_OF_ABC, 3)
    assert not verify_digest(path, SHA256_OF_ABC, 4)
    assert not verify_digest(write(tmp_path / "abd", b"abd"), SHA256_OF_ABC, 3)
    assert not verify_digest(tmp_path / "missing", SHA256_OF_ABC, 3)
