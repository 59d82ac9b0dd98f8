"""Timelines for editors: exact in the model, and read back by readers that are not ours."""

from __future__ import annotations

import json
import urllib.parse
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree as ET

import opentimelineio as otio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcsyncd.handoff.addresses import build_file_url, join_root
from mcsyncd.handoff.formats import write_timeline
from mcsyncd.handoff.timeline import build_timeline
from mcsyncd.model.rate import STANDARD_RATES, Rate, split_offset
from mcsyncd.model.timecode import Timecode

R2997, R25 = Rate(30000, 1001), Rate(25)
EXAMPLES = Path(__file__).parents[2] / "docs" / "manifest_examples"


def build_rendition(key, rate, offset_us, duration_us, *, timecode=None, sound=False):
    frames = 0 if sound else round(Fraction(duration_us, 1_000_000) * rate.fraction)
    return {
        "key": key, "start_tick": split_offset(offset_us, rate)[0], "frames": frames,
        "duration_us": None if sound else duration_us, "timecode": timecode,
        "width": 0 if sound else 640, "height": 0 if sound else 360,
        "audio_tracks": [{"channels": 2, "sample_rate": 48_000}],
        "proof": {"samples": round(duration_us * 48_000 / 1_000_000)},
    }  # fmt: skip


def build_clip(
    camera,
    name,
    offset_us,
    duration_us,
    rate=R2997,
    *,
    own_rate=R25,
    timecode=None,
    drift=0.0,
    sound=False,
):
    video = None if sound else {
        "rate": [own_rate.num, own_rate.den], "width": 640, "height": 360, "rotation": 0,
        "frames": round(Fraction(duration_us, 1_000_000) * own_rate.fraction),
    }  # fmt: skip
    media = {
        "duration_us": duration_us, "timecode": timecode, "video": video,
        "audio": [{"channels": 2, "sample_rate": 48_000}],
    }  # fmt: skip
    placed = offset_us is not None
    made = {
        kind: build_rendition(f"v1/{kind}/{camera}/{name}", rate, offset_us, duration_us, sound=sound)
        if placed else None
        for kind in ("mezzanine", "proxy")
    }  # fmt: skip
    return {
        "id": f"{camera}/{name}", "name": name, "offset_us": offset_us, "drift_ppm": drift,
        "confidence": 0.99, "disposition": "synced" if placed else "set_aside", **made,
        "original": {"key": f"v1/orig/{camera}/{name}", "media": media},
    }  # fmt: skip


def build_manifest(cameras, rate=R2997, timecode=None):
    return {
        "session": {"id": "20261127-103000-a1b"}, "rate": [rate.num, rate.den],
        "origin": {"timecode": timecode},
        "revision": 3, "sync_confidence": 0.97, "sync_method": "audio-corr", "approved_by": "kim",
        "approved_at": "2026-11-27T11:00:00Z", "chain_head": "ab" * 32,
        "cameras": [
            {"id": key, "label": label, "kind": kind, "clips": clips} for key, label, kind, clips in cameras
        ],
    }  # fmt: skip


def plan(manifest, media="mezzanine"):
    return build_timeline(manifest, media, lambda key: join_root("/Volumes/Shoot 1", key))


SHOOT = build_manifest(
    [
        ("cam_a", "Cam A", "picture", [
            build_clip("cam_a", "A001C003.MOV", 0, 20_020_000, timecode="10:00:00:00"),
            build_clip("cam_a", "A001C004.MOV", 31_000_000, 8_000_000),
        ]),
        ("cam_b", "Cam B", "picture", [build_clip("cam_b", "C0012.MP4", -134_004, 20_600_000, drift=18.224)]),
        ("cam_c", "Cäm C & <D>", "picture", [build_clip("cam_c", "IMG_2051.MP4", 87_000, 12_000_000)]),
        ("rec", "Recorder", "sound", [build_clip("rec", "T01.WAV", -2_500_000, 45_000_000, sound=True)]),
    ],
    timecode="10:00:00:00",
)  # fmt: skip
STARTS = {"A001C003.MOV": 75, "A001C004.MOV": 1004, "C0012.MP4": 71, "IMG_2051.MP4": 78, "T01.WAV": 0}
"""Frames at 29.97 behind the recorder's beginning, which is frame -75 of the session."""


