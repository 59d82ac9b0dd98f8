"""What of a card belongs to its clips, on the trees that cameras and recorders write."""

from __future__ import annotations

import pytest

from mcsyncd.ingest.cards import collect_clips
from mcsyncd.ingest.observation import Observation
from mcsyncd.ingest.pairing import list_complete_files, list_held_files
from mcsyncd.ingest.settle import SettleRules, SettleState, settle_files

CARDS = {
    "Sony M4ROOT": """
        PRIVATE/M4ROOT/CLIP/C0001.MP4 PRIVATE/M4ROOT/CLIP/C0001M01.XML PRIVATE/M4ROOT/THMBNL/C0001T01.JPG
        PRIVATE/M4ROOT/MEDIAPRO.XML PRIVATE/M4ROOT/STATUS.BIN PRIVATE/M4ROOT/GENERAL/LUT/S.CUBE
        PRIVATE/SONY/SONYCARD.IND AVF_INFO/AVIN0001.INP DCIM/100MSDCF/DSC00001.JPG
    """,
    "Sony XDROOT": """
        XDROOT/Clip/C0001.MXF XDROOT/Clip/C0001M01.XML XDROOT/Clip/C0001R01.BIM XDROOT/cueup.xml
        XDROOT/DISCMETA.XML XDROOT/MEDIAPRO.XML XDROOT/General/Sony/Planning/P.XML XDROOT/Thmbnl/C0001T01.JPG
    """,
    "Sony BPAV": """
        BPAV/CLPR/709_0001_01/709_0001_01.MP4 BPAV/CLPR/709_0001_01/709_0001_01.SMI
        BPAV/CLPR/709_0001_01/709_0001_01M01.XML BPAV/CLPR/709_0001_01/709_0001_01R01.BIM
        BPAV/CLPR/709_0001_01/709_0001_01I01.PPN BPAV/TAKR/709_0001/709_0001.SMI
        BPAV/MEDIAPRO.XML BPAV/CUEUP.XML
    """,
    "Panasonic P2": """
        CONTENTS/VIDEO/0001AB.MXF CONTENTS/CLIP/0001AB.XML CONTENTS/ICON/0001AB.BMP
        CONTENTS/VOICE/0001AB00.PCM LASTCLIP.TXT
    """,
    "Canon XF": """
        CONTENTS/CLIPS001/AA0001/AA000101.MXF CONTENTS/CLIPS001/AA0001/AA000101.CPF
        CONTENTS/CLIPS001/AA0001/AA0001.XMF CONTENTS/CLIPS001/AA0001/AA000100.SIF CONTENTS/JOURNAL/IDX.DAT
    """,
    "AVCHD": """
        PRIVATE/AVCHD/BDMV/STREAM/00000.MTS PRIVATE/AVCHD/BDMV/CLIPINF/00000.CPI
        PRIVATE/AVCHD/BDMV/PLAYLIST/00000.MPL PRIVATE/AVCHD/BDMV/INDEX.BDM PRIVATE/AVCHD/BDMV/MOVIEOBJ.BDM
        PRIVATE/AVCHD/AVCHDTN/THUMB.TDT PRIVATE/AVCHD/ACCESS/CANON/THUMB/00000.TMB
    """,
    "GoPro": """
        DCIM/100GOPRO/GX010042.MP4 DCIM/100GOPRO/GL010042.LRV DCIM/100GOPRO/GX010042.THM
        DCIM/100GOPRO/GOPR0001.JPG MISC/version.txt version.txt Get_started_with_GoPro.url
    """,
    "DJI": """
        DCIM/100MEDIA/DJI_0001.MP4 DCIM/100MEDIA/DJI_0001.SRT DCIM/100MEDIA/DJI_0001.LRF MISC/IDX/IDX.DB
        MISC/THM/100/DJI_0001.THM
    """,
    "Zoom": "ZOOM0001/ZOOM0001_LR.WAV ZOOM0001/ZOOM0001.hprj",
    "Tascam": "card/MUSIC/260126_0001.wav card/UTILITY/settings.bin card/dr-1.sys",
    "RED": "A001.RDM/A001_C001.RDC/A001_C001.MOV A001.RDM/A001_C001.RDC/A001_C001.RMD A001.RDM/A001.RTN",
    "offloaded": """
        REEL01/CLIP/A001.MOV REEL01/A001_2026.mhl REEL01/ascmhl/0001_REEL01.mhl REEL01/ascmhl/ascmhl_chain.xml
        REEL01.md5
    """,
}  # fmt: skip


