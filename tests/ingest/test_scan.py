from __future__ import annotations

import itertools
import os
import socket
import stat
import subprocess

import pytest

from mcsyncd.ingest import scan as scanning
from mcsyncd.ingest.scan import scan_drop_folders

CAMERAS = ("cam_a", "cam_b")


@pytest.fixture
def drop(tmp_path):
    for camera in CAMERAS:
        (tmp_path / "drop" / camera).mkdir(parents=True)
    return tmp_path / "drop"


def found(drop) -> dict[str, str]:
    return {f"{seen.camera}/{seen.name}": seen.refusal for seen in scan_drop_folders(drop, CAMERAS).files}


def test_files_are_seen_as_lstat_describes_them(drop):
    path = drop / "cam_a/PRIVATE/AVCHD/BDMV/STREAM/00000.MTS"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"12345")
    (seen,) = scan_drop_folders(drop, CAMERAS).files
    real = path.lstat()
    assert seen.key == ("cam_a", "PRIVATE/AVCHD/BDMV/STREAM/00000.MTS")
    assert seen.identity == (real.st_dev, real.st_ino, 5, real.st_mtime_ns, real.st_ctime_ns)


def test_what_is_no_file_is_listed_with_the_reason(drop, tmp_path):
    (tmp_path / "secret.mp4").write_bytes(b"x")
    (drop / "cam_a/link.mp4").symlink_to(tmp_path / "secret.mp4")
    (drop / "cam_a/dangling.mp4").symlink_to("nowhere")
    (drop / "cam_a/folder").symlink_to(tmp_path)
    os.mkfifo(drop / "cam_a/pipe.mp4")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.fspath(drop / "cam_a/socket.mp4"))
    seen = found(drop)
    assert set(seen) == {
        f"cam_a/{name}" for name in ("link.mp4", "dangling.mp4", "folder", "pipe.mp4", "socket.mp4")
    }
    assert all(seen.values())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_a_device_is_no_file(drop):
    try:
        os.mknod(drop / "cam_a/device.mp4", stat.S_IFCHR | 0o600, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("this container makes no devices")
    assert found(drop) == {"cam_a/device.mp4": "a device, not a file"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
def test_a_folder_mounted_into_itself_is_scanned_once_more_and_no_deeper(drop):
    (drop / "cam_a/again").mkdir()
    (drop / "cam_a/x.mp4").write_bytes(b"x")
    if subprocess.run(["mount", "--bind", drop / "cam_a", drop / "cam_a/again"], check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        seen = found(drop)
    finally:
        subprocess.run(["umount", drop / "cam_a/again"], check=True)
    assert seen == {"cam_a/x.mp4": "", "cam_a/again/x.mp4": ""}


def test_a_hundred_thousand_files_are_all_seen(drop):
    """Half of them links to one file and half to another: a file has at most 65,000 names."""
    for folder in range(100):
        (drop / f"cam_a/{folder}").mkdir()
        first = drop / f"cam_a/{folder - folder % 50}/0.mp4"
        for number in range(1000):
            path = drop / f"cam_a/{folder}/{number}.mp4"
            path.touch() if path == first else path.hardlink_to(first)
    looked = scan_drop_folders(drop, CAMERAS)
    assert looked.health["cam_a"] == "ok"
    assert len(looked.files) == 100_000


def test_a_loop_of_links_and_a_folder_called_like_a_clip_do_no_harm(drop):
    (drop / "cam_a/x.mp4").mkdir()
    (drop / "cam_a/x.mp4/real.mp4").write_bytes(b"x")
    (drop / "cam_a/x.mp4/loop").symlink_to("..")
    assert found(drop)["cam_a/x.mp4/real.mp4"] == ""


def test_depth_is_bounded_and_said(drop):
    deep = drop / "cam_a" / "/".join(["d"] * 200)
    deep.mkdir(parents=True)
    (deep / "x.mp4").write_bytes(b"x")
    (refusal,) = found(drop).values()
    assert "deep" in refusal


def test_litter_is_left_out_and_temporary_names_are_not(drop):
    (drop / "cam_a/.DS_Store").write_bytes(b"x")
    (drop / "cam_a/.Trashes").mkdir()
    (drop / "cam_a/.Trashes/x.mp4").write_bytes(b"x")
    (drop / "cam_a/.x.mp4.Ab12").write_bytes(b"x")
    assert set(found(drop)) == {"cam_a/.x.mp4.Ab12"}


def test_folders_without_a_camera_are_named(drop):
    (drop / "CAM A").mkdir()
    (drop / ".stfolder").mkdir()
    (drop / "readme.txt").write_text("x")
    assert scan_drop_folders(drop, CAMERAS).unknown_folders == ("CAM A",)


def test_files_beside_the_camera_folders_are_named(drop):
    (drop / "CAM A").mkdir()
    for name in (".DS_Store", "readme.txt", "A001.MOV"):
        (drop / name).write_text("x")
    assert scan_drop_folders(drop, CAMERAS).loose_files == ("A001.MOV", "readme.txt")


def test_a_missing_folder_is_unhealthy_and_the_other_camera_is_seen(drop):
    (drop / "cam_b").rmdir()
    (drop / "cam_a/x.mp4").write_bytes(b"x")
    looked = scan_drop_folders(drop, CAMERAS)
    assert len(looked.files) == 1
    assert looked.health["cam_a"] == "ok"
    assert "missing" in looked.health["cam_b"]
    assert looked.unreadable_cameras == {"cam_b"}


def test_a_camera_folder_that_is_a_link_is_not_followed(drop, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/x.mp4").write_bytes(b"x")
    (drop / "cam_b").rmdir()
    (drop / "cam_b").symlink_to(tmp_path / "elsewhere")
    looked = scan_drop_folders(drop, CAMERAS)
    assert looked.files == ()
    assert "links are not followed" in looked.health["cam_b"]


def test_a_missing_drop_root_is_said_for_every_camera(tmp_path):
    looked = scan_drop_folders(tmp_path / "nowhere", CAMERAS)
    assert looked.unreadable_cameras == set(CAMERAS)
    assert all("missing" in health for health in looked.health.values())


def test_a_folder_that_takes_too_long_is_left_out_whole(drop):
    (drop / "cam_a/x.mp4").write_bytes(b"x")
    slow = itertools.count(0, scanning.TIME_LIMIT_S + 1)
    looked = scan_drop_folders(drop, CAMERAS, clock=lambda: float(next(slow)))
    assert looked.files == ()
    assert "within" in looked.health["cam_a"]


def test_a_name_that_is_no_utf8_is_seen(drop):
    with open(os.fsencode(drop / "cam_a") + b"/caf\xe9.mp4", "wb"):  # noqa: PTH123  # a name in bytes, which Path cannot hold
        pass
    (seen,) = scan_drop_folders(drop, CAMERAS).files
    assert os.fsencode(seen.name) == b"caf\xe9.mp4"


def test_files_that_vanish_during_the_scan_are_no_error(drop, monkeypatch):
    for number in range(20):
        (drop / f"cam_a/{number}.mp4").write_bytes(b"x")
        (drop / f"cam_a/d{number}").mkdir()
    real = os.scandir

    def vanishing(folder):
        listed = list(real(folder))
        for path in [drop / "cam_a" / name for name in os.listdir(drop / "cam_a")]:  # noqa: PTH208  # iterdir is scandir
            path.rmdir() if path.is_dir() else path.unlink()
        return _Listed(listed)

    monkeypatch.setattr(os, "scandir", vanishing)
    assert scan_drop_folders(drop, ("cam_a",)).health["cam_a"] == "ok"


class _Listed(list):
    def __enter__(self):
        return self

    def __exit__(self, *exc):
        return None


def test_only_what_changed_is_made_anew(drop):
    for name in ("still.mov", "growing.mov"):
        (drop / "cam_a" / name).write_bytes(b"x")
    first = {seen.key: seen for seen in scan_drop_folders(drop, CAMERAS).files}
    (drop / "cam_a/growing.mov").write_bytes(b"xy")
    second = {seen.key: seen for seen in scan_drop_folders(drop, CAMERAS, known=first).files}
    still, growing = ("cam_a", "still.mov"), ("cam_a", "growing.mov")
    assert second[still] is first[still]
    assert (first[growing].size, second[growing].size) == (1, 2)


def test_a_listing_that_was_cut_short_counts_for_nothing(drop):
    (drop / "cam_a/A.MOV").write_bytes(b"x")
    (drop / "cam_a/deeper").mkdir()
    late = iter((0.0, 0.0, 100.0, 100.0, 100.0))  # in time for the camera's own folder, not for the one in it
    looked = scan_drop_folders(drop, CAMERAS, clock=lambda: next(late))
    assert "cam_a" in looked.unreadable_cameras
    assert looked.files == ()