def export(wanted, media="mezzanine", manifest=SHOOT):
    return dict(write_timeline(plan(manifest, media), wanted))


def test_the_earliest_clip_begins_the_timeline_and_its_timecode_is_the_references():
    timeline = plan(SHOOT)
    assert {clip.name: clip.start for track in timeline.tracks for clip in track.clips} == STARTS
    assert timeline.zero == 75
    assert timeline.describe_timecode(timeline.zero) == "10:00:00:00"
    assert timeline.left_out == ()


@given(
    st.sampled_from(STANDARD_RATES),
    st.lists(st.integers(-3_600_000_000, 3_600_000_000), min_size=1, max_size=6),
    st.sampled_from(["mezzanine", "proxy", "original"]),
)
def test_positions_are_exact_for_renditions_and_within_half_a_frame_for_originals(rate, offsets, media):
    cameras = [
        (f"cam_{number}", "Cam", "picture", [build_clip(f"cam_{number}", "a.mp4", offset, 5_000_000, rate)])
        for number, offset in enumerate(offsets)
    ]
    timeline = plan(build_manifest(cameras, rate), media)
    for track, offset in zip(timeline.tracks, offsets, strict=True):
        (clip,) = track.clips
        assert clip.start >= 0
        shown_at = (clip.start - timeline.zero) / rate.fraction
        meant = Fraction(offset, 1_000_000)
        if media == "original":
            assert abs(shown_at - meant) <= Fraction(1, 2) / rate.fraction
            assert clip.position - Fraction(timeline.zero) / rate.fraction == meant
        else:
            assert shown_at == split_offset(offset, rate)[0] / rate.fraction


def test_files_that_were_recorded_at_once_get_tracks_of_their_own_and_chapters_share_one():
    clips = [
        build_clip("rec", "T01_1.WAV", 0, 10_000_000, sound=True),
        build_clip("rec", "T01_2.WAV", 0, 10_000_000, sound=True),
        build_clip("rec", "T02.WAV", 10_000_000, 5_000_000, sound=True),
    ]
    tracks = plan(build_manifest([("rec", "Recorder", "sound", clips)])).tracks
    assert [(track.label, [clip.name for clip in track.clips]) for track in tracks] == [
        ("Recorder", ["T01_1.WAV", "T02.WAV"]),
        ("Recorder (2)", ["T01_2.WAV"]),
    ]


@pytest.mark.parametrize("wanted", ["fcpxml", "xmeml", "otio", "ale", "edl"])
def test_a_manifest_of_the_first_version_is_handed_over_as_well(wanted):
    """It knows no kinds of cameras and no dispositions; and where a person set the offset, no confidence."""
    old = json.loads(json.dumps(SHOOT))
    for camera in old["cameras"]:
        del camera["kind"]
        for clip in camera["clips"]:
            del clip["disposition"]
            clip["confidence"] = None
    assert all(export(wanted, manifest=old).values())


@pytest.mark.parametrize("wanted", ["fcpxml", "xmeml", "otio", "ale", "edl"])
@pytest.mark.parametrize(
    "name", ["damaged", "off_timeline", "placed_by_clock", "recorder", "set_by_hand", "synced"]
)
def test_what_the_publisher_writes_is_handed_over(name, wanted):
    """A manifest says nothing of how long a rendition of sound alone is: every handoff of one failed."""
    manifest = json.loads((EXAMPLES / f"{name}.json").read_text())
    for media in ("mezzanine", "proxy", "original"):
        assert all(export(wanted, media, manifest).values())


