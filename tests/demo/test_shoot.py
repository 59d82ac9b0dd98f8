"""The shoot's truth, checked from outside: another decoder finds flash and beep where truth says."""

import json
import shutil
import subprocess
from math import ceil

import numpy as np
import pytest

from mcsyncd.demo.shoot import make_shoot
from mcsyncd.errors import UsageError

SIZE = (320, 180)
OFFSETS_MS = (0.0, -134.0, 1187.5)

needs_ffmpeg = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="needs the ffmpeg program")


@pytest.fixture(scope="module")
def shoot(tmp_path_factory):
    heard = []
    made = make_shoot(
        tmp_path_factory.mktemp("shoot"),
        seconds=12,
        size=SIZE,
        seed=3,
        offsets_ms=OFFSETS_MS,
        report_progress=lambda *told: heard.append(told),
    )
    assert {key for key, done in heard if done == 1.0} == set(made.files), "each camera says that it is done"
    return made


def sound_of(file, rate):
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-i",
        file,
        "-map",
        "0:a",
        "-ac",
        "1",
        "-ar",
        str(rate),
        "-f",
        "f32le",
        "-",
    ]
    return np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, dtype="<f4")


def brightness_of(file):
    command = ["ffmpeg", "-v", "error", "-i", file, "-map", "0:v", "-vf", "format=gray", "-vsync", "0"]
    raw = subprocess.run([*command, "-f", "rawvideo", "-"], capture_output=True, check=True).stdout
    return np.frombuffer(raw, dtype=np.uint8).reshape(-1, SIZE[0] * SIZE[1]).mean(axis=1)


def heard_at(sound, rate, speed, near_s):
    """Find the slate's chirp (1.2 to 4.8 kHz in 60 ms) near a time: matched filter, parabola at its top."""
    seconds = np.arange(int(0.06 * rate / speed)) / rate * speed
    chirp = np.sin(2 * np.pi * (1200 * seconds + 30_000 * seconds**2)) * np.sin(np.pi * seconds / 0.06) ** 0.5
    first = int((near_s - 0.05) * rate)
    found = np.correlate(sound[first : first + len(chirp) + int(0.1 * rate)], chirp, mode="valid")
    top = int(np.argmax(found))
    before, at, after = found[top - 1 : top + 2]
    return (first + top + 0.5 * (before - after) / (before - 2 * at + after)) / rate


def on_clip_s(shoot, take, flash_us):
    return (flash_us - shoot.offsets_us[take.key]) / 1e6 / (1 + shoot.drift_ppm[take.key] * 1e-6)


def flashes_in(shoot, take):
    times = (on_clip_s(shoot, take, flash) for flash in shoot.flashes_us)
    return [time for time in times if 0.1 < time < take.duration_s - 0.2]


@needs_ffmpeg
def test_every_beep_is_heard_where_truth_says_to_ten_microseconds(shoot):
    for take in shoot.takes:
        sound = sound_of(shoot.files[take.key], take.camera_model.audio_rate)
        beeps = flashes_in(shoot, take)
        assert beeps
        errors_ms = [
            1000 * (heard_at(sound, take.camera_model.audio_rate, take.clock_ratio, at) - at) for at in beeps
        ]
        assert np.abs(errors_ms).max() < 0.01, (take.key, errors_ms)


@needs_ffmpeg
def test_every_flash_begins_with_the_first_picture_after_it(shoot):
    for take in shoot.takes:
        brightness = brightness_of(shoot.files[take.key])
        assert len(brightness) == take.frames
        lit = brightness > np.median(brightness) + 50
        begins = np.flatnonzero(lit[1:] & ~lit[:-1]) + 1
        expected = [ceil(at * take.camera_model.rate.fraction) for at in flashes_in(shoot, take)]
        assert [n for n in begins if n > 3 and n < take.frames - 5] == expected


@needs_ffmpeg
def test_rates_lengths_and_starts_are_what_the_cameras_promise(shoot):
    for take in shoot.takes:
        command = ["ffprobe", "-v", "error", "-show_streams", "-of", "json", shoot.files[take.key]]
        told = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["streams"]
        video, audio = (next(s for s in told if s["codec_type"] == kind) for kind in ("video", "audio"))
        rate = take.camera_model.rate
        assert video["r_frame_rate"] == video["avg_frame_rate"] == f"{rate.num}/{rate.den}"
        assert (video["codec_name"], video["pix_fmt"], video["color_space"]) == ("h264", "yuv420p", "bt709")
        assert (audio["codec_name"], int(audio["sample_rate"])) == ("aac", take.camera_model.audio_rate)
        assert video["start_pts"] == audio["start_pts"] == 0
        for stream in (video, audio):
            assert float(stream["duration"]) == pytest.approx(take.duration_s, abs=0.001)


def test_the_offsets_are_the_ones_asked_for(shoot):
    assert shoot.offsets_us == {"cam_a": 0, "cam_b": -134_000, "cam_c": 1_187_500}
    assert shoot.drift_ppm["cam_a"] == 0
    assert 0 not in (shoot.drift_ppm["cam_b"], shoot.drift_ppm["cam_c"])


@pytest.mark.parametrize(
    ("asked", "about"),
    [
        ({"keys": ("cam_a", "cam_b")}, "3 cameras"),
        ({"offsets_ms": (5.0, 0.0, 0.0)}, "reference"),
        ({"offsets_ms": (0.0, 9000.0, 0.0)}, "overlap"),
        ({"size": (321, 180)}, "321"),
    ],
)
def test_a_shoot_that_cannot_be_is_refused_in_words(tmp_path, asked, about):
    with pytest.raises(UsageError, match=about) as refused:
        make_shoot(tmp_path, seconds=12, **asked)
    assert refused.value.hint
