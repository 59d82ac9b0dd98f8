"""Hardware encoders: asked for, found out about, replaced where they do not work, and marked where they do.

No test runs on hardware: what a card would really write is not shown here.
"""

import json
from itertools import product
from pathlib import Path

import av
import pytest

from footage import Shot, film, steady
from mcsyncd.checks.encoders import check_hardware
from mcsyncd.conform.conform import conform_with_profiles
from mcsyncd.conform.encoders import Encoder, choose_video_encoder
from mcsyncd.conform.evidence import RenditionEvidence
from mcsyncd.conform.explain import TYPICAL_CLIP
from mcsyncd.conform.grid import Grid
from mcsyncd.conform.hardware_check import find_encoder_obstacle, find_usable_encoders
from mcsyncd.conform.hardware_encoders import build_hardware_encoder
from mcsyncd.conform.plan import plan_renditions
from mcsyncd.conform.sidecar import SidecarContent, build_sidecar
from mcsyncd.errors import McsyncError
from mcsyncd.model.rate import Rate
from mcsyncd.probe.probe import probe_clip
from mcsyncd.settings.profiles import Profile

VIDEOS = {
    "h264": {"codec": "h264", "crf": 20, "gop": 10, "threads": 2},
    "hevc": {"codec": "hevc", "crf": 24.5, "gop": 10, "threads": 2, "bits": 10},
    "av1": {"codec": "av1", "crf": 34.5, "gop": 10, "threads": 2},
}
MAKERS = ("nvenc", "qsv", "amf", "vaapi")


def profile(codec: str, **more) -> Profile:
    fields = {"kind": "proxy", "container": "mp4", "channels": "stereo", "audio": {"codec": "flac"}}
    return Profile.model_validate({**fields, "video": VIDEOS[codec] | more})


def planned(one: Profile, usable: frozenset[str]):
    wanted = ((one.kind, one.build_ref("mine"), one),)
    return plan_renditions(TYPICAL_CLIP, Grid(Rate(30)), wanted, usable).files[0]


@pytest.mark.parametrize(("codec", "maker"), [*product(VIDEOS, MAKERS[:3])])
@pytest.mark.parametrize("speed", [0, 4, 8])
def test_every_option_exists_in_the_encoder_and_has_a_value_that_it_knows(codec, maker, speed):
    presets = [10, 9, 9, 8, 8, 7, 6, 5, 4] if codec == "av1" else [
        "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow",
    ]  # fmt: skip
    video = profile(codec, hardware=maker, preset=presets[speed], maxrate=4000, threads=1).video
    encoder = build_hardware_encoder(video)
    context = av.CodecContext.create(encoder.name, "w")
    known = {
        option.name: option
        for option in (*context.supported_options.generic, *context.supported_options.private)
    }
    for key, value in encoder.options:
        assert key in known
        choices = {choice.name for choice in known[key].choices}
        assert value in choices or value.removesuffix("k").replace(".", "", 1).isdigit(), (key, value)
    assert encoder.fmt in {fmt.name for fmt in context.codec.video_formats}
    assert encoder.bits == video.bits


@pytest.mark.parametrize(("codec", "maker"), [*product(VIDEOS, MAKERS)])
def test_hardware_is_used_where_it_works_and_the_sidecar_says_that_its_bytes_differ(codec, maker):
    one = profile(codec, hardware=maker)
    file = planned(one, frozenset({f"{codec}_{maker}"}))
    assert file.video_encoder.name == f"{codec}_{maker}"
    assert file.conversion.pixel_format == file.video_encoder.fmt
    assert file.notes == ()
    assert read_sidecar(file)["video"]["byte_deterministic"] is False
    software = planned(profile(codec), frozenset())
    assert "byte_deterministic" not in read_sidecar(software)["video"]


def read_sidecar(file) -> dict:
    content = SidecarContent(1, "0" * 64, Rate(30), 1, 0, 0.0, "0" * 64)
    return json.loads(build_sidecar(content, file, RenditionEvidence(pcm_sha256s=("",)), ()))


@pytest.mark.parametrize(("codec", "maker"), [*product(VIDEOS, MAKERS)])
def test_where_it_does_not_work_the_software_encoder_takes_over_and_says_so(codec, maker):
    file = planned(profile(codec, hardware=maker), frozenset({"h264_other"}))
    assert file.video_encoder.name == planned(profile(codec), frozenset()).video_encoder.name
    (note,) = file.notes
    assert f"{codec}_{maker} does not work here" in note
    with pytest.raises(McsyncError) as refused:
        planned(profile(codec, hardware=maker, fallback=False), frozenset())
    assert "doctor" in refused.value.hint


@pytest.mark.parametrize("maker", ["nvenc", "vaapi"])
def test_a_clip_is_conformed_to_the_same_bytes_as_without_hardware(maker, tmp_path):
    one = profile("h264", hardware=maker)
    if find_usable_encoders([one]):
        pytest.skip(f"h264_{maker} works on this machine")
    source = film(tmp_path / "clip.mp4", Shot(steady(30, 1)))
    made = []
    for name, each in (("hardware", one), ("software", profile("h264"))):
        wanted = ((each.kind, each.build_ref(name)),)
        result = conform_with_profiles(
            source, probe_clip(source), Grid(Rate(30)), wanted, folder=tmp_path / name, stem="clip"
        )
        made.append(result.renditions[0])
    hardware, software = made
    assert hardware.sha256 == software.sha256
    assert hardware.profile_hash != software.profile_hash
    assert any(f"h264_{maker} does not work here" in note for note in hardware.notes)
    assert software.notes == tuple(note for note in hardware.notes if "does not work" not in note)
    sidecar = json.loads(Path(f"{hardware.path}.json").read_text())
    assert sidecar["video"]["encoder"] == "libx264"
    assert "byte_deterministic" not in sidecar["video"]


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_an_encoder_that_works_has_no_obstacle(codec):
    assert find_encoder_obstacle(choose_video_encoder(profile(codec).video)) == ""


@pytest.mark.parametrize(
    ("encoder", "told"),
    [
        (Encoder("h264_nowhere", "nv12"), "this build of PyAV does not have it"),
        (Encoder("libx264", "nv12", (("crf", "many"),)), "many"),
    ],
)
def test_the_obstacle_is_told_in_words(encoder, told):
    assert told in find_encoder_obstacle(encoder)
    assert told in find_encoder_obstacle(encoder)  # not only the first time


@pytest.mark.parametrize("maker", MAKERS)
def test_the_check_of_a_profile_tells_what_happens_instead(maker):
    one = profile("hevc", hardware=maker)
    check = check_hardware(one.build_ref("mine"))
    assert check.encoder == f"hevc_{maker}"
    assert check.fallback == "libx265"
    assert check_hardware(profile("hevc", hardware=maker, fallback=False).build_ref("mine")).fallback == ""
    assert bool(check.obstacle) == (find_usable_encoders([one]) == frozenset())
    assert check_hardware(profile("hevc").build_ref("mine")) is None
