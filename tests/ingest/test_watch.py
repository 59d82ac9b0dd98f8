from __future__ import annotations

import errno
import shutil
import threading
import time
from pathlib import Path

import pytest

from mcsyncd.ingest import watch as watching
from mcsyncd.ingest.observe import observe_drop_folders
from mcsyncd.ingest.pairing import list_complete_files
from mcsyncd.ingest.settle import SettleState
from mcsyncd.ingest.watch import DropWatcher


@pytest.fixture
def woken():
    return threading.Event()


@pytest.fixture
def watch(tmp_path, woken):
    (tmp_path / "drop/cam_a").mkdir(parents=True)
    watch = DropWatcher(tmp_path / "drop", woken.set)
    watch.start()
    if watch.health != "ok":
        pytest.skip(watch.health)
    yield watch
    watch.stop()


def test_a_new_file_wakes(watch, woken, tmp_path):
    (tmp_path / "drop/cam_a/x.mp4").write_bytes(b"x")
    assert woken.wait(5)


def test_our_own_reading_wakes_nobody(watch, woken, tmp_path):
    path = tmp_path / "drop/cam_a/x.mp4"
    path.write_bytes(b"x")
    assert woken.wait(5)
    time.sleep(0.3)
    woken.clear()
    state = SettleState()
    for _ in range(2):
        _, state = observe_drop_folders(tmp_path / "drop", ["cam_a"], state, settle_s=0, settle_network_s=0)
    assert list_complete_files(state), "the file was opened and its lease was asked for"
    assert not woken.wait(0.5)


@pytest.mark.parametrize("take_away", ["removed", "moved"])
def test_a_root_that_was_made_anew_is_watched_again(watch, woken, tmp_path, take_away):
    if take_away == "removed":
        shutil.rmtree(tmp_path / "drop")
    else:
        (tmp_path / "drop").rename(tmp_path / "elsewhere")
    watch.renew()
    assert watch.health != "ok"
    (tmp_path / "drop/cam_a").mkdir(parents=True)
    watch.renew()
    assert watch.health == "ok"
    time.sleep(0.3)
    woken.clear()
    (tmp_path / "drop/cam_a/x.mp4").write_bytes(b"x")
    assert woken.wait(5)


def test_renew_leaves_a_working_watch_alone(watch):
    observer = watch._observer
    watch.renew()
    assert watch._observer is observer


def test_stopped_it_leaves_no_thread(tmp_path, woken):
    before = threading.active_count()
    watch = DropWatcher(tmp_path, woken.set)
    watch.start()
    watch.stop()
    assert threading.active_count() == before


def count_inotify_instances() -> int:
    links = (link for link in Path("/proc/self/fd").iterdir() if link.is_symlink())
    return sum(str(link.readlink()) == "anon_inode:inotify" for link in links)


def test_a_missing_folder_costs_no_inotify_instance_however_often_it_is_looked_for(tmp_path):
    watcher = DropWatcher(tmp_path / "gone", lambda: None)
    before, threads = count_inotify_instances(), threading.active_count()
    for _ in range(5):
        watcher.renew()
    assert "no folder events" in watcher.health
    assert count_inotify_instances() == before
    assert threading.active_count() == threads


def test_without_a_free_inotify_instance_the_scans_go_on(tmp_path, monkeypatch):
    def fail():
        raise OSError(errno.EMFILE, "inotify instance limit reached")

    monkeypatch.setattr(watching, "Observer", fail)
    watcher = DropWatcher(tmp_path, lambda: None)
    watcher.renew()
    assert "inotify instance limit reached" in watcher.health
