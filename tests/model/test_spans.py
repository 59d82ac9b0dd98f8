"""Parts of one recording are found by evidence, and lie behind each other. Takes stay takes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcsyncd.model.alignment import Alignment, AngleMatch, Disposition, Placement, SyncMethod, weigh_alignment
from mcsyncd.model.clip import Clip, Media
from mcsyncd.model.drift_curve import DriftKnot
from mcsyncd.model.placed_spans import join_spans
from mcsyncd.model.rate import Rate
from mcsyncd.model.reason import ReasonCode, build_reason
from mcsyncd.model.spans import SPLIT_LIMITS, find_continuations
from mcsyncd.model.timecode import Timecode
from shoots import media

LIMIT = 10_000
TAKE_US = media().duration_us
NO_CLOCK = media()


def clip(name: str, size: int = LIMIT, found: Media = NO_CLOCK) -> Clip:
    return Clip("cam_b", name, size, 5, media=found)


def find_rows(*clips: Clip) -> dict[str, str]:
    """What each clip continues, by name."""
    found = find_continuations(clips, limits=(LIMIT,))
    return {one.clip.partition("/")[2]: one.follows.partition("/")[2] for one in found.values()}


@pytest.mark.parametrize(
    "names",
    [
        ("PRIVATE/AVCHD/BDMV/STREAM/00009.MTS", "PRIVATE/AVCHD/BDMV/STREAM/00010.MTS"),
        ("DCIM/100CANON/MVI_0001.MP4", "DCIM/100CANON/MVI_0002.MP4", "DCIM/100CANON/MVI_0003.MP4"),
        ("CLIP/C0001.MP4", "CLIP/C0002.MP4"),
        ("CONTENTS/CLIPS001/AA0001/AA000101.MXF", "CONTENTS/CLIPS001/AA0001/AA000102.MXF"),
        ("CONTENTS/VIDEO/0001AB.MXF", "CONTENTS/VIDEO/0002QZ.MXF"),
        ("BPAV/CLPR/709_0001_01/709_0001_01.MP4", "BPAV/CLPR/709_0001_02/709_0001_02.MP4"),
        ("card/260126_0001.wav", "card/260126_0002.wav"),
        ("ZOOM0001/ZOOM0001_Tr1-0001.WAV", "ZOOM0001/ZOOM0001_Tr1-0002.WAV"),
        ("ZOOM0001.WAV", "ZOOM0001-0001.WAV", "ZOOM0001-0002.WAV"),
        ("ZOOM0001.WAV", "ZOOM0001-0002.WAV"),
        ("DJI_20261124150000_0001_D.MP4", "DJI_20261124150000_0002_D.MP4"),
    ],
    ids=lambda names: names[-1].rpartition("/")[2],
)
def test_the_parts_of_a_recording_that_was_split_are_one(names):
    *full, last = names
    clips = [*(clip(name) for name in full), clip(last, LIMIT // 3)]
    assert find_rows(*reversed(clips)) == dict(zip(names[1:], names, strict=False))
    smaller = [clip(name, LIMIT // 2) for name in names]
    assert find_rows(*smaller) == {}, "without a full file, they are takes"


@pytest.mark.parametrize(
    "names",
    [
        ("DCIM/100GOPRO/GX010042.MP4", "DCIM/100GOPRO/GX020042.MP4", "DCIM/100GOPRO/GX030042.MP4"),
        ("GH090007.MP4", "GH100007.MP4"),
        ("GOPR0042.MP4", "GP010042.MP4", "GP020042.MP4"),
    ],
)
def test_the_name_of_a_chapter_is_enough(names):
    clips = [clip(name, 700 + at) for at, name in enumerate(names)]
    assert find_rows(*clips) == dict(zip(names[1:], names, strict=False))
    assert all(one.proven for one in find_continuations(clips).values())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (clip("C0001.MP4"), clip("C0003.MP4")),
        (clip("REEL1/C0001.MP4"), clip("REEL2/C0002.MP4")),
        (clip("C0001.MP4"), clip("C0002.MOV")),
        (clip("C0001.MP4"), clip("D0002.MP4")),
        (clip("GX010042.MP4"), clip("GX010043.MP4", 700)),
        (clip("GX010042.MP4"), clip("GX020043.MP4", 700)),
        (clip("GX010042.MP4"), clip("GX030042.MP4", 700)),
        (clip("C0001.MP4"), clip("C0002.MP4", found=media(rate=Rate(25)))),
        (clip("C0001.MP4"), clip("C0002.MP4", found=media(audio=False))),
        (clip("C0001.MP4", LIMIT + 1), clip("C0002.MP4")),
        (clip("C0001.MP4", LIMIT * 9 // 10), clip("C0002.MP4")),
        (clip("ZOOM0001.WAV"), clip("ZOOM0001-0003.WAV")),
        (clip("ZOOM0001.WAV"), clip("ZOOM00012.WAV")),
        (clip("C0001.MP4"), replace(clip("C0002.MP4"), media=None)),
        (clip("C0001.MP4"), replace(clip("C0002.MP4"), camera="cam_a")),
    ],
    ids=lambda one: f"{one.camera} {one.name}",
)
def test_without_evidence_nothing_is_joined(one, other):
    if one.name.startswith("GX"):
        one = replace(one, bytes=700)
    assert find_rows(one, other) == {}


def test_the_parts_of_a_variable_rate_are_one_though_each_has_its_own_average():
    parts = [media(rate=Rate(29_430, 1000)), media(rate=Rate(29_710, 1000))]
    first, second = (replace(one, video=replace(one.video, variable_rate=True)) for one in parts)
    assert find_rows(clip("C0001.MP4", found=first), clip("C0002.MP4", found=second)) == {
        "C0002.MP4": "C0001.MP4"
    }
    assert find_rows(clip("C0001.MP4", found=parts[0]), clip("C0002.MP4", found=parts[1])) == {}


def at_time(
    code: str | None = None, recorded: str | None = None, *, reference_us: int | None = None
) -> Media:
    return replace(NO_CLOCK, timecode=code, recorded_at=recorded, time_reference_us=reference_us)


BEGIN = Timecode(15, 0, 0, 0)
END = str(Timecode.from_frame_number(BEGIN.to_frame_number(Rate(30000, 1001)) + 1800, Rate(30000, 1001)))
LATER = "15:02:00:00"
CLOCKS = [
    (at_time(str(BEGIN)), at_time(END), at_time(LATER)),
    (
        at_time(recorded="2026-11-24T15:00:00+00:00"),
        at_time(recorded="2026-11-24T15:01:01+00:00"),
        at_time(recorded="2026-11-24T15:03:00+00:00"),
    ),
    (at_time(reference_us=10), at_time(reference_us=10 + TAKE_US), at_time(reference_us=10 + 2 * TAKE_US)),
]


@pytest.mark.parametrize(("first", "next_part", "another_take"), CLOCKS, ids=["timecode", "date", "samples"])
def test_a_clock_proves_a_part_and_contradicts_a_take(first, next_part, another_take):
    one = clip("C0001.MP4", found=first)
    (proven,) = find_continuations([one, clip("C0002.MP4", 9, next_part)], limits=(LIMIT,)).values()
    assert proven.proven
    assert find_rows(one, clip("C0002.MP4", 9, another_take)) == {}
    assert find_rows(replace(one, bytes=100), clip("C0002.MP4", 9, next_part)) == {}, (
        "a clock alone is no evidence"
    )


def test_a_clock_that_every_part_repeats_says_nothing():
    same = at_time(str(BEGIN), "2026-11-24T15:00:00+00:00", reference_us=5)
    (found,) = find_continuations(
        [clip("C0001.MP4", found=same), clip("C0002.MP4", 9, same)], limits=(LIMIT,)
    ).values()
    assert not found.proven


def test_parts_of_equal_size_need_a_clock_too():
    times = [f"2026-11-24T15:0{minute}:00+00:00" for minute in range(3)]
    sizes = (500, 501, 90)
    names = ("A_0001.MP4", "A_0002.MP4", "A_0003.MP4")
    bare = [clip(name, size) for name, size in zip(names, sizes, strict=True)]
    assert find_rows(*bare) == {}
    timed = [replace(one, media=at_time(recorded=time)) for one, time in zip(bare, times, strict=True)]
    assert find_rows(*timed) == {names[1]: names[0], names[2]: names[1]}


def test_the_limits_are_those_of_fat_and_of_makers():
    for limit in SPLIT_LIMITS:
        near = [clip("C0001.MP4", limit - 1_000_000), clip("C0002.MP4", 9)]
        assert set(find_continuations(near)) == {"cam_b/C0002.MP4"}


CHAPTERS = tuple(clip(f"GX0{number}0042.MP4") for number in (1, 2, 3))


def aligned(*placements: Placement, reasons=()) -> Alignment:
    reference = AngleMatch("cam_a", (Placement("A.MOV", 0, 0.0, Disposition.SYNCED, 1.0),), 1.0)
    angle = AngleMatch("cam_b", placements, 0.0, reasons)
    return weigh_alignment(Alignment("cam_a", (reference, angle), 0.0, SyncMethod.AUDIO_CORR, reasons))


def place(number: int, offset_us: int | None, confidence: float | None = 0.97, drift=0.0) -> Placement:
    found = Disposition.SYNCED if offset_us is not None else None
    return Placement(CHAPTERS[number - 1].name, offset_us, drift, found, confidence if found else None)


def test_chapters_that_sound_places_behind_each_other_stay_and_name_what_they_continue():
    before = aligned(*(place(number, number * TAKE_US) for number in (1, 2, 3)))
    after = join_spans(before, CHAPTERS)
    assert [one.offset_us for one in after.angles[1].placements] == [TAKE_US, 2 * TAKE_US, 3 * TAKE_US]
    assert [one.continues for one in after.angles[1].placements] == ["", "GX010042.MP4", "GX020042.MP4"]
    assert after.confidence == before.confidence
    assert after.reasons == ()


@pytest.mark.parametrize("known", [1, 2, 3])
def test_a_silent_chapter_lies_at_the_one_that_sound_has_placed(known):
    drift = 50.0
    start_us = 7_000_000
    step_us = round(TAKE_US * (1 + drift * 1e-6))
    aside = build_reason(ReasonCode.MAYBE_INSIDE, f"cam_b/{CHAPTERS[known % 3].name}")
    placements = [
        place(number, start_us + (number - 1) * step_us if number == known else None, drift=drift)
        for number in (1, 2, 3)
    ]
    before = aligned(*placements, reasons=(aside,))
    assert before.confidence == 0.0
    after = join_spans(before, CHAPTERS)
    (angle,) = (one for one in after.angles if one.camera == "cam_b")
    assert [(one.clip, one.offset_us) for one in angle.placements] == [
        (chapter.name, start_us + at * step_us) for at, chapter in enumerate(CHAPTERS)
    ]
    assert {one.drift_ppm for one in angle.placements} == {drift}
    assert 0.85 < after.confidence <= 0.9
    assert {reason.code for reason in after.reasons} == {ReasonCode.CONTINUES}


BEND = (DriftKnot(0, -2_000), DriftKnot(TAKE_US // 2, 900), DriftKnot(TAKE_US, 3_000))


@pytest.mark.parametrize(("known", "expected_us"), [(1, 3_000 + TAKE_US), (2, -2_000 - TAKE_US)])
def test_a_silent_chapter_lies_where_the_bent_clock_of_the_other_one_leaves_off(known, expected_us):
    """And has no curve of its own: what was measured of it was measured at another place."""
    placements = [replace(place(number, 0 if number == known else None), curve=BEND) for number in (1, 2)]
    after = join_spans(aligned(*placements), CHAPTERS[:2])
    moved = after.find_placement("cam_b", CHAPTERS[2 - known].name)
    assert (moved.offset_us, moved.curve) == (expected_us, ())
    assert after.find_placement("cam_b", CHAPTERS[known - 1].name).curve == BEND


def test_chapters_whose_bent_clocks_meet_are_not_apart():
    before, behind = replace(place(1, 0), curve=BEND), replace(place(2, TAKE_US + 5_000), curve=BEND)
    assert join_spans(aligned(before, behind), CHAPTERS[:2]).reasons == ()
    jump = replace(behind, curve=tuple(DriftKnot(one.clip_us, one.shift_us + 500_000) for one in BEND))
    (reason,) = join_spans(aligned(before, jump), CHAPTERS[:2]).reasons
    assert (reason.code, dict(reason.values)["apart_ms"]) == (ReasonCode.SEAM_APART, 500.0)


def test_a_part_that_only_its_size_proves_needs_a_person():
    parts = (clip("C0001.MP4", 2**32 - 1), clip("C0002.MP4", 9))
    placements = (
        Placement("C0001.MP4", 5, 0.0, Disposition.SYNCED, 0.99),
        Placement("C0002.MP4", None, disposition=Disposition.SET_ASIDE),
    )
    after = join_spans(aligned(*placements), parts)
    assert after.find_placement("cam_b", "C0002.MP4").offset_us == 5 + TAKE_US
    assert after.confidence < 0.85


def test_two_sure_parts_that_sound_places_apart_are_a_doubt():
    before = aligned(place(1, 0), place(2, TAKE_US + 700_000))
    after = join_spans(before, CHAPTERS[:2])
    assert [one.offset_us for one in after.angles[1].placements] == [0, TAKE_US + 700_000]
    assert after.confidence < 0.85
    (reason,) = after.reasons
    assert reason.code is ReasonCode.SEAM_APART
    assert dict(reason.values)["apart_ms"] == 700.0


def test_clips_without_spans_keep_their_places():
    alone = (clip("C0001.MP4", 9), clip("C0002.MP4", 9))
    before = aligned(Placement("C0001.MP4", 5, 0.0, Disposition.SYNCED, 0.99), Placement("C0002.MP4", None))
    assert join_spans(before, alone) is before
