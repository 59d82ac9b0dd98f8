"""Second copies are attached to their clips, and takes stay takes."""

from __future__ import annotations

import pytest

from mcsyncd.ingest.fingerprint import SampledFile
from mcsyncd.ingest.second_copies import MAX_DURATION_GAP_US, attach_copies
from mcsyncd.model.clip import DropFile

TAKE_US = 60_000_000


def sampled(
    name: str, duration_us: int | None = TAKE_US, *, size: int = 1000, sample: str = ""
) -> SampledFile:
    file = DropFile("cam_a", name, size, 5, head="h", sample=sample or name)
    return SampledFile(file, duration_us=duration_us)


def attach(*files: SampledFile) -> dict[str, str | None]:
    """Where each file is attached; None for a clip."""
    return {
        file.name: file.attached_to if file.kind == "copy" else None
        for file in attach_copies(files)
        if file.kind != "sidecar"
    }


@pytest.mark.parametrize("known", [True, False], ids=["durations known", "durations unknown"])
@pytest.mark.parametrize(
    ("copy", "clip"),
    [
        ("PRIVATE/M4ROOT/SUB/C0001S03.MP4", "PRIVATE/M4ROOT/CLIP/C0001.MP4"),
        ("XDROOT/Sub/C0001S03.MP4", "XDROOT/Clip/C0001.MXF"),
        ("CONTENTS/PROXY/0001AB.MP4", "CONTENTS/VIDEO/0001AB.MXF"),
        ("Proxy/A001_11241500_C001.mp4", "A001_11241500_C001.mov"),
        ("REEL1/PROXY/A001.MP4", "REEL1/A001.MOV"),
        ("DCIM/100_PANA/P1000001_Proxy.MP4", "DCIM/100_PANA/P1000001.MOV"),
        ("DJI_0001_proxy.mov", "DJI_0001.MOV"),
        ("ZOOM0001_BU.WAV", "ZOOM0001.WAV"),
        ("LRV_20261124_150000_11_001.insv", "VID_20261124_150000_00_001.insv"),
    ],
)
def test_a_makers_own_name_for_a_copy_is_enough(copy, clip, known):
    duration_us = TAKE_US if known else None
    assert attach(sampled(copy, duration_us), sampled(clip, duration_us)) == {copy: clip, clip: None}


@pytest.mark.parametrize(
    ("copy", "clip"),
    [
        ("DJI_0001.WAV", "DJI_0001.MP4"),
        ("A001.MP4", "A001.MOV"),
        ("GX010042.WAV", "GX010042.MP4"),
        ("REEL1/SUB/A001.MP4", "REEL1/A001.MOV"),
    ],
)
def test_a_name_alone_needs_the_same_duration(copy, clip):
    main = sampled(clip, size=9000)
    near, far = TAKE_US + MAX_DURATION_GAP_US, TAKE_US + MAX_DURATION_GAP_US + 1
    assert attach(sampled(copy, near), main) == {copy: clip, clip: None}
    for other_us in (far, None):
        assert attach(sampled(copy, other_us), main) == {copy: None, clip: None}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("REEL1/CLIP/C0001.MP4", "REEL2/CLIP/C0001.MP4"),
        ("CARD1/DCIM/DSC0001.MP4", "CARD2/DCIM/DSC0001.MP4"),
        ("C0001.MP4", "c0001.mp4"),
        ("caf\N{LATIN SMALL LETTER E WITH ACUTE}.mp4", "cafe\N{COMBINING ACUTE ACCENT}.mp4"),
        ("CLIP/C0001.MP4", "CLIP/C0002.MP4"),
        ("SUB/C0001S03.MP4", "CLIP/C0002.MP4"),
        ("REEL1/SUB/C0001S03.MP4", "REEL2/CLIP/C0001.MP4"),
        ("A_B/CLIP/C0001.MP4", "PROXY/C0001.MP4"),
    ],
)
def test_what_only_looks_like_a_copy_stays_a_take(one, other):
    assert attach(sampled(one), sampled(other)) == {one: None, other: None}


@pytest.mark.parametrize(
    "copy", ["M4ROOT/SUB/C0001S03.MP4", "M4ROOT/PROXY/C0001.MP4", "M4ROOT/CLIP/C0001_Proxy.MP4"]
)
def test_a_take_of_another_length_in_the_place_of_a_copy_stays_a_take(copy):
    clip = "M4ROOT/CLIP/C0001.MP4"
    assert attach(sampled(copy, TAKE_US // 2), sampled(clip)) == {copy: None, clip: None}


def test_the_second_slot_is_attached_to_the_first_and_its_proxies_too():
    files = [
        sampled(f"SLOT_{slot}/M4ROOT/{name}", sample=name)
        for slot in "BA"
        for name in ("CLIP/C0001.MP4", "SUB/C0001S03.MP4")
    ]
    clip = "SLOT_A/M4ROOT/CLIP/C0001.MP4"
    found = attach(*files)
    assert found.pop(clip) is None
    assert set(found.values()) == {clip}


def test_the_same_name_and_length_in_two_folders_is_no_mirror_without_the_same_content():
    one, other = "SLOT_A/C0001.MP4", "SLOT_B/C0001.MP4"
    assert attach(sampled(one), sampled(other)) == {one: None, other: None}
    assert attach(sampled(one, size=0, sample="s"), sampled(other, size=0, sample="s")) == {
        one: None,
        other: None,
    }


def test_two_cameras_never_share_a_clip():
    one = sampled("CLIP/C0001.MP4", sample="s")
    other = SampledFile(DropFile("cam_b", "OTHER/C0001.MP4", 1000, 5, sample="s"), duration_us=TAKE_US)
    assert [file.kind for file in attach_copies([one, other])] == ["clip", "clip"]


def test_the_proxy_of_a_clip_with_a_backup_is_attached_to_the_clip():
    names = ("CLIP/C0001.MP4", "CLIP/C0001.WAV", "SUB/C0001S03.MP4")
    files = [sampled(name, size=size) for name, size in zip(names, (9000, 100, 500), strict=True)]
    assert attach(*files) == {names[0]: None, names[1]: names[0], names[2]: names[0]}


def test_the_sidecar_of_a_copy_belongs_to_its_clip():
    clip, copy = sampled("CLIP/C0001.MP4"), sampled("SUB/C0001S03.MP4")
    sidecar = SampledFile(
        DropFile("cam_a", "SUB/C0001S03.XML", 1, 1, "sidecar", attached_to="SUB/C0001S03.MP4")
    )
    assert attach_copies([clip, copy, sidecar])[-1].attached_to == "CLIP/C0001.MP4"


def test_every_file_is_still_there():
    files = [sampled(name) for name in ("CLIP/C0001.MP4", "SUB/C0001S03.MP4", "CLIP/C0001.WAV")]
    assert [file.name for file in attach_copies(files)] == [one.file.name for one in files]
