"""What conform counts, and what of it a person is asked to look at."""

from fractions import Fraction

import pytest

from mcsyncd.conform.grid import Grid
from mcsyncd.conform.report import AudioTrackDamage, ConformReportBuilder
from mcsyncd.model.rate import Rate

STEP = Fraction(1, 25)
NOTHING = [AudioTrackDamage()]


def watched(times, *, torn_before=(), end=None, torn=False, grid=None):
    findings = ConformReportBuilder(grid or Grid(Rate(25)), STEP)
    for number, time in enumerate(times):
        findings.add_frame(time, after_damage=number in torn_before)
    findings.end_video(end if end is not None else times[-1] + STEP, after_damage=torn)
    return findings


def test_of_a_clean_clip_there_is_nothing_to_say():
    report = watched([number * STEP for number in range(50)]).build_report(NOTHING, ())
    assert (report.damaged_ranges, report.damaged_ticks, report.warnings) == ((), 0, ())
    assert report.frame_interval_us == (40_000, 40_000)


def test_a_damaged_stretch_is_the_ticks_whose_own_picture_is_lost():
    # pictures 10 to 14 are lost
    times = [number * STEP for number in range(30) if not 10 <= number < 15]
    report = watched(times, torn_before=(10,)).build_report(NOTHING, ())
    assert (report.damaged_ranges, report.damaged_ticks) == (((10, 5),), 5)
    assert report.frame_interval_us == (40_000, 40_000)  # a gap from damage says nothing about the rate
    assert "0.20 s in total, first at 0:00:00.40" in report.warnings[0]


def test_damage_up_to_the_end_is_counted_too():
    report = watched([number * STEP for number in range(10)], end=20 * STEP, torn=True).build_report(
        NOTHING, ()
    )
    assert report.damaged_ranges == ((10, 10),)


def test_stretches_lie_on_the_sessions_grid():
    times = [number * STEP for number in range(30) if not 10 <= number < 15]
    report = watched(times, torn_before=(10,), grid=Grid(Rate(50), Fraction(1, 100))).build_report(
        NOTHING, ()
    )
    # 9.5 to 14.5 pictures are 0.38 to 0.58 s, 10 ms later on the grid
    assert report.damaged_ranges == ((20, 10),)


def test_a_hundred_stretches_are_listed_and_all_are_counted():
    times = [number * 2 * STEP for number in range(150)]
    report = watched(times, torn_before=range(1, 150)).build_report(NOTHING, ())
    assert (len(report.damaged_ranges), report.damaged_ticks) == (100, 149)


@pytest.mark.parametrize(("still", "told"), [(Fraction(1, 5), False), (Fraction(3, 10), True)])
def test_a_picture_that_stands_is_told(still, told):
    report = watched([Fraction(0), STEP, STEP + still]).build_report(NOTHING, ())
    assert report.frame_interval_us == (40_000, round(still * 1_000_000))
    assert any("is shown for" in said for said in report.warnings) == told


def test_holes_and_damage_of_the_sound_are_told_by_track():
    # ten holes of 5 ms are the muxer's rounding; one of half a second is a loss
    rounding = AudioTrackDamage(Fraction(5, 100), Fraction(5, 1000))
    loss = AudioTrackDamage(Fraction(1, 2), Fraction(1, 2), damaged_packets=3)
    report = watched([Fraction(0)]).build_report([rounding, loss], ("odd",))
    assert (report.missing_audio_us, report.damaged_audio_packets) == (550_000, 3)
    assert report.warnings == (
        "odd",
        "audio track 2: 0.50 s of audio are missing, replaced by silence",
        "audio track 2: 3 audio packets are damaged, replaced by silence",
    )
