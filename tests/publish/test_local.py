from __future__ import annotations

import errno
import hashlib
import os
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from publish.sessions import sums_of

import mcsyncd
from mcsyncd.errors import SourceChanged, StorageError, StoreOffline
from mcsyncd.model.part_sums import MIN_PART_BYTES, PartSums
from mcsyncd.publish.local import LocalStore
from mcsyncd.publish.object_store import ListedObject, ObjectStat

KEY = "v1/orig/s/cam_a/x.mov"
CONTENT = b"footage" * 1_000_000
SHA = hashlib.sha256(CONTENT).hexdigest()
SUMS = PartSums(SHA, len(CONTENT), MIN_PART_BYTES, ("",), (0,), 0)
"""Of the sums, a folder needs no more than the hash and the size."""


@pytest.fixture
def store(tmp_path) -> LocalStore:
    return LocalStore(tmp_path / "bucket")


@pytest.fixture
def source(tmp_path) -> Path:
    (tmp_path / "clip.mov").write_bytes(CONTENT)
    return tmp_path / "clip.mov"


def put(store: LocalStore, source: Path, key: str = KEY, **how) -> None:
    store.put_file(key, source, SUMS, **how)


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_what_is_stored_is_there_and_read_only(store, source, tmp_path):
    seen = []
    put(store, source, report_progress=lambda done, total: seen.append((done, total)))
    place = tmp_path / "bucket" / KEY
    assert place.read_bytes() == CONTENT
    assert stat.S_IMODE(place.stat().st_mode) == 0o444
    assert store.stat_object(KEY) == ObjectStat(len(CONTENT), None, "")
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert files(tmp_path / "bucket") == [KEY]


def test_again_is_cheap_and_changes_nothing(store, source, tmp_path):
    put(store, source)
    before = (tmp_path / "bucket" / KEY).stat()
    put(store, source)
    assert (tmp_path / "bucket" / KEY).stat().st_ino == before.st_ino


@pytest.mark.parametrize("other", [b"other", b"x" * len(CONTENT)])
def test_other_content_is_never_overwritten(store, source, tmp_path, other):
    place = tmp_path / "bucket" / KEY
    place.parent.mkdir(parents=True)
    place.write_bytes(other)
    with pytest.raises(StorageError, match="another object") as caught:
        put(store, source)
    assert caught.value.hint
    assert place.read_bytes() == other


def test_a_file_that_is_not_what_was_recorded_is_not_stored(store, source, tmp_path):
    source.write_bytes(CONTENT[:-1] + b"!")
    with pytest.raises(SourceChanged, match=r"clip\.mov"):
        put(store, source)
    source.unlink()
    with pytest.raises(SourceChanged, match=r"clip\.mov"):
        put(store, source)
    assert files(tmp_path / "bucket") == []


def test_a_disk_that_gives_back_other_bytes_is_noticed(store, source, tmp_path, monkeypatch):
    """Such a disk cannot be provoked; the write is bent instead."""
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, b"\0" * len(data)))
    with pytest.raises(StorageError, match="returned other bytes"):
        put(store, source)
    assert files(tmp_path / "bucket") == []


@pytest.mark.parametrize("key", ["../escape", "v1/../../escape", "/etc/x", "v1/./x", ""])
def test_a_key_cannot_escape(store, source, key):
    for call in (
        lambda: put(store, source, key),
        lambda: store.get_document(key),
        lambda: store.stat_object(key),
    ):
        with pytest.raises(StorageError, match="not a valid object key"):
            call()


def test_a_link_in_the_folder_leads_nowhere(store, source, tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "bucket").mkdir()
    (tmp_path / "bucket/v1").symlink_to(tmp_path / "outside")
    with pytest.raises(StorageError, match="link"):
        put(store, source)
    assert files(tmp_path / "outside") == []


def test_a_folder_reached_through_a_link_of_the_admin_is_fine(source, tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "bucket").symlink_to(tmp_path / "disk")
    put(LocalStore(tmp_path / "bucket"), source)
    assert files(tmp_path / "disk") == [KEY]


def test_a_document_is_written_once(store):
    store.put_document("v1/manifest/s/1.json", b"{}")
    store.put_document("v1/manifest/s/1.json", b"{}")
    assert store.get_document("v1/manifest/s/1.json") == b"{}"
    with pytest.raises(StorageError, match="another version"):
        store.put_document("v1/manifest/s/1.json", b"{1}")
    assert store.get_document("v1/manifest/s/1.json") == b"{}"


def test_the_pointer_is_replaced_only_from_the_version_that_was_read(store):
    store.put_document("head/s.json", b"1")
    one = store.find_document("head/s.json")
    store.put_document("head/s.json", b"2", if_match=one.tag)
    assert store.get_document("head/s.json") == b"2"
    store.put_document("head/s.json", b"2", if_match=one.tag)
    with pytest.raises(StorageError, match="another version"):
        store.put_document("head/s.json", b"3", if_match=one.tag)


def test_what_is_not_there(store):
    assert store.stat_object(KEY) is None
    with pytest.raises(StorageError, match="not in the store"):
        store.get_document(KEY)


