"""Files that one device recorded at once are one clip to the sync, and takes are not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcsyncd.model.alignment import Alignment, AngleMatch, Disposition, Placement, SyncMethod
from mcsyncd.model.clip import Clip, Media
from mcsyncd.model.parallels import find_parallels, place_parallels
from mcsyncd.model.recorder_notes import RecorderNotes
from mcsyncd.model.spans import find_continuations
from shoots import media

SOUND = replace(media(), container="wav", video=None)
SILENT = media(audio=False)


def clip(name: str, found: Media = SOUND, size: int = 100) -> Clip:
    return Clip("cam_b", name, size, 5, media=found)


def of_family(name: str, family: str = "F00D", found: Media = SOUND) -> Clip:
    return clip(name, replace(found, notes=RecorderNotes(family=family, set_files=2)))


def list_leaders(*clips: Clip) -> dict[str, str]:
    return {key.partition("/")[2]: leader.partition("/")[2] for key, leader in find_parallels(clips).items()}


@pytest.mark.parametrize(
    "clips",
    [
        (
            clip("ZOOM0001/ZOOM0001_Tr1.WAV"),
            clip("ZOOM0001/ZOOM0001_Tr2.WAV"),
            clip("ZOOM0001/ZOOM0001_TrLR.WAV"),
        ),
        (clip("ZOOM0001_Tr1-0002.WAV"), clip("ZOOM0001_Tr2-0002.WAV")),
        (clip("T01_L.WAV"), clip("T01_R.WAV")),
        (of_family("S1-T03_1.WAV"), of_family("S1-T03_2.WAV")),
        (of_family("A.WAV"), of_family("other/B.WAV")),
        (
            clip("CONTENTS/VIDEO/0001AB.MXF", SILENT),
            clip("CONTENTS/AUDIO/0001AB00.MXF"),
            clip("CONTENTS/AUDIO/0001AB01.MXF"),
        ),
        (clip("VID_20261124_150000_00_001.insv", media()), clip("VID_20261124_150000_10_001.insv", media())),
    ],
    ids=lambda clips: clips[-1].name,
)
def test_what_was_recorded_at_once_has_one_leader(clips):
    leader, *others = clips
    assert list_leaders(*reversed(clips)) == {one.name: leader.name for one in others}
    longer = replace(
        clips[-1], media=replace(clips[-1].media, duration_us=clips[-1].media.duration_us + 1_001)
    )
    assert clips[-1].name not in list_leaders(*clips[:-1], longer), "another length is another take"
    dated = [
        replace(one, media=replace(one.media, recorded_at=f"2026-11-24T15:0{at}:00+00:00"))
        for at, one in enumerate(clips)
    ]
    assert list_leaders(*dated) == {}
    placed = [
        replace(one, media=replace(one.media, time_reference_us=at * 60_000_000))
        for at, one in enumerate(clips)
    ]
    assert list_leaders(*placed) == {}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (clip("260126_0001.wav"), clip("260126_0002.wav")),
        (clip("ZOOM0001_Tr1.WAV"), clip("ZOOM0002_Tr1.WAV")),
        (clip("REEL1/ZOOM0001_Tr1.WAV"), clip("REEL2/ZOOM0001_Tr2.WAV")),
        (clip("ZOOM0001_Tr1-0001.WAV"), clip("ZOOM0001_Tr1-0002.WAV")),
        (of_family("A.WAV"), of_family("B.WAV", "BEEF")),
        (clip("T01_L.MP4", media()), clip("T01_R.MP4", media())),
        (clip("T01_L.WAV"), replace(clip("T01_R.WAV"), camera="cam_a")),
        (clip("T01_L.WAV"), replace(clip("T01_R.WAV"), media=None)),
    ],
    ids=lambda one: f"{one.camera} {one.name}",
)
def test_takes_of_one_length_are_not_parallel(one, other):
    assert list_leaders(one, other) == {}


def test_tracks_are_no_parts_and_parts_of_tracks_are():
    full, limits = 10_000, (10_000,)
    names = (
        "ZOOM0001_Tr1-0001.WAV",
        "ZOOM0001_Tr2-0001.WAV",
        "ZOOM0001_Tr1-0002.WAV",
        "ZOOM0001_Tr2-0002.WAV",
    )
    found = find_continuations([clip(name, size=full) for name in names], limits)
    assert {key: one.follows for key, one in found.items()} == {
        f"cam_b/{names[2]}": f"cam_b/{names[0]}",
        f"cam_b/{names[3]}": f"cam_b/{names[1]}",
    }
    tracks = [clip(name, size=full) for name in ("ZOOM0001_Tr1.WAV", "ZOOM0001_Tr2.WAV")]
    assert find_continuations(tracks, limits) == {}


def test_the_others_lie_beside_their_leader():
    leader = Placement("T_Tr1.WAV", 7_000_000, 12.0, Disposition.SYNCED, 0.97)
    take = Placement("U_Tr1.WAV", 99_000_000, 12.0, Disposition.SYNCED, 0.9)
    angle = AngleMatch("cam_b", (leader, take), 0.9)
    reference = AngleMatch("cam_a", (Placement("A.MOV", 0),), 1.0)
    found = Alignment("cam_a", (reference, angle), 0.9, SyncMethod.AUDIO_CORR)
    after = place_parallels(found, {"cam_b/T_Tr2.WAV": "cam_b/T_Tr1.WAV"})
    beside = replace(leader, clip="T_Tr2.WAV", parallel_to="T_Tr1.WAV")
    assert after.angles == (reference, replace(angle, placements=(leader, beside, take)))
