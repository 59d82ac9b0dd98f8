"""What a rendition proves, worked out again by an independent decoder; and what a changed one shows."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import av
import pytest

from footage import Shot, film, phone, steady
from judge import framehash, needs_ffmpeg, pcm
from mcsyncd.conform.proof_check import find_differences
from mcsyncd.model.rate import Rate

pytestmark = needs_ffmpeg

PROFILES = {"mezz-h264": 15, "mezz-h264-intra": 1, "mezz-prores-lt": 1, "mezz-dnxhr-lb": 1}
"""Each shipped mezzanine, and how many pictures its groups have."""


def told(rendition) -> dict:
    return json.loads(Path(rendition.proof.sidecar.path).read_text())


@pytest.mark.parametrize("mezzanine", PROFILES)
def test_an_independent_decoder_finds_the_same_pictures(mezzanine, run, tmp_path):
    # 9 s are 270 pictures, so that a second group of 15 is hashed
    seconds = 9 if PROFILES[mezzanine] > 1 else 1
    size = (160, 120) if seconds > 1 else (320, 240)
    source = film(tmp_path / "clip.mov", Shot(phone(seconds), (0, seconds), size=size))
    made = run(source, Rate(30), mezzanine=mezzanine).get_rendition("mezzanine")

    seen = framehash(Path(made.path))
    assert len(seen) == made.frames
    picture = told(made)["video"]
    assert len(picture["groups"]) > 1
    for tick, pictures, sha256 in picture["groups"]:
        assert tick % (picture["group_interval"] * PROFILES[mezzanine]) == 0
        lines = "".join(f"{one}\n" for one in seen[tick : tick + pictures])
        assert hashlib.sha256(lines.encode()).hexdigest() == sha256
    lines = "".join(f"{tick} {pictures} {sha256}\n" for tick, pictures, sha256 in picture["groups"])
    assert made.proof.frames_sha256 == hashlib.sha256(lines.encode()).hexdigest() == picture["groups_sha256"]


@pytest.mark.parametrize("mezzanine", ["mezz-h264", "mezz-prores-lt"])
@pytest.mark.parametrize("codec", ["pcm_s16le", "pcm_s24le"])
def test_an_independent_decoder_hears_the_same_sound(mezzanine, codec, run, tmp_path):
    source = film(tmp_path / "clip.mov", Shot(steady(25, 2), (0, 2), sound_codec=codec, layout="stereo"))
    made = run(source, mezzanine=mezzanine).get_rendition("mezzanine")
    kept = told(made)["audio"]["tracks"][0]["format"]
    heard = pcm(Path(made.path), kept)
    assert hashlib.sha256(heard).hexdigest() == made.tracks[0].pcm_sha256
    assert made.proof.samples == len(heard) // (4 if kept == "s32" else 2) // 2 == 96_000


def test_the_sidecar_says_how_it_was_made(run, tmp_path):
    made = run(film(tmp_path / "clip.mov", Shot(steady(30, 1), (0, 1))), Rate(30), phase_us=4_000)
    mezzanine, proxy = made.get_rendition("mezzanine"), made.get_rendition("proxy")
    said = told(mezzanine)
    assert said["file"]["sha256"] == hashlib.sha256(Path(mezzanine.path).read_bytes()).hexdigest()
    assert said["grid"]["phase_us"] == 4_000
    assert said["video"]["options"]["crf"] == "18"
    assert "crf=18.0" in said["video"]["encoder_signature"]
    assert said["versions"]["pyav"] == av.__version__
    assert told(proxy)["audio"]["tracks"][0]["pcm_sha256"] is None
    written = Path(mezzanine.proof.sidecar.path).read_bytes()
    assert hashlib.sha256(written).hexdigest() == mezzanine.proof.sidecar.sha256


def test_the_tick_map_tells_two_ways_of_laying_apart(run, tmp_path):
    source = film(tmp_path / "clip.mov", Shot(steady(25, 2)))
    same, again, other = (
        run(source, rate, folder=tmp_path / name).get_rendition("proxy").proof.tick_map_sha256
        for name, rate in (("a", Rate(30)), ("b", Rate(30)), ("c", Rate(24)))
    )
    assert same == again != other


@pytest.mark.parametrize("mezzanine", PROFILES)
def test_a_rendition_that_is_whole_proves_itself(mezzanine, run, tmp_path):
    source = film(
        tmp_path / "clip.mov", Shot(steady(30, 5), (0, 5), size=(320, 240), sound_codec="pcm_s24le")
    )
    made = run(source, mezzanine=mezzanine)
    for rendition in made.renditions:
        assert find_differences(Path(rendition.path), rendition) == ()


def test_another_film_of_the_same_length_is_found_out(run, tmp_path):
    made, other = (
        run(
            film(tmp_path / f"{name}.mov", Shot(steady(30, 2), (0, 2), events=events)), folder=tmp_path / name
        )
        for name, events in (("one", (0.2,)), ("two", (0.3,)))
    )
    for kind in ("mezzanine", "proxy"):
        found = find_differences(Path(other.get_rendition(kind).path), made.get_rendition(kind))
        assert any("frames differ" in said for said in found)
    assert any(
        "audio differs" in said
        for said in find_differences(
            Path(other.get_rendition("mezzanine").path), made.get_rendition("mezzanine")
        )
    )


def test_one_that_lacks_its_end_is_found_out(run, tmp_path):
    long = run(
        film(tmp_path / "long.mov", Shot(steady(30, 3), (0, 3))), folder=tmp_path / "long"
    ).get_rendition("mezzanine")
    short = run(
        film(tmp_path / "short.mov", Shot(steady(30, 2), (0, 2))), folder=tmp_path / "short"
    ).get_rendition("mezzanine")
    said = find_differences(Path(short.path), long)
    assert any("60 frames can be decoded, 90 were written" in one for one in said)
    assert any("96000 audio samples" in one for one in said)


def test_one_of_another_rate_is_found_out(run, tmp_path):
    made = run(film(tmp_path / "clip.mov", Shot(steady(30, 2))), Rate(30)).get_rendition("mezzanine")
    slower = replace(made, rate=Rate(25))
    assert any("are not on their ticks" in said for said in find_differences(Path(made.path), slower))


def test_what_is_no_film_any_more_is_told_and_not_raised(run, tmp_path):
    made = run(film(tmp_path / "clip.mov", Shot(steady(30, 1)))).get_rendition("mezzanine")
    Path(made.path).write_text("no picture here")
    assert find_differences(Path(made.path), made)[0].startswith("cannot be decoded")


def test_sound_alone_proves_itself(run, tmp_path):
    made = run(film(tmp_path / "clip.wav", Shot((), (0, 1))), Rate(25)).get_rendition("mezzanine")
    assert made.proof.frames_sha256 == ""
    assert made.proof.samples == 48_000
    assert find_differences(Path(made.path), made) == ()
