"""The publisher as a process: a real one on its socket, asked as the daemon asks it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from line import Line
from mcsyncd.checks.ledger_snapshots import publish_snapshot
from mcsyncd.errors import SourceChanged, StorageError, StoreOffline, StoreRefused
from mcsyncd.integrity.part_sums import compute_part_sums
from mcsyncd.model.publishing import HeadState, StoreHead
from mcsyncd.publish import distant_store
from mcsyncd.publish.distant_store import DistantStore, find_publisher_fault
from mcsyncd.publish.identity import init_store
from mcsyncd.publish.keys import build_head_key, build_original_key, build_snapshot_key
from mcsyncd.publish.open_store import check_named_store, open_known_store, open_store
from mcsyncd.publish.release import point_head, release_manifest
from mcsyncd.publish.snapshots import list_snapshots
from mcsyncd.settings.load import load_settings
from mcsyncd.settings.work_layout import WorkLayout
from r2strict.bucket import ACCESS
from r2strict.faults import DelayAnswer

SESSION = "20261126-091502-k7q"
SOCKET = "var/publish.sock"
FOLDER = "{kind: local, path: var/bucket}\nuploads: {publisher: var/publish.sock}"


class Publisher:
    """A publisher of its own process, with the settings of a daemon."""

    def __init__(self, home: Path, storage: str = FOLDER):
        self.line = Line(home, {"storage": storage})
        self.line.work.mkdir(parents=True)
        self.settings = load_settings(self.line.config)
        self.layout = WorkLayout.from_settings(self.settings)
        self.process = None

    def start(self):
        command = [sys.executable, "-m", "mcsyncd", "--config", str(self.line.config), "publisher"]
        with (self.line.home / "publisher.log").open("ab") as log:
            environ = os.environ | {"CREDENTIALS_DIRECTORY": str(self.line.home)}
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environ)
        self.line.wait(lambda: find_publisher_fault(self.layout) is None, "the publisher answers", 30)
        return self

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait(20)

    def count_children(self):
        pid = self.process.pid
        return len(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())

    def file(self, size=1000, name="A.mov"):
        path = self.line.work / name
        path.write_bytes(os.urandom(size))
        digest, sums = compute_part_sums(path)
        return path, sums, build_original_key(SESSION, "cam_a", digest.sha256, name)


@pytest.fixture(scope="module")
def publisher(tmp_path_factory):
    made = Publisher(tmp_path_factory.mktemp("publisher"))
    made.line.prepare_store()
    yield made.start()
    made.kill()


@pytest.fixture
def store(publisher):
    return DistantStore(publisher.layout.publisher, "", publisher.layout.stores)


def test_what_is_handed_over_is_stored(publisher, store):
    path, sums, key = publisher.file(3 << 20)
    seen = []
    stored = store.put_file(key, path, sums, report_progress=lambda *done: seen.append(done))
    assert (publisher.settings.storage.path / key).read_bytes() == path.read_bytes()
    assert stored.bytes == sums.bytes
    assert seen[-1] == (sums.bytes, sums.bytes)
    assert store.hash_range(key, 0, sums.bytes, "sha256") == (sums.bytes, sums.sha256)
    assert key in [one.key for one in store.list_objects("v1/orig/")]
    assert store.stat_object(key).bytes == stored.bytes
    assert store.stat_object(key[:-4] + "x.mov") is None
    assert check_named_store(publisher.layout) == "ok"


def test_an_object_that_is_stored_needs_no_file_here(publisher, store):
    path, sums, key = publisher.file(name="B.mov")
    store.put_file(key, path, sums)
    path.unlink()
    assert store.put_file(key, path, sums).bytes == sums.bytes
    _, sums, key = publisher.file(999, "C.mov")
    (publisher.line.work / "C.mov").unlink()
    with pytest.raises(SourceChanged, match=r"C\.mov"):
        store.put_file(key, publisher.line.work / "C.mov", sums)


def test_a_file_that_changed_is_said(publisher, store):
    path, sums, key = publisher.file(name="D.mov")
    path.write_bytes(bytes(sums.bytes))
    with pytest.raises(SourceChanged, match=r"D\.mov"):
        store.put_file(key, path, sums)
    link = path.with_name("link.mov")
    link.symlink_to(path)
    with pytest.raises(StorageError, match="symbolic link"):
        store.put_file(key, link, sums)
    assert store.stat_object(key) is None


def test_manifest_and_pointer_go_through(store):
    body = b'{"session":{"id":"%s"},"revision":1,"generated_at":"2026-11-26T10:00:00Z"}' % SESSION.encode()
    published = release_manifest(store, body)
    assert store.get_document(published.key) == body
    point_head(store, SESSION, published, StoreHead(HeadState.WITHDRAWN, 1, "no", "2026-11-26T11:00:00Z"))
    assert b"withdrawn" in store.get_document(build_head_key(SESSION))


@pytest.mark.parametrize(
    "ask",
    [
        lambda store, head: store.put_document("v1/store.json", b"{}"),
        lambda store, head: store.put_document(build_head_key(SESSION), b"{}"),
        lambda store, head: store.put_document("v1/manifest/s/000001-0000000000000000.json", b"{}"),
        lambda store, head: store.put_document(build_head_key("other"), head.data),
        lambda store, head: store.find_document("v1/orig/../../../etc/passwd"),
        lambda store, head: store.find_document("v1/orig/s/cam_a/x.mov"),
        lambda store, head: store.stat_object("../bucket"),
        lambda store, head: list(store.list_objects("../")),
        lambda store, head: store.remove_object(build_head_key(SESSION)),
        lambda store, head: store.remove_object("v1/orig/s/cam_a/x.mov"),
        lambda store, head: list(store.read_object("v1/orig/s/cam_a/x.mov", 0, 1)),
    ],
)
def test_nothing_else_is_done_for_whoever_has_the_daemon(store, ask):
    head = store.find_document(build_head_key(SESSION))
    if head is None:
        test_manifest_and_pointer_go_through(store)
        head = store.find_document(build_head_key(SESSION))
    with pytest.raises(StorageError, match="publisher"):
        ask(store, head)
    assert store.find_document(build_head_key(SESSION)) == head, "and it goes on answering"


def test_a_file_cannot_take_the_place_of_a_document(publisher, store):
    path, sums, _ = publisher.file(name="E.mov")
    for key in ("v1/store.json", build_head_key("new"), "v1/quarantine/x", "v1/orig/../x"):
        with pytest.raises(StorageError, match="publisher refused"):
            store.put_file(key, path, sums)


def test_spare_snapshots_alone_can_go(publisher, store):
    copy = publisher.line.home / "ledger-20261126.db"
    keep = publisher.settings.ledger.backups
    for number in range(keep + 2):
        copy.write_bytes(b"%d" % number)
        os.utime(copy, (1_790_000_000 + number, 1_790_000_000 + number))
        publish_snapshot(copy, store, "host", keep)
    left = list_snapshots(store, "host")
    assert len(left) == keep
    with pytest.raises(StorageError, match="publisher refused"):
        publish_snapshot(copy, store, "host", 1)
    assert list_snapshots(store, "host") == left
    with pytest.raises(StorageError, match="publisher refused"):
        store.remove_object(build_snapshot_key("nobody", "20261126-000000", "0" * 64))


def test_another_version_and_other_stores_are_refused(publisher, monkeypatch):
    other = DistantStore(publisher.layout.publisher, "", (*publisher.layout.stores, *publisher.layout.stores))
    with pytest.raises(StoreRefused, match="other stores"):
        other.check()
    monkeypatch.setattr(distant_store, "__version__", "0.0.1")
    with pytest.raises(StoreRefused, match=r"0\.0\.1"):
        DistantStore(publisher.layout.publisher, "", publisher.layout.stores).check()


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user needs root")
def test_nobody_but_the_owner_of_the_work_folder_is_answered(publisher):
    path = publisher.layout.publisher
    path.chmod(0o666)
    code = (
        "import os, sys, socket; os.chdir(sys.argv[1]); os.setuid(65534); s = socket.socket(socket.AF_UNIX);"
        "s.connect(sys.argv[2]); print(s.makefile('rb').read()[8:].decode())"
    )
    command = [sys.executable, "-c", code, str(path.parent), path.name]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    path.chmod(0o660)
    assert "answers only mcsyncd" in done.stdout


def test_changed_limits_are_read_and_other_stores_only_after_a_restart(publisher):
    config, log = publisher.line.config, publisher.line.home / "publisher.log"
    before = config.read_text()
    try:
        config.write_text(before.replace("uploads: {", "uploads: {bandwidth: 1Mbit, "))
        assert find_publisher_fault(publisher.layout) is None
        assert "the settings were read again" in log.read_text()
        config.write_text("nonsense")
        assert find_publisher_fault(publisher.layout) is None
        assert "the settings are invalid" in log.read_text()
        config.write_text(before.replace("var/bucket", "var/other"))
        assert find_publisher_fault(publisher.layout) is None, "it goes on with the stores of its start"
        changed = WorkLayout.from_settings(load_settings(config))
        assert "other stores" in find_publisher_fault(changed).message
    finally:
        config.write_text(before)


def test_without_a_publisher_uploads_wait_and_go_on_when_it_is_back(tmp_path):
    away = Publisher(tmp_path)
    away.line.prepare_store()
    store = DistantStore(away.layout.publisher, "", away.layout.stores)
    with pytest.raises(StoreOffline, match="mcsyncd-publish does not answer"):
        store.check()
    away.start()
    assert store.check() == "ok"
    away.kill()
    with pytest.raises(StoreOffline, match="mcsyncd-publish does not answer"):
        store.check()
    away.start()
    try:
        assert store.check() == "ok"
        away.process.send_signal(signal.SIGTERM)
        assert away.process.wait(20) == 0
        assert not away.layout.publisher.exists()
    finally:
        away.kill()


@pytest.fixture
def bucket_publisher(bucket, tmp_path):
    (tmp_path / "r2").write_text(f"ACCESS_KEY_ID={ACCESS.id}\nSECRET_ACCESS_KEY={ACCESS.secret}\n")
    (tmp_path / "r2").chmod(0o400)
    storage = (
        f"{{kind: r2, account_id: '{bucket.account_id}', bucket: {bucket.bucket}, "
        f"endpoint: '{bucket.endpoint}'}}\nuploads: {{publisher: {SOCKET}, bandwidth: 200Mbit}}"
    )
    made = Publisher(tmp_path, storage)
    init_store(open_store(bucket, {"CREDENTIALS_DIRECTORY": str(tmp_path)}), "2026-11-26T10:00:00Z")
    yield made.start()
    made.kill()


def test_an_upload_whose_publisher_is_killed_goes_on_after_its_last_part(bucket_publisher, strict, bucket):
    one = bucket_publisher
    path, sums, key = one.file(64 << 20)
    store = open_known_store(one.layout)
    before = strict.store.tally.read().body_bytes

    def kill_in_the_middle(done, total):
        if done >= total // 5:
            one.process.kill()

    with pytest.raises(StoreOffline):
        store.put_file(key, path, sums, report_progress=kill_in_the_middle)
    one.process.wait(20)
    time.sleep(0.2)
    one.start()
    resumed = []
    stored = store.put_file(key, path, sums, report_progress=lambda *done: resumed.append(done))
    assert stored.etag == sums.tag
    assert resumed[0][0] > 0, "what had arrived is not sent again"
    sent = strict.store.tally.read().body_bytes - before
    assert sent < 2 * sums.bytes


def test_an_upload_ends_with_the_worker_that_asked_for_it(bucket_publisher, strict):
    one = bucket_publisher
    path, sums, key = one.file(64 << 20, "long.mov")
    child = os.fork()
    if not child:
        store = DistantStore(one.layout.publisher, "", one.layout.stores)
        store.put_file(key, path, sums, report_progress=lambda done, _: done and os._exit(0))
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 0

    one.line.wait(lambda: one.count_children() == 0, "the publisher has stopped sending", 20)
    store = DistantStore(one.layout.publisher, "", one.layout.stores)
    assert store.stat_object(key) is None


def test_a_question_that_hangs_ends_with_who_asked_it(bucket_publisher, faults):
    one = bucket_publisher
    faults.inject(DelayAnswer(15), operations=["HeadObject"])
    child = os.fork()
    if not child:
        DistantStore(one.layout.publisher, "", one.layout.stores).stat_object("v1/orig/s/cam_a/x.mov")
        os._exit(1)
    one.line.wait(lambda: one.count_children() == 1, "it is asked", 20)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    one.line.wait(lambda: one.count_children() == 0, "nobody waits for the store any more", 5)