def test_sound_alone_lasts_for_the_ticks_that_it_has_whole():
    sound = build_clip("rec", "T01.WAV", 1_000_000, 3_600_050_000, R25, sound=True)
    timeline = plan(build_manifest([("rec", "Recorder", "sound", [sound])], R25))
    (clip,) = (clip for track in timeline.tracks for clip in track.clips)
    assert (clip.ticks, clip.media_frames) == (90_001, 90_001), "an hour, a frame, and a quarter of one"


def test_what_has_no_offset_is_not_on_the_timeline_and_is_named():
    cameras = [
        ("cam_a", "Cam A", "picture", [
            build_clip("cam_a", "a.mov", 0, 5_000_000), build_clip("cam_a", "broll.mov", None, 5_000_000),
        ]),
    ]  # fmt: skip
    timeline = plan(build_manifest(cameras))
    assert timeline.left_out == ("cam_a/broll.mov",)
    assert [clip.name for track in timeline.tracks for clip in track.clips] == ["a.mov"]


# --- independent readers ------------------------------------------------------------------------------------


def list_clips(track):
    """Yield name, first frame and frames of each clip of an OpenTimelineIO track, in frames at 29.97."""
    rate = float(R2997.fraction)
    for clip in track.find_clips():
        inside = clip.range_in_parent()
        yield (
            clip.name,
            round(inside.start_time.rescaled_to(rate).value, 6),
            round(inside.duration.rescaled_to(rate).value, 6),
        )


def read_otio(text, adapter):
    return otio.adapters.read_from_string(text, adapter)


@pytest.mark.parametrize("media", ["mezzanine", "original"])
@pytest.mark.parametrize(("wanted", "adapter"), [("otio", "otio_json"), ("xmeml", "fcp_xml")])
def test_opentimelineio_reads_every_clip_where_it_is(wanted, adapter, media):
    (text,) = export(wanted, media).values()
    read = read_otio(text, adapter)
    found = [entry for track in read.video_tracks() for entry in list_clips(track)]
    assert {name: start for name, start, _ in found} == {
        name: start for name, start in STARTS.items() if name != "T01.WAV"
    }
    heard = {name: start for track in read.audio_tracks() for name, start, _ in list_clips(track)}
    assert heard == STARTS
    if media == "mezzanine":
        assert {name: length for name, _, length in found}["C0012.MP4"] == round(20.6 * 30000 / 1001)


@pytest.mark.parametrize(("wanted", "adapter"), [("otio", "otio_json"), ("xmeml", "fcp_xml")])
def test_paths_with_spaces_and_other_signs_lead_back_to_the_file(wanted, adapter):
    (text,) = export(wanted).values()
    urls = {clip.name: clip.media_reference.target_url for clip in read_otio(text, adapter).find_clips()}
    path = urllib.parse.unquote(urllib.parse.urlsplit(urls["C0012.MP4"]).path)
    assert path == "/Volumes/Shoot 1/v1/mezzanine/cam_b/C0012.MP4"


PREMIERES_CHILDREN = {
    "xmeml": "sequence",
    "sequence": "name duration rate timecode media logginginfo",
    "media": "video audio",
    "video": "format samplecharacteristics track",
    "audio": "numOutputChannels format samplecharacteristics channelcount track",
    "format": "samplecharacteristics",
    "samplecharacteristics": "rate width height pixelaspectratio fielddominance depth samplerate",
    "track": "clipitem enabled locked",
    "clipitem": "masterclipid name enabled duration rate start end in out file sourcetrack link logginginfo",
    "file": "name pathurl rate duration timecode media",
    "timecode": "rate string frame displayformat reel",
    "reel": "name",
    "rate": "timebase ntsc",
    "sourcetrack": "mediatype trackindex",
    "link": "linkclipref mediatype trackindex clipindex",
    "logginginfo": "lognote",
}
"""What Premiere Pro writes below each element, of what is written here. Seen in two of its exports and one of
Hiero's, in the examples of OpenTimelineIO."""
PREMIERES_ATTRIBUTES = {"version", "id", "MZ.TrackName"}


