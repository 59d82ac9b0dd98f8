from __future__ import annotations

import hashlib
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import mcsyncd
from mcsyncd.errors import SourceChanged, StorageError
from mcsyncd.publish.local import LocalStore
from mcsyncd.publish.object_store import ObjectStat

KEY = "v1/orig/s/cam_a/x.mov"
CONTENT = b"footage" * 1_000_000
SHA = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def store(tmp_path) -> LocalStore:
    return LocalStore(tmp_path / "bucket")


@pytest.fixture
def source(tmp_path) -> Path:
    (tmp_path / "clip.mov").write_bytes(CONTENT)
    return tmp_path / "clip.mov"


def put(store: LocalStore, source: Path, key: str = KEY, **how) -> None:
    store.put_file(key, source, sha256=SHA, size=len(CONTENT), **how)


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_what_is_stored_is_there_and_read_only(store, source, tmp_path):
    seen = []
    put(store, source, report_progress=lambda done, total: seen.append((done, total)))
    place = tmp_path / "bucket" / KEY
    assert place.read_bytes() == CONTENT
    assert stat.S_IMODE(place.stat().st_mode) == 0o444
    assert store.stat_object(KEY) == ObjectStat(len(CONTENT), SHA, SHA)
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
    one = store.stat_object("head/s.json")
    store.put_document("head/s.json", b"2", if_match=one.etag)
    assert store.get_document("head/s.json") == b"2"
    store.put_document("head/s.json", b"2", if_match=one.etag)
    with pytest.raises(StorageError, match="another version"):
        store.put_document("head/s.json", b"3", if_match=one.etag)


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
        root, key, path, sha256, size = sys.argv[1:]
        LocalStore(Path(root)).put_file(key, Path(path), sha256=sha256, size=int(size))
    """
    arguments = [tmp_path / "bucket", KEY, source, SHA, str(len(CONTENT))]
    env = {"PYTHONPATH": str(Path(mcsyncd.__file__).parents[1])}
    died = subprocess.run([sys.executable, "-c", script, *arguments], env=env, check=False)
    assert died.returncode == -signal.SIGKILL
    (left,) = files(tmp_path / "bucket")
    assert left.endswith(".part")
    assert store.stat_object(KEY) is None
    put(store, source)
    assert files(tmp_path / "bucket") == [KEY]


def test_health(store, tmp_path):
    assert store.check() == "ok"
    (tmp_path / "file").write_bytes(b"")
    assert str(tmp_path / "file") in LocalStore(tmp_path / "file/bucket").check()


def test_keys_are_listed_by_folder_and_no_more_than_asked_for(store):
    assert store.list_keys("head/", 10) == ()
    for name in ("b", "a"):
        store.put_document(f"head/{name}.json", b"{}")
    assert store.list_keys("head/", 10) == ("head/a.json", "head/b.json")
    assert store.list_keys("head/", 1) == ("head/a.json",)
