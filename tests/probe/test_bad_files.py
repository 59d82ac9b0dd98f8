"""Files that no camera finishes or writes: each is refused by name, or used, and costs little either way."""

from __future__ import annotations

import resource
import struct
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from mutants import use_apart, use_file

from broken import write_wav
from mcsyncd.conform.conform import conform_with_profiles
from mcsyncd.conform.grid import Grid
from mcsyncd.containers.inspection import find_shortfall
from mcsyncd.errors import BadMedia
from mcsyncd.model.clip import Media
from mcsyncd.model.rate import Rate
from mcsyncd.probe.probe import probe_clip
from mcsyncd.settings.load import find_shipped_profiles
from mcsyncd.settings.profiles import load_profile
from recordings import record

TERABYTE = 1 << 40


def refuse(path: Path) -> str:
    """Probe a file that must be refused; return the sentence."""
    with pytest.raises(BadMedia) as refused:
        probe_clip(path)
    assert path.name in refused.value.message
    assert refused.value.hint
    return refused.value.message


def count_pictures(path: Path, media: Media) -> int:
    """Conform a clip to 25 pictures a second; return how many its proxy has."""
    profile = load_profile(find_shipped_profiles(), "proxy-540p")
    wanted = ((profile.kind, profile.build_ref("proxy-540p")),)
    folder = path.with_name("out")
    made = conform_with_profiles(path, media, Grid(Rate(25)), wanted, folder=folder, stem="clip")
    with av.open(str(folder / Path(made.renditions[0].path).name)) as shown:
        return sum(1 for _ in shown.decode(video=0))


@pytest.mark.parametrize("byte", [b"x", b"\0", b"\x1a"])
def test_one_byte_is_no_recording(tmp_path, byte):
    path = tmp_path / "A001.mp4"
    path.write_bytes(byte)
    refuse(path)


def test_a_file_type_without_anything_behind_it_lacks_its_index(tmp_path):
    whole = record(tmp_path, "mp4", 0.2).read_bytes()
    path = tmp_path / "A001.mp4"
    path.write_bytes(whole[: int.from_bytes(whole[:4], "big")])
    assert "index" in refuse(path)


@pytest.mark.parametrize("bytes_of_frame", [0, 1, 10, 100, 1000])
def test_a_film_cut_in_its_first_frame_ends_no_process(tmp_path, bytes_of_frame):
    """What is decoded of it when a person takes it as it is, in a process of its own."""
    whole = record(tmp_path, "mp4 for streaming", 0.2).read_bytes()
    path = tmp_path / "A001.mp4"
    path.write_bytes(whole[: whole.index(b"mdat") + 4 + bytes_of_frame])
    assert "cut off" in refuse(path)
    assert not use_apart(use_file, path, tmp_path).startswith("FAULT")


@pytest.mark.parametrize("name", ["mp4", "mkv", "wav", "avi"])
def test_a_terabyte_of_nothing_is_known_at_once(tmp_path, name):
    """A copy program that reserves the space first, and a disk that is far too small for it."""
    whole = record(tmp_path, name, 0.2)
    path = tmp_path / f"A001{whole.suffix}"
    with path.open("wb") as file:
        file.write(whole.read_bytes()[:4096])
        file.truncate(TERABYTE)
    began = time.process_time()
    with path.open("rb") as file:
        assert find_shortfall(file).certain
    assert "cut off" in refuse(path)
    assert time.process_time() - began < 5


def test_a_thousand_pictures_a_second_become_those_of_the_grid(tmp_path):
    path = tmp_path / "A001.mkv"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=1000, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        picture = av.VideoFrame.from_ndarray(np.full((96, 64), 90, np.uint8), "yuv420p")
        for number in range(2000):
            picture.pts, picture.time_base = number, Fraction(1, 1000)
            file.mux(stream.encode(picture))
        file.mux(stream.encode(None))
    media = probe_clip(path)
    assert media.video.rate == Rate(1000)
    assert count_pictures(path, media) == 50


def test_five_hundred_streams_are_refused(tmp_path):
    path = tmp_path / "A001.mov"
    with av.open(str(path), "w") as file:
        streams = [file.add_stream("pcm_s16le", rate=48_000, layout="mono") for _ in range(500)]
        for stream in streams:
            block = av.AudioFrame.from_ndarray(np.zeros((1, 48), np.int16), "s16", "mono")
            block.sample_rate = 48_000
            file.mux([*stream.encode(block), *stream.encode(None)])
    assert "more than 64 streams" in refuse(path)