def test_xmeml_has_the_structure_that_premiere_writes():
    for media in ("mezzanine", "original"):
        (text,) = export("xmeml", media).values()
        for element in ET.fromstring(text).iter():
            assert {child.tag for child in element} <= {*PREMIERES_CHILDREN.get(element.tag, "").split()}
            assert set(element.keys()) <= PREMIERES_ATTRIBUTES
        names = [track.get("MZ.TrackName") for track in ET.fromstring(text).iterfind("*/media/video/track")]
        assert names == ["Cam A", "Cam B", "Cäm C & <D>"]


def test_the_links_of_xmeml_name_the_items_that_belong_together():
    (text,) = export("xmeml").values()
    media = ET.fromstring(text).find("sequence/media")
    places = {
        item.get("id"): (kind, str(number), str(position), item.findtext("masterclipid"))
        for kind in ("video", "audio")
        for number, track in enumerate(media.iterfind(f"{kind}/track"), 1)
        for position, item in enumerate(track.iterfind("clipitem"), 1)
    }
    for item in media.iter("clipitem"):
        linked = [[link.findtext(name) for name in ("mediatype", "trackindex", "clipindex")]
                  for link in item.iterfind("link")]  # fmt: skip
        ids = [link.findtext("linkclipref") for link in item.iterfind("link")]
        assert linked == [list(places[one][:3]) for one in ids]
        master = item.findtext("masterclipid")
        assert {*ids} == {one for one, place in places.items() if place[3] == master}


def test_an_edl_of_each_track_is_read_back():
    files = export("edl")
    assert len(files) == 4
    first = Timecode.parse("10:00:00:00").to_frame_number(R2997) - 75
    starts = {}
    for text in files.values():
        read = otio.adapters.read_from_string(text, "cmx_3600", rate=30)
        clips = [*read.tracks[0].find_clips()]
        lines = [line for line in text.splitlines() if line[:3].isdigit()]
        at = [Timecode.parse(line.split()[-2]).to_frame_number(R2997) - first for line in lines]
        starts |= dict(zip((clip.name for clip in clips), at, strict=True))
        assert [clip.range_in_parent().start_time.value for clip in clips] == [one - at[0] for one in at]
    assert starts == STARTS


def test_an_ale_names_every_clip_with_its_timecode():
    (text,) = export("ale", "original").values()
    clips = {clip.name: clip for clip in otio.adapters.read_from_string(text, "ale", fps=25).find_clips()}
    assert set(clips) == set(STARTS)
    assert "A001C003.MOV\tA001C003\t10:00:00:00\t10:00:20:00\tVA1A2\t25\t" in text
    assert clips["A001C003.MOV"].metadata["ALE"]["FPS"] == "25"
    assert clips["C0012.MP4"].metadata["ALE"]["Tape"] == "C0012"
    assert clips["C0012.MP4"].metadata["ALE"]["Timeline Start"] == "09:59:59:26"


def read_seconds(text: str) -> Fraction:
    return Fraction(text.removesuffix("s"))


def test_the_multicam_of_final_cut_has_an_angle_for_each_track_and_no_time_off_the_grid():
    (text,) = export("fcpxml").values()
    root = ET.fromstring(text)
    tick_s = 1 / R2997.fraction
    multicam = root.find("resources/media/multicam")
    begin = read_seconds(multicam.get("tcStart"))
    assert [angle.get("name") for angle in multicam] == ["Cam A", "Cam B", "Cäm C & <D>", "Recorder"]
    starts = {}
    for angle in multicam:
        at = begin
        for item in angle:  # they must follow each other without a hole
            assert read_seconds(item.get("offset")) == at
            at += read_seconds(item.get("duration"))
            if item.tag == "asset-clip":
                starts[item.get("name")] = (read_seconds(item.get("offset")) - begin) / tick_s
    assert starts == STARTS
    times = [
        read_seconds(value)
        for element in root.iter()
        for name, value in element.items()
        if name in {"offset", "start", "duration", "tcStart", "frameDuration"}
    ]
    assert all((time / tick_s).denominator == 1 for time in times)
    ids = {element.get("id") for element in root.find("resources")}
    refs = {element.get("ref") for element in root.iter() if element.get("ref")}
    formats = {element.get("format") for element in root.iter() if element.get("format")}
    assert refs | formats <= ids
    sources = {one.get("angleID"): one.get("srcEnable") for one in root.iter("mc-source")}
    assert sources == {"angle-1": "video", "angle-4": "audio"}  # the recorder is the sound of all


