"""Nothing is published to a folder whose disk is not mounted, or to another disk in its place."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from line import Line
from mcsyncd.errors import StoreRefused
from mcsyncd.publish.identity import IDENTITY_KEY, find_identity, init_store, require_identity
from mcsyncd.publish.local import LocalStore

AT = "2026-11-26T10:00:00Z"


@pytest.fixture
def store(tmp_path) -> LocalStore:
    (tmp_path / "bucket").mkdir()
    return LocalStore(tmp_path / "bucket")


def test_a_store_is_made_ready_once(store, tmp_path):
    with pytest.raises(StoreRefused, match="no identity") as caught:
        require_identity(store, "S", tmp_path / "kept")
    assert "storage init" in caught.value.hint
    made, is_new = init_store(store, AT)
    assert is_new
    assert init_store(store, "2027-01-01T00:00:00Z") == (made, False)
    assert find_identity(store) == made
    require_identity(store, "S", tmp_path / "kept")
    require_identity(store, "S", tmp_path / "kept")


def test_another_store_in_its_place_is_refused(store, tmp_path):
    init_store(store, AT)
    require_identity(store, "S", tmp_path / "kept")
    other = LocalStore(tmp_path / "other")
    init_store(other, AT)
    with pytest.raises(StoreRefused, match="another store") as caught:
        require_identity(other, "S", tmp_path / "kept")
    assert "--adopt" in caught.value.hint


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"id": 7}'])
def test_what_is_no_identity_is_refused(store, tmp_path, content):
    place = tmp_path / "bucket" / IDENTITY_KEY
    place.parent.mkdir()
    place.write_bytes(content)
    with pytest.raises(StoreRefused, match="no identity of a store"):
        require_identity(store, "S", tmp_path / "kept")


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a disk needs root")
def test_a_disk_that_is_not_mounted_gets_nothing_and_is_said(line: Line, shoot):
    """It was created on the system disk, and reported as ok."""
    bucket = line.home / "var" / "bucket"
    bucket.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=3g", "tmpfs", str(bucket)]
    subprocess.run(mount, check=True)
    try:
        line.start()
        line.drop_in(shoot.files)
        reviewed = line.wait_for("in_review")
    finally:
        subprocess.run(["umount", str(bucket)], check=True)
    line.ask("approve", reviewed["id"], "--revision", str(reviewed["revision"]))
    held = line.wait(lambda: line.session()["error"] and line.session(), "it is said")
    assert "not mounted" in held["error"]["message"]
    assert list(bucket.iterdir()) == [], "nothing is written below the mount point"
    assert any(alert["code"] == "store_refused" for alert in line.json("status")["alerts"])
    doctor = line.ask("doctor", check=False)
    assert "no identity" in doctor.stdout
    assert doctor.returncode == 1
    assert "ready" in line.ask("storage", "init", "--adopt").stdout  # as a new store
    line.ask("storage", "resume")
    line.wait_for("published")


def test_init_makes_the_folder_and_can_be_repeated(tmp_path):
    line = Line(tmp_path / "home", forked=True)
    said = line.ask("storage", "init").stdout
    assert "is ready" in said
    assert "was ready already" in line.ask("storage", "init").stdout
    (bucket := line.home / "var" / "bucket").rename(bucket.with_name("old"))
    refused = line.ask("storage", "init", check=False)
    assert refused.returncode == 1
    assert "another store" in refused.stderr
    assert line.ask("storage", "init", "--adopt").returncode == 0


def test_a_folder_that_is_not_there_is_not_ok(tmp_path):
    store = LocalStore(tmp_path / "nowhere")
    assert "mounted" in store.check()
    assert not Path(tmp_path / "nowhere").exists()