def settle(*names: str) -> SettleState:
    seen = [Observation("cam_a", name, 1, inode, 10, 5, 5) for inode, name in enumerate(names)]
    rules = SettleRules(settle_s=1.0)
    return settle_files(settle_files(SettleState(), seen, 0.0, rules), seen, 2.0, rules)


@pytest.mark.parametrize("card", CARDS)
@pytest.mark.parametrize("holder", ["", "REEL 001/", "2026-11-24/Ann's card/"])
def test_a_card_is_kept_whole_and_has_one_clip(card, holder):
    names = sorted(holder + name for name in CARDS[card].split())
    files = list_complete_files(settle(*names))
    assert [file.name for file in files] == names
    assert [file.kind for file in files].count("clip") == 1


@pytest.mark.parametrize(
    "name", ["notes.txt", "another folder/notes.txt", "another folder/DCIM.txt", "PRIVATE.txt"]
)
def test_what_lies_beside_a_loose_clip_stays(name):
    assert [file.name for file in list_complete_files(settle("A001.MOV", name))] == ["A001.MOV"]


def test_a_card_without_a_clip_stays():
    assert list_complete_files(settle("PRIVATE/M4ROOT/MEDIAPRO.XML", "REEL01.md5", "DCIM/1.JPG")) == ()


COMPANIONS = [
    ("DCIM/100GOPRO/GX010042.THM", "DCIM/100GOPRO/GX010041.MP4"),
    ("DCIM/100GOPRO/GL020042.LRV", "DCIM/100GOPRO/GX010042.MP4"),
    ("GLAA0042.LRV", "GXAA0041.MP4"),
    ("GS010042.LRV", "GS010041.360"),
    ("DJI_0002.LRF", "DJI_0001.MP4"),
    ("PRIVATE/M4ROOT/CLIP/C0002M01.XML", "PRIVATE/M4ROOT/CLIP/C0001.MP4"),
    ("Reel 1/CONTENTS/CLIP/0002CD.XML", "Reel 1/CONTENTS/VIDEO/0001AB.MXF"),
    ("PRIVATE/AVCHD/BDMV/CLIPINF/00001.CPI", "PRIVATE/AVCHD/BDMV/STREAM/00000.MTS"),
]
"""What a camera writes with a clip, and another clip of that card."""


@pytest.mark.parametrize(("file", "other"), COMPANIONS)
def test_a_clip_that_was_not_copied_is_missed_by_what_was_recorded_with_it(file, other):
    state = settle(file, other)
    (held,) = list_held_files(state)
    assert (held.name, held.reason.partition(":")[0]) == (
        file,
        "the clip that it was recorded with is not here",
    )
    assert [one.name for one in list_complete_files(state)] == [other]


def test_the_seal_is_free_again_once_the_missed_clip_is_there():
    state = settle("GX010042.THM", "GX010041.MP4")
    (thumbnail, other), clip = (track.observation for track in state.files.values()), "GX010042.MP4"
    seen = [thumbnail, other, Observation("cam_a", clip, 1, 9, 10, 5, 5)]
    for now in (3.0, 5.0):
        state = settle_files(state, seen, now, SettleRules(settle_s=1.0))
    assert list_held_files(state) == ()
    kinds = {file.name: file.kind for file in list_complete_files(state)}
    assert kinds == {"GX010041.MP4": "clip", clip: "clip", "GX010042.THM": "sidecar"}