def test_originals_keep_their_timecode_and_their_rate():
    (text,) = export("fcpxml", "original").values()
    root = ET.fromstring(text)
    asset = next(one for one in root.iter("asset") if one.get("name") == "A001C003.MOV")
    assert read_seconds(asset.get("start")) == 36_000
    formats = {one.get("id"): one.get("frameDuration") for one in root.iter("format")}
    assert read_seconds(formats[asset.get("format")]) == Fraction(1, 25)
    notes = [one.text for one in root.iter("note")]
    assert any("+18.224 ppm" in note for note in notes)


@pytest.mark.parametrize("wanted", ["fcpxml", "xmeml", "otio", "ale", "edl"])
def test_the_same_manifest_gives_the_same_bytes(wanted):
    assert export(wanted) == export(wanted, manifest=json.loads(json.dumps(SHOOT)))


@pytest.mark.parametrize(
    ("root", "url"),
    [
        ("/Volumes/Shoot 1", "file:///Volumes/Shoot%201/k.mov"),
        ("D:\\Shoot\\", "file:///D:/Shoot/k.mov"),
        ("\\\\server\\share", "file://server/share/k.mov"),
        ("/mnt/a#b?c", "file:///mnt/a%23b%3Fc/k.mov"),
    ],
)
def test_the_address_fits_the_system_of_the_root(root, url):
    assert build_file_url(join_root(root, "k.mov")) == url


@pytest.mark.parametrize("wanted", ["fcpxml", "xmeml"])
def test_an_original_says_how_far_its_clock_is_off_the_line_at_most(wanted):
    bent = build_clip("cam_b", "C0012.MP4", 1_000_000, 1_800_000_000, drift=-3.5)
    bent["drift_curve"] = [[0, -30_000], [900_000_000, 12_300], [1_800_000_000, -4_000]]
    still = build_clip("cam_c", "IMG_2051.MP4", 0, 1_000_000)
    manifest = build_manifest([("cam_b", "Cam B", "picture", [bent]), ("cam_c", "Cam C", "picture", [still])])
    texts = {
        media: [
            note for document in export(wanted, media, manifest).values() for note in list_notes(document)
        ]
        for media in ("original", "mezzanine")
    }
    assert set(texts["original"]) == {"clock drift -3.5 ppm, off that line by 30.0 ms at most, left in"}
    assert texts["mezzanine"] == [], "there it is baked in"
    (clip,) = plan(manifest, "original").tracks[0].clips
    assert clip.position == Fraction(970, 1000), "its first frame, not its line"


def list_notes(document: str) -> list[str]:
    root = ET.fromstring(document)
    items = (*root.iter("asset-clip"), *root.iter("clipitem"))
    return [one.text for item in items for one in item.iter() if one.tag in {"note", "lognote"}]


def test_otio_has_the_curve_of_an_original():
    bent = build_clip("cam_b", "C0012.MP4", 0, 1_800_000_000, drift=-3.5)
    bent["drift_curve"] = [[0, -3_000], [900_000_000, 12_300]]
    manifest = build_manifest([("cam_b", "Cam B", "picture", [bent])])
    (document,) = export("otio", "original", manifest).values()
    clips = list(otio.adapters.read_from_string(document, "otio_json").find_clips())
    assert {json.dumps(list(map(list, one.metadata["mcsyncd"]["drift_curve"]))) for one in clips} == {
        "[[0, -3000], [900000000, 12300]]"
    }
