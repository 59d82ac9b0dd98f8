"""Timelines read: what we write comes back to the microsecond, what editors write by their own rules."""

from __future__ import annotations

from fractions import Fraction

import opentimelineio as otio
import pytest
from handoff.test_handoff import SHOOT, STARTS, export

from mcsyncd.errors import UsageError
from mcsyncd.handoff.reading import read_timeline
from mcsyncd.model.rate import Rate

R2997 = Rate(30000, 1001)


def read(folder, text, name="timeline.xml"):
    path = folder / name
    path.write_text(text)
    return {clip.file: clip.position for clip in read_timeline(path)}


@pytest.mark.parametrize("media", ["mezzanine", "original"])
@pytest.mark.parametrize("wanted", ["fcpxml", "xmeml", "otio"])
def test_what_we_write_comes_back_to_the_microsecond(tmp_path, wanted, media):
    (text,) = export(wanted, media, SHOOT).values()
    found = read(tmp_path, text)
    assert set(found) == set(STARTS)
    for name, start in STARTS.items():
        assert abs(found[name] - start / R2997.fraction) < Fraction(1, 1_000_000), name


SPINE = """<?xml version="1.0"?><!DOCTYPE fcpxml><fcpxml version="1.9"><resources>
<format id="r1" frameDuration="1/25s" width="1920" height="1080"/>
<asset id="a" name="A" start="3600s" duration="60s" src="file:///m/A%20cam.mov"/>
<asset id="b" name="B" start="0s" duration="60s" hasAudio="1"><media-rep kind="original-media" src="file:///m/B.wav"/></asset>
<asset id="c" name="C" start="0s" duration="60s" src="file:///m/C.mov"/></resources>
<library><event><project><sequence format="r1" tcStart="0s"><spine>
<gap name="Gap" offset="0s" start="3600s" duration="10s"/>
{}
</spine></sequence></project></event></library></fcpxml>"""


def test_a_connected_clip_lies_in_the_time_of_the_clip_that_it_hangs_on(tmp_path):
    """Final Cut: A lies at 10 s, cut 5 s into its file; B hangs on it 2 s later, cut 4 s into its own."""
    clip = """<asset-clip ref="a" offset="10s" start="3605s" duration="20s">
      <asset-clip ref="b" lane="-1" offset="3607s" start="4s" duration="9s"/></asset-clip>"""
    assert read(tmp_path, SPINE.format(clip)) == {"A cam.mov": 5, "B.wav": 8}


def test_a_synchronized_clip_is_read_inside(tmp_path):
    clip = """<sync-clip name="S" offset="10s" start="1s" duration="20s">
      <spine><asset-clip ref="a" offset="0s" duration="30s"/></spine>
      <asset-clip ref="b" lane="1" offset="134/1000s" duration="30s"/></sync-clip>"""
    found = read(tmp_path, SPINE.format(clip))
    assert found["A cam.mov"] == 9
    assert found["B.wav"] - found["A cam.mov"] == Fraction(134, 1000)


def test_a_synchronized_clip_in_an_event_needs_no_project(tmp_path):
    clip = """<sync-clip name="S" duration="20s">
      <spine><asset-clip ref="a" offset="0s" duration="30s"/></spine>
      <asset-clip ref="b" lane="-1" offset="2s" duration="30s"/></sync-clip>"""
    head, _, _ = SPINE.partition("<library>")
    found = read(tmp_path, f"{head}<library><event>{clip}</event></library></fcpxml>")
    assert found == {"A cam.mov": 0, "B.wav": 2}


def test_a_connected_storyline_has_a_time_of_its_own(tmp_path):
    clip = """<asset-clip ref="a" offset="10s" duration="20s"><spine lane="1" offset="3602s">
      <gap offset="0s" duration="3s"/><asset-clip ref="c" offset="3s" duration="5s"/></spine></asset-clip>"""
    assert read(tmp_path, SPINE.format(clip)) == {"A cam.mov": 10, "C.mov": 15}


XMEML = """<?xml version="1.0"?><!DOCTYPE xmeml><xmeml version="4"><sequence id="s">
<rate><timebase>30</timebase><ntsc>TRUE</ntsc></rate><media><video><track>
<clipitem id="1"><start>30</start><end>300</end><in>60</in><out>330</out>
<file id="f1"><pathurl>file://localhost/D%3a/A.mp4</pathurl></file></clipitem></track></video><audio><track>
<clipitem id="2"><rate><timebase>25</timebase><ntsc>FALSE</ntsc></rate><start>0</start><end>90</end>
<in>25</in><out>100</out><file id="f2"><pathurl>file://localhost/D%3a/B.wav</pathurl></file></clipitem>
<clipitem id="3"><start>-1</start><end>120</end><in>0</in><out>9</out><file id="f1"/></clipitem>
</track></audio></media></sequence></xmeml>"""


def test_the_rate_of_a_clip_counts_its_own_frames_and_the_sequence_its_own(tmp_path):
    found = read(tmp_path, XMEML)
    assert found == {"A.mp4": -30 / R2997.fraction, "B.wav": -1}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "<a/>",
        "<fcpxml version='1.11'/>",
        '{"OTIO_SCHEMA": "Timeline.1"}',
        "\0" * 40,
        SPINE.format(""),
    ],
)
def test_what_is_no_timeline_is_refused_by_name(tmp_path, text):
    with pytest.raises(UsageError) as refused:
        read(tmp_path, text)
    assert "timeline.xml" in refused.value.message


def test_a_time_that_cannot_be_is_no_timeline(tmp_path):
    with pytest.raises(UsageError):
        read(tmp_path, SPINE.format('<asset-clip ref="a" offset="1/0s" duration="1s"/>'))


def test_a_bomb_of_entities_is_refused(tmp_path):
    entities = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 40}">' for n in range(9))
    bomb = (
        f'<?xml version="1.0"?><!DOCTYPE fcpxml [<!ENTITY e0 "xxxxxxxxxx">{entities}]><fcpxml>&e9;</fcpxml>'
    )
    with pytest.raises(UsageError):
        read(tmp_path, bomb)


def test_otio_of_other_programs_may_lack_what_a_file_offers(tmp_path):
    timeline = otio.schema.Timeline("t")
    track = otio.schema.Track("V1", kind="Video")
    seconds = otio.opentime.RationalTime
    track.append(otio.schema.Gap(duration=seconds(50, 25)))
    used = otio.opentime.TimeRange(seconds(75, 25), seconds(100, 25))
    track.append(otio.schema.Clip("A", otio.schema.ExternalReference("/m/A.mov"), used))
    timeline.tracks.append(track)
    assert read(tmp_path, timeline.to_json_string(), "t.otio") == {"A.mov": -1}