def test_a_clip_that_is_taken_away_is_missed_too():
    seen = [
        Observation("cam_a", name, 1, at, 10, 5, 5) for at, name in enumerate(("G1.MP4", "G2.MP4", "G2.THM"))
    ]
    state, rules = SettleState(), SettleRules(settle_s=1.0)
    for now in (0.0, 2.0):
        state = settle_files(state, seen, now, rules)
    assert list_held_files(state) == ()
    (held,) = list_held_files(settle_files(state, [seen[0], seen[2]], 3.0, rules))
    assert held.name == "G2.THM"


@pytest.mark.parametrize(
    ("file", "clip"),
    [
        ("MISC/THM/100/DJI_0002.THM", "DCIM/100MEDIA/DJI_0001.MP4"),  # of a photo, or of a clip
        ("DCIM/100MEDIA/DJI_0002.JPG", "DCIM/100MEDIA/DJI_0001.MP4"),
        ("LRV_20261124_150000_11_002.lrv", "VID_20261124_150000_00_001.insv"),
        ("GLAA0042.LRV", "GXAA0042.MP4"),
        ("team01.xml", "C0001.MP4"),
        ("old/GX010007.THM", "GX010041.MP4"),
        (".GX010042.THM", "GX010041.MP4"),
    ],
)
def test_what_is_also_written_without_a_clip_misses_none(file, clip):
    assert list_held_files(settle(file, clip)) == ()


def test_what_stayed_of_a_card_whose_clips_are_gone_misses_none():
    assert list_held_files(settle("GX010042.THM", "GL010042.LRV", "C0002M01.XML")) == ()


@pytest.mark.parametrize(
    ("beside", "clip", "kind"),
    [
        ("C0001.XML", "C0001.MP4", "sidecar"),
        ("c0001.thm", "C0001.MP4", "sidecar"),
        ("A001.MOV.xmp", "A001.MOV", "sidecar"),
        ("CLIP/C0001M01.XML", "CLIP/C0001.MXF", "sidecar"),
        ("DCIM/100GOPRO/GL010001.LRV", "DCIM/100GOPRO/GX010001.MP4", "copy"),
        ("DJI_0001.LRF", "DJI_0001.MP4", "copy"),
        ("LRV_20261124_150000_11_001.lrv", "VID_20261124_150000_00_001.insv", "copy"),
        ("DJI_0001.SRT", "DJI_0001.MP4", "sidecar"),
        ("caf\N{LATIN SMALL LETTER E WITH ACUTE} 1.xml", "cafe\N{COMBINING ACUTE ACCENT} 1.mp4", "sidecar"),
        ("\N{LATIN CAPITAL LETTER E WITH ACUTE}1.xml", "e\N{COMBINING ACUTE ACCENT}1.mp4", "sidecar"),
    ],
)
def test_what_lies_beside_a_clip_is_attached_to_it(beside, clip, kind):
    files = {file.name: file for file in list_complete_files(settle(beside, clip))}
    assert (files[beside].kind, files[beside].attached_to) == (kind, clip)


@pytest.mark.parametrize(
    ("stranger", "clip"),
    [("C0002.XML", "C0001.MP4"), ("OTHER/C0001.XML", "CLIP/C0001.MP4"), ("notes.txt", "C0001.MP4")],
)
def test_a_file_beside_another_clip_or_in_another_folder_is_none_of_its(stranger, clip):
    assert collect_clips([("cam_a", clip)])["cam_a"].find_clip(stranger) == ""


def test_a_suffix_that_the_settings_add_is_a_clip_from_the_next_scan_on():
    seen = [
        Observation("cam_a", "A001.MXV", 1, 1, 10, 5, 5),
        Observation("cam_a", "A001.XML", 1, 2, 10, 5, 5),
    ]
    usual, extended = SettleRules(settle_s=1.0), SettleRules(settle_s=1.0, suffixes=frozenset({".mxv"}))
    before = settle_files(SettleState(), seen, 0.0, usual)
    assert {track.status for track in before.files.values()} == {"ignored"}
    for now in (1.0, 3.0):
        before = settle_files(before, seen, now, extended)
    assert [(file.name, file.kind) for file in list_complete_files(before)] == [
        ("A001.MXV", "clip"),
        ("A001.XML", "sidecar"),
    ]
