"""What a failing disk must not be taken for, and how it is named."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from disk_faults import can_fail_disks, mount_disk
from publish.sessions import sums_of

from mcsyncd.daemon.decision_facts import look_at_originals
from mcsyncd.errors import StorageError, StoreOffline
from mcsyncd.ingest.folders import Folder
from mcsyncd.ingest.offload import offload_files
from mcsyncd.ingest.verified_copy import copy_and_verify
from mcsyncd.integrity.derived_file import DerivedFile, write_derived_file
from mcsyncd.integrity.hashing import compute_digest, verify_digest
from mcsyncd.listen.playback.comparison import ComparedClip, render_comparison_wav
from mcsyncd.media.open import open_media
from mcsyncd.model.clip import Clip, DropFile
from mcsyncd.model.session import Session
from mcsyncd.probe.probe import probe_clip
from mcsyncd.publish.local import LocalStore
from mcsyncd.settings.stores import LocalStorage
from mcsyncd.settings.work_layout import WorkLayout
from recordings import record

pytestmark = pytest.mark.skipif(not can_fail_disks(), reason="a disk that fails needs root and FUSE")


@pytest.fixture
def failing(tmp_path):
    with mount_disk(tmp_path, "i/o") as disk:
        yield disk


@pytest.fixture
def full(tmp_path):
    with mount_disk(tmp_path, "quota") as disk:
        yield disk


def count_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_file_on_a_failing_disk_is_neither_changed_nor_lost(failing):
    """The session became stale, or its derived files were made again until it failed."""
    path = failing.path / "clip.mov"
    path.write_bytes(b"clip")
    digest = compute_digest(path)
    failing.fail()
    for ask in (lambda: compute_digest(path), lambda: verify_digest(path, digest.sha256, digest.bytes)):
        with pytest.raises(OSError, match=os.strerror(errno.EIO)) as caught:
            ask()
        assert caught.value.filename == str(path)
    failing.mend()
    assert verify_digest(path, digest.sha256, digest.bytes)


def test_an_original_on_a_failing_disk_is_not_missing(failing):
    """A retry made the session stale."""
    path = failing.path / "clip.mov"
    path.write_bytes(b"clip")
    layout = WorkLayout(failing.path, failing.path, LocalStorage(kind="local", path=failing.path))
    session = Session("20261126-091502-k7q", "now", clips=(Clip("cam_a", "clip.mov", 4, 1, "clip.mov"),))
    assert look_at_originals(session, layout).found
    failing.fail()
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        look_at_originals(session, layout)


def test_a_stored_object_on_a_failing_disk_is_not_another_one(failing, tmp_path):
    source = tmp_path / "clip.mov"
    source.write_bytes(b"clip")
    sums = sums_of(source)
    store = LocalStore(failing.path)
    store.put_file("v1/original/x.mov", source, sums)
    failing.fail()
    with pytest.raises(StoreOffline) as caught:
        store.put_file("v1/original/x.mov", source, sums)
    assert str(failing.path) in caught.value.message


def test_a_failing_disk_below_what_is_stored_is_not_the_store(failing, tmp_path):
    """The bucket was blamed."""
    source = failing.path / "clip.mov"
    source.write_bytes(b"clip")
    sums = sums_of(source)
    failing.fail()
    with pytest.raises(StorageError) as caught:
        LocalStore(tmp_path / "bucket").put_file("v1/original/x.mov", source, sums)
    assert str(source) in caught.value.message


def test_a_full_disk_is_named_by_the_whole_path(full):
    """A write has no name, and what is opened below a folder half of one: nobody knew which disk was full."""
    with Folder.open_root(full.path) as root, root.hold_new_file("there") as _:
        full.fail()
        for write in (
            lambda: write_derived_file(full.path / "new", b"x"),
            lambda: root.hold_new_file("new").__enter__(),
            lambda: root.open_below(Path("folder"), create=True).__enter__(),
        ):
            with pytest.raises(OSError, match=os.strerror(errno.EDQUOT)) as caught:
                write()
            assert caught.value.filename.startswith(str(full.path))


def test_a_disk_that_is_full_in_the_middle_of_a_file_is_named_too(full):
    file = DerivedFile(full.path / "new")
    full.fail()
    with pytest.raises(OSError, match=os.strerror(errno.EDQUOT)) as caught:
        file.write(b"x" * 5_000_000)
    assert caught.value.filename == str(file.part)
    full.mend()
    file.discard()


def test_every_error_of_an_offload_names_its_disk(memory_disk):
    """Whatever call the disk fails in: the one that closes a file had no name, nor had a move aside."""
    at = memory_disk.path
    for drop, work in ((at.parent / "drop", at / "work"), (at / "drop", at.parent / "work")):
        clip = drop / "cam_a" / "DCIM" / "clip.mov"
        files: list[DropFile] = []

        def prepare(drop=drop, work=work, clip=clip, files=files):
            for folder in (drop, work):
                shutil.rmtree(folder, ignore_errors=True)
            offload_files([_drop_file(clip, drop, b"another one")], drop, work)  # is set aside
            files[:] = [_drop_file(clip, drop)]

        requests = require_names(
            memory_disk,
            prepare,
            lambda drop=drop, work=work, files=files: offload_files(
                files, drop, work, set_aside=work / "aside"
            ),
        )
        assert requests > 30, "an offload asks the disk more than that"


def test_every_error_of_a_derived_file_names_its_disk(memory_disk):
    """The permissions had the number of a descriptor for a name."""

    def write():
        with DerivedFile(memory_disk.path / "folder" / "derived") as file:
            file.write(b"x")
            file.skip(1 << 20)
            file.set_access(0o640, 0)
            assert file.read_back()
        assert compute_digest(file.path).sha256 == file.sha256

    folder = memory_disk.path / "folder"
    assert require_names(memory_disk, lambda: shutil.rmtree(folder, ignore_errors=True), write) > 10


@pytest.fixture
def memory_disk():
    """A disk that fails, over memory: a real one would flush each of the many files."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder, mount_disk(Path(folder), "i/o") as disk:
        yield disk


