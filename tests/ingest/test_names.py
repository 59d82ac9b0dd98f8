from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcsyncd.ingest import names
from mcsyncd.ingest.names import FileRole


@pytest.mark.parametrize(
    "name",
    [
        "A001.MOV", "DCIM/100GOPRO/GX010001.MP4", "PRIVATE/AVCHD/BDMV/STREAM/00000.MTS", "x.mp4",
        "zoom 1.WAV",
        "room temp.MP4", "part 2.MOV", "A001.part2.MOV", "A001 (2).MP4", "temperature.mp4", "tmp.mov",
        "[@click=app.quit].mp4", "a\nb.mp4", "\x1b[2J.mov", "-rf.mp4", "ünïcode.m2ts", "concat:x.mkv",
    ],
)  # fmt: skip
def test_what_cameras_write_is_a_clip(name):
    assert names.classify_name(name) is FileRole.CLIP
    assert names.find_name_fault(name) == ""


@pytest.mark.parametrize(
    "name",
    [
        ".A001.MOV.x7Gh2k", "A001.MOV.part", "A001.mov.crdownload", "A001.MOV.filepart", "A001.MOV.tmp",
        "~$shotlist.mov", "A001.mp4~", ".rsync-partial/A001.MOV", "card.part/A001.MOV",
        ".syncthing.A001.MOV.tmp", "A001.MOV.PARTIAL", "A001.MOV.opdownload", "A001.mov.fdmdownload",
        "A001.MOV.!qB", "A001.MOV.!ut", "A001.MOV.bc!", "A001.MOV.!sync", "A001.MOV.aria2",
        "A001.MOV.lftp-pget-status", "A001.MOV.bts", "A001.MOV.aspera-ckpt", "A001.MOV.copying",
        "A001.MOV.upload", "A001.MOV.uploading", "A001.MOV.downloading", "A001.MOV.pending", "A001.MOV.temp",
        "A001.MOV.incomplete", "A001.MOV.inprogress", "A001.MOV.unfinished",
        "A001.tmp.MOV", "A001.temp.mts", "A001_temp.MP4", "A001.part.wav", "_incomplete_A001.MOV",
        "A001 (copying).MOV", "_tmp/A001.MOV",
    ],
)  # fmt: skip
def test_a_copy_under_way_is_temporary(name):
    assert names.classify_name(name) is FileRole.TEMPORARY


@pytest.mark.parametrize(
    "name",
    [
        ".DS_Store", "._A001.MOV", "DCIM/._A001.MOV", ".Trashes/501/A001.MOV", "Thumbs.db", "desktop.ini",
        "@eaDir/A001.MOV/x.jpg", "#recycle/A001.MOV", "lost+found/1.mp4", ".nfs0000001", ".smbdelete01",
        ".fseventsd/0001", ".Spotlight-V100/Store", ".AppleDouble/A001.MOV",
    ],
)  # fmt: skip
def test_the_litter_of_systems_is_never_shown(name):
    assert names.classify_name(name) is FileRole.SYSTEM


@pytest.mark.parametrize(
    "name", ["GL010001.LRF", "C0001M01.XML", "GX010001.THM", "DJI.SRT", "notes.txt", "x"]
)
def test_other_files_are_no_angle(name):
    assert names.classify_name(name) is FileRole.BESIDE


@pytest.mark.parametrize(
    "name", ["", "/etc/passwd", "../x.mp4", "a/../../x.mp4", "a//b.mp4", "./x.mp4", "a\0.mp4"]
)
def test_names_that_lead_out_are_faulty(name):
    assert "below" in names.find_name_fault(name)


def test_bytes_that_are_no_utf8_are_faulty():
    assert "UTF-8" in names.find_name_fault(b"caf\xe9.mp4".decode("utf-8", "surrogateescape"))


@given(st.text())
def test_every_text_has_a_role_and_no_fault_ever_hides_an_escape(name):
    assert names.classify_name(name) in FileRole
    if not names.find_name_fault(name):
        assert not name.startswith("/")
        assert ".." not in name.split("/")