def test_a_thousand_channels_are_refused(tmp_path):
    refuse(write_wav(tmp_path / "A001.wav", np.ones((1000, 480), np.int16), 48_000))


@pytest.mark.timeout(60)
def test_two_hundred_megabytes_of_a_comment_are_passed_over(tmp_path):
    """In a WAV, before the sound; the bytes are a hole, so only what is read costs anything."""
    whole, size = record(tmp_path, "wav", 0.2).read_bytes(), 200 << 20
    path = tmp_path / "A001.wav"
    note = b"LIST" + struct.pack("<I", size + 12) + b"INFOICMT" + struct.pack("<I", size)
    with path.open("wb") as file:
        file.write(b"RIFF" + struct.pack("<I", len(whole) - 8 + len(note) + size) + b"WAVE" + note)
        file.seek(size, 1)
        file.write(whole[12:])
    media = probe_clip(path)
    assert media.audio[0].channels == 2
    assert abs(media.duration_us - 200_000) < 30_000
    assert "zeros" in media.shortfall, "what may lack something is said"


@pytest.mark.parametrize(
    ("codec", "pixels", "sizes"),
    [
        ("png", "rgb24", [struct.pack(">II", 320, 512), struct.pack(">II", 16_000, 16_000)]),
        ("mjpeg", "yuvj420p", [struct.pack(">HH", 512, 320), struct.pack(">HH", 16_000, 16_000)]),
    ],
)
def test_a_picture_on_the_sleeve_that_claims_too_many_pixels_costs_nothing(tmp_path, codec, pixels, sizes):
    """It is no part of the recording: nobody decodes it, and the sound is used."""
    path = tmp_path / "A001.mp3"
    with av.open(str(path), "w") as file:
        sound = file.add_stream("libmp3lame", rate=48_000, layout="mono")
        cover = file.add_stream(codec, rate=1)
        cover.width, cover.height, cover.pix_fmt = 320, 512, pixels
        cover.disposition = av.stream.Disposition.attached_pic
        picture = av.VideoFrame.from_ndarray(np.zeros((512, 320, 3), np.uint8), "rgb24")
        file.mux([*cover.encode(picture.reformat(format=pixels)), *cover.encode(None)])
        block = av.AudioFrame.from_ndarray(np.zeros((1, 48_000), np.int16), "s16p", "mono")
        block.sample_rate = 48_000
        file.mux([*sound.encode(block), *sound.encode(None)])
    content = path.read_bytes()
    assert content.count(sizes[0]) == 1
    path.write_bytes(content.replace(*sizes))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    media = probe_clip(path)
    assert (media.video, media.audio[0].duration_us) == (None, 1_000_000)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 16_000 * 16_000 / 1024, "kB: a byte a pixel would be the least that decoding it takes"


@pytest.mark.parametrize("name", ["concat:a.mp4|b.mp4", "file:a.mp4", "http:a.mp4", "pipe:0.mp4"])
def test_a_name_like_an_address_is_a_name(tmp_path, monkeypatch, name):
    path = tmp_path / name
    record(tmp_path, "mp4", 0.2).rename(path)
    monkeypatch.chdir(tmp_path)
    assert probe_clip(Path(name)) == probe_clip(path)


@pytest.mark.parametrize("start_s", [0.0, 95_443.0])
def test_a_clock_that_wraps_does_not_tear_the_clip(tmp_path, start_s):
    """MPEG's clock has 33 bits at 90 kHz: it begins again after 26.5 hours, here in a clip."""
    path = tmp_path / "A001.mts"
    with av.open(str(path), "w", format="mpegts", options={"mpegts_copyts": "1"}) as file:
        stream = file.add_stream("libx264", rate=25, options={"preset": "ultrafast", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 25)
        picture = av.VideoFrame.from_ndarray(np.full((96, 64), 90, np.uint8), "yuv420p")
        for number in range(75):
            picture.pts, picture.time_base = round(start_s * 25) + number, Fraction(1, 25)
            file.mux(stream.encode(picture))
        file.mux(stream.encode(None))
    media = probe_clip(path)
    assert abs(media.duration_us - 3_000_000) <= 40_000
    assert count_pictures(path, media) == 75