def require_names(disk, prepare, act):
    """Let the disk fail from its first request on, from its second, and so on until `act` succeeds.

    Return the number of requests of `act`. Each error must name a file on the disk.
    """
    spared = 0
    while True:
        prepare()
        disk.fail(after=spared)
        try:
            act()
        except OSError as caught:
            error = caught
        else:
            return spared
        finally:
            disk.mend()
        assert error.errno == errno.EIO
        assert str(error.filename).startswith(str(disk.path)), f"after {spared} requests: {error!r}"
        spared += 1


def _drop_file(path: Path, drop: Path, content: bytes = b"clip") -> DropFile:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    name = str(path.relative_to(drop / "cam_a"))
    return DropFile("cam_a", name, len(content), path.stat().st_mtime_ns)


def test_a_copy_that_fails_leaves_no_file_open(full, tmp_path):
    """Each try of a worker left one; after a day there were none left to open."""
    source = tmp_path / "clip.mov"
    source.write_bytes(b"clip")
    file = DropFile("cam_a", "clip.mov", 4, source.stat().st_mtime_ns)
    with Folder.open_root(tmp_path) as left, Folder.open_root(full.path) as right:
        before = count_descriptors()
        full.fail()
        for _ in range(3):
            with pytest.raises(OSError, match=os.strerror(errno.EDQUOT)) as caught:
                copy_and_verify(left, right, "clip.mov", file, lambda _: None)
            assert caught.value.filename.startswith(str(full.path))
        del caught
        assert count_descriptors() == before
        full.mend()
        copy_and_verify(left, right, "clip.mov", file, lambda _: None)
    assert (full.path / "clip.mov").read_bytes() == b"clip"


def test_a_recording_on_a_failing_disk_is_not_a_bad_one(failing):
    path = record(failing.path, "mov")
    media = probe_clip(path)
    clip = ComparedClip(path, media, 0, 0.0)
    failing.fail()
    for use in (
        lambda: open_media(path).__enter__(),
        lambda: probe_clip(path),
        lambda: render_comparison_wav(clip, clip, 0, 100_000),
    ):
        with pytest.raises(OSError, match=os.strerror(errno.EIO)) as caught:
            use()
        assert caught.value.filename == str(path)