def test_killed_while_it_writes_it_leaves_no_half_object(store, source, tmp_path):
    script = """if True:
        import os, signal, sys
        from pathlib import Path
        from mcsyncd.publish.local import LocalStore
        real = os.write
        def write(descriptor, data):
            real(descriptor, data[:1000])
            os.kill(os.getpid(), signal.SIGKILL)
        os.write = write
        from mcsyncd.integrity.part_sums import compute_part_sums
        root, key, path = sys.argv[1:]
        LocalStore(Path(root)).put_file(key, Path(path), compute_part_sums(Path(path))[1])
    """
    arguments = [tmp_path / "bucket", KEY, source]
    env = {"PYTHONPATH": str(Path(mcsyncd.__file__).parents[1])}
    died = subprocess.run([sys.executable, "-c", script, *arguments], env=env, check=False)
    assert died.returncode == -signal.SIGKILL
    (left,) = files(tmp_path / "bucket")
    assert left.endswith(".part")
    assert store.stat_object(KEY) is None
    put(store, source)
    assert files(tmp_path / "bucket") == [KEY]


def test_health(store, tmp_path):
    assert "is not there" in store.check()
    (tmp_path / "bucket").mkdir()
    assert store.check() == "ok"
    (tmp_path / "file").write_bytes(b"")
    assert str(tmp_path / "file") in LocalStore(tmp_path / "file/bucket").check()


def test_objects_are_listed_by_folder_in_order_and_without_what_is_on_its_way(store, tmp_path):
    assert list(store.list_objects("head/")) == []
    for name in ("b", "a"):
        store.put_document(f"head/{name}.json", b"{}")
    store.put_document("v1/manifest/s/1.json", b"{1}")
    (tmp_path / "bucket/head/c.json.0123.part").write_bytes(b"half")
    heads = [ListedObject("head/a.json", 2, ""), ListedObject("head/b.json", 2, "")]
    assert list(store.list_objects("head/")) == heads
    assert list(store.list_objects()) == [*heads, ListedObject("v1/manifest/s/1.json", 3, "")]


@pytest.mark.parametrize(("start", "length"), [(0, 0), (0, 7), (3, 7), (6_999_990, 10), (0, 7_000_000)])
def test_a_range_is_read_back(store, source, start, length):
    put(store, source)
    assert b"".join(store.read_object(KEY, start, length)) == CONTENT[start : start + length]


def test_a_repair_takes_the_place_of_what_is_there(store, source, tmp_path):
    put(store, source)
    place = tmp_path / "bucket" / KEY
    place.chmod(0o600)
    place.write_bytes(b"x" * len(CONTENT))
    with pytest.raises(StorageError, match="another object"):
        put(store, source)
    put(store, source, replace=True)
    assert place.read_bytes() == CONTENT


@pytest.fixture
def umask():
    """The umask of the shipped unit."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.fixture
def open_folder():
    """A folder that other users can enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize(("top", "file"), [(0o2750, 0o440), (0o755, 0o444)])
def test_whoever_may_read_the_top_folder_may_read_all_of_it(tmp_path, source, top, file):
    root = tmp_path / "bucket"
    root.mkdir()
    root.chmod(top)
    store = LocalStore(root)
    put(store, source)
    store.put_document("head/x.json", b"{}")
    for path in root.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o777 == (top & 0o777 if path.is_dir() else file), path


@pytest.mark.usefixtures("umask")
def test_a_unit_that_may_set_no_group_bit_can_publish(tmp_path, source, monkeypatch):
    """RestrictSUIDSGID= of the unit has the kernel refuse each mode with that bit."""

    def refuse_group_bit(call):
        def restricted(path, mode=0o777, **how):
            if mode & (stat.S_ISUID | stat.S_ISGID):
                raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(path))
            return call(path, mode, **how)

        return restricted

    root = tmp_path / "bucket"
    root.mkdir()
    root.chmod(0o2750)  # as systemd/mcsyncd.tmpfiles makes it
    for name in ("chmod", "fchmod", "mkdir"):
        monkeypatch.setattr(os, name, refuse_group_bit(getattr(os, name)))
    put(LocalStore(root), source)
    assert (root / KEY).read_bytes() == CONTENT


@pytest.mark.skipif(os.geteuid() != 0, reason="giving files to another group needs root")
@pytest.mark.usefixtures("umask")
def test_all_of_a_store_belongs_to_the_group_of_its_top_folder(open_folder, source):
    root = open_folder / "bucket"
    root.mkdir()
    os.chown(root, -1, 12_345)
    root.chmod(0o750)  # as older versions made it, without setgid
    put(LocalStore(root), source)
    found = {path.stat().st_gid for path in root.rglob("*")}
    assert found == {12_345}
    reader = ["setpriv", "--reuid=54321", "--regid=54321", "--groups=12345", "cat", str(root / KEY)]
    assert subprocess.run(reader, capture_output=True, check=True).stdout == CONTENT


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk_is_named_with_the_folder_and_may_pass(tmp_path, source):
    root = tmp_path / "bucket"
    root.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(root)], check=True)
    try:
        (root / "ballast").write_bytes(bytes(60 << 10))
        source.write_bytes(bytes(32 << 10))
        store, sums = LocalStore(root), sums_of(source)
        with pytest.raises(StoreOffline, match="No space left") as refused:
            store.put_file(KEY, source, sums)
        assert str(root) in refused.value.message
        assert "make room" in refused.value.hint
        assert "free" in store.check()
        assert str(root) in store.check()
    finally:
        subprocess.run(["umount", str(root)], check=True)
